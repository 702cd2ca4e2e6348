/**
 * Puts drawn regions into the page, changing only what is different: focus, typed text and open details stay.
 */

const lastDrawn = new Map();

/** Attributes that belong to whoever looks at the page, not to the server. */
function isTheirs(element, name) {
  if (element.tagName === 'DETAILS' && name === 'open') return true;
  if (element.matches('.unread-dot') && name === 'hidden') return true;
  return (
    element.matches('button') && (name === 'aria-busy' || name === 'disabled') && element.ariaBusy === 'true'
  );
}

function syncNode(current, next) {
  if (current.nodeType !== Node.ELEMENT_NODE) {
    if (current.nodeValue !== next.nodeValue) current.nodeValue = next.nodeValue;
    return;
  }
  // A menu that somebody searches in right now, or has picked from, is left alone.
  if (current.matches('.bk-search') && (current.dataset.dirty || current.contains(document.activeElement)))
    return;
  for (const { name } of [...current.attributes]) {
    if (!next.hasAttribute(name) && !isTheirs(current, name)) current.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (current.getAttribute(name) !== value && !isTheirs(current, name)) current.setAttribute(name, value);
  }
  if (!current.matches('.bk-options')) syncChildren(current, next);
}

function syncChildren(current, next) {
  const wantedKeys = new Set([...next.children].map((child) => child.dataset.key));
  const keyed = new Map();
  for (const child of [...current.children]) {
    const { key } = child.dataset;
    if (!key) continue;
    // What goes, goes first: then what stays need not move, and moving costs an element its focus.
    if (wantedKeys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let cursor = current.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = wanted.dataset?.key;
    const isLike = cursor !== null && cursor.nodeName === wanted.nodeName && !cursor.dataset?.key;
    const match = key ? keyed.get(key) : isLike ? cursor : null;
    if (match && match.nodeName === wanted.nodeName) {
      if (match === cursor) cursor = cursor.nextSibling;
      else current.insertBefore(match, cursor);
      syncNode(match, wanted);
    } else {
      if (wanted.nodeType === Node.ELEMENT_NODE && key) wanted.classList.add('arrived');
      current.insertBefore(wanted, cursor);
    }
  }
  while (cursor !== null) {
    const rest = cursor.nextSibling;
    cursor.remove();
    cursor = rest;
  }
}

export function inLocalTime(root) {
  for (const field of root.querySelectorAll('input[type="datetime-local"][data-seconds]')) {
    const seconds = Number(field.dataset.seconds);
    const offset = new Date(seconds * 1_000).getTimezoneOffset() * 60_000;
    if (seconds > 0)
      field.setAttribute('value', new Date(seconds * 1_000 - offset).toISOString().slice(0, 16));
  }
  for (const time of root.querySelectorAll('time[data-seconds]')) {
    const date = new Date(Number(time.dataset.seconds) * 1_000);
    const second = time.hasAttribute('data-precise') ? { second: '2-digit' } : {};
    const day = time.hasAttribute('data-day') ? { weekday: 'short', day: 'numeric', month: 'short' } : {};
    time.textContent = date.toLocaleString([], {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...second,
      ...day,
    });
    time.title = date.toLocaleString();
  }
}

export function draw(name, text) {
  if (lastDrawn.get(name) === text) return;
  lastDrawn.set(name, text);
  const template = document.createElement('template');
  template.innerHTML = text;
  inLocalTime(template.content);
  syncChildren(document.querySelector(`[data-region="${name}"]`), template.content);
}
