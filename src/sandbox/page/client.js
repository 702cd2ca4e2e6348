/**
 * The page's own script: asks for the drawn regions when something changed, puts in only what is different (so
 * focus and typed text stay), and passes clicks on to the emulators' consoles.
 */

const POLL_MS = 2_000;
const SEARCH_PAUSE_MS = 150;
const NEAR_BOTTOM_PX = 120;
const SEEN_KEY = 'latchkey-sandbox-seen';

const place = { as: document.body.dataset.as, channel: document.body.dataset.channel, replyTo: null };
const lastDrawn = new Map();
const byId = (id) => document.getElementById(id);
const region = (name) => document.querySelector(`[data-region="${name}"]`);

// ---- what was drawn --------------------------------------------------------------------------------------

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
  const keyed = new Map();
  for (const child of current.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
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

function inLocalTime(root) {
  for (const time of root.querySelectorAll('time[data-seconds]')) {
    const date = new Date(Number(time.dataset.seconds) * 1_000);
    const second = time.hasAttribute('data-precise') ? { second: '2-digit' } : {};
    time.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', ...second });
    time.title = date.toLocaleString();
  }
}

function draw(name, text) {
  if (lastDrawn.get(name) === text) return;
  lastDrawn.set(name, text);
  const template = document.createElement('template');
  template.innerHTML = text;
  inLocalTime(template.content);
  syncChildren(region(name), template.content);
}

let asking = 0;
async function refresh() {
  asking += 1;
  const mine = asking;
  const stream = region('stream');
  const wasAtBottom = stream.scrollHeight - stream.scrollTop - stream.clientHeight < NEAR_BOTTOM_PX;
  let drawn;
  try {
    const query = new URLSearchParams({ as: place.as, channel: place.channel });
    drawn = await (await fetch(`/page/regions?${query}`)).json();
  } catch {
    say('The sandbox itself gives no answer.', true);
    return;
  }
  if (mine !== asking) return;
  const hasMoved = stream.dataset.place !== `${drawn.as} ${drawn.channel}`;
  stream.dataset.place = `${drawn.as} ${drawn.channel}`;
  place.channel = drawn.channel;
  const viewBefore = document.querySelector('.modal')?.dataset.view;
  for (const [name, text] of Object.entries(drawn.parts)) draw(name, text);
  if (wasAtBottom || hasMoved) stream.scrollTop = stream.scrollHeight;
  tendModal(viewBefore);
  markUnread();
}

// ---- unread ----------------------------------------------------------------------------------------------

function seenSoFar() {
  try {
    return JSON.parse(localStorage.getItem(SEEN_KEY)) ?? {};
  } catch {
    return {};
  }
}

function markUnread() {
  const seen = seenSoFar();
  seen[place.as] ??= {};
  const mine = seen[place.as];
  for (const link of document.querySelectorAll('.side-link[data-latest]')) {
    const latest = link.dataset.latest;
    if (link.dataset.channel === place.channel) mine[place.channel] = latest;
    const isUnread = latest > (mine[link.dataset.channel] ?? '');
    link.classList.toggle('unread', isUnread);
    link.querySelector('.unread-dot').hidden = !isUnread;
    if (link.dataset.testid === 'channel-latchkey') mine.direct = mine[link.dataset.channel] ?? '';
  }
  for (const link of document.querySelectorAll('.person')) {
    const isUnread = link.dataset.latest > (seen[link.dataset.person]?.direct ?? '');
    link.querySelector('.unread-dot').hidden = !isUnread;
  }
  localStorage.setItem(SEEN_KEY, JSON.stringify(seen));
}

// ---- what people do --------------------------------------------------------------------------------------

function say(text, isBad = false) {
  const ack = document.querySelector('.ack');
  ack.textContent = text;
  ack.classList.toggle('bad', isBad);
}

function sayAck(answer) {
  if (answer.acked) say(`Latchkey acknowledged in ${answer.ackMs} ms`);
  else if (answer.timedOut) say('Latchkey did not acknowledge within 3 s', true);
  else if (answer.error) say(`Slack says: ${answer.error}`, true);
  else say('');
}

async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return await response.json();
  } catch {
    return { ok: false, error: 'the sandbox gives no answer' };
  }
}

/** Does something as the person one is, says how it went, and looks again. */
async function act(path, body) {
  const answer = await post(`/slack/sim/${path}`, { as: place.as, ...body });
  sayAck(answer);
  await refresh();
  return answer;
}

function goTo(as, channel) {
  place.as = as;
  place.channel = channel;
  stopReplying();
  say('');
  history.pushState(null, '', `?${new URLSearchParams({ as, channel })}`);
  refresh();
  if (channel === 'home') act('home', {});
}

function stopReplying() {
  place.replyTo = null;
  document.querySelector('.replying').hidden = true;
}

function confirmed(text) {
  if (!text) return Promise.resolve(true);
  const asked = JSON.parse(text);
  const dialog = document.querySelector('.confirm');
  const [no, yes] = dialog.querySelectorAll('button');
  dialog.querySelector('h3').textContent = asked.title;
  dialog.querySelector('p').textContent = asked.text;
  no.textContent = asked.deny;
  yes.textContent = asked.confirm;
  yes.className = `bk-button bk-${asked.style === 'danger' ? 'danger' : 'primary'}`;
  dialog.returnValue = 'no';
  dialog.showModal();
  for (const button of [no, yes]) button.onclick = () => dialog.close(button.value);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** Sends a click or a choice to where the element stands: a message, a modal, or the home tab. */
async function perform(element, actionId, blockId, value) {
  const message = element.closest('[data-ts]');
  const what = { actionId, blockId, ...(value === undefined ? {} : { value }) };
  if (message) return act('action', { channel: message.dataset.channel, ts: message.dataset.ts, ...what });
  return act('view/action', { viewId: element.closest('[data-view]').dataset.view, ...what });
}

function valueOf(field) {
  const kind = field.dataset.kind;
  if (field.matches('.bk-search')) return field.dataset.value || null;
  if (field.matches('.bk-choices')) {
    const picked = [...field.querySelectorAll('input:checked')].map((input) => input.value);
    return kind === 'radio_buttons' ? (picked[0] ?? null) : picked;
  }
  return field.value === '' ? null : field.value;
}

async function submitModal(form) {
  const values = {};
  for (const field of form.querySelectorAll('.bk-field [data-field]')) {
    values[field.dataset.block] ??= {};
    values[field.dataset.block][field.dataset.actionId] = valueOf(field);
  }
  const button = form.querySelector('[type="submit"]');
  if (button === null || button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  const answer = await act('view/submit', { viewId: form.dataset.view, values });
  button.ariaBusy = null;
  if (answer.errors) form.querySelector('[aria-invalid="true"]')?.focus();
}

function tendModal(viewBefore) {
  const modal = document.querySelector('.modal');
  for (const behind of document.querySelectorAll('.sidebar, .conversation')) behind.inert = modal !== null;
  const view = modal?.dataset.view;
  if (view === viewBefore) return;
  if (modal) (modal.querySelector('input, textarea, select') ?? modal.querySelector('button')).focus();
  else byId('composer-input').focus();
}

// ---- menus that can be searched --------------------------------------------------------------------------

const searches = new WeakMap();

async function offer(search) {
  const input = search.querySelector('input');
  const query = input.value.trim();
  const box = search.querySelector('.bk-options');
  let choices;
  if (search.hasAttribute('data-external')) {
    const where = search.closest('[data-ts]');
    const what = { as: place.as, actionId: search.dataset.actionId, blockId: search.dataset.block, query };
    const answer = where
      ? await post('/slack/sim/options', { ...what, channel: where.dataset.channel, ts: where.dataset.ts })
      : await post('/slack/sim/view/options', {
          ...what,
          viewId: search.closest('[data-view]').dataset.view,
        });
    if (document.activeElement !== input) return;
    choices = (answer.options ?? []).map((o) => ({
      value: o.value,
      label: o.text?.text ?? o.value,
      hint: o.description?.text ?? '',
    }));
  } else {
    const words = query.toLowerCase();
    const isUntouched = input.value === input.defaultValue;
    choices = JSON.parse(search.dataset.choices).filter(
      (c) => isUntouched || `${c.label} ${c.hint ?? ''}`.toLowerCase().includes(words),
    );
  }
  box.replaceChildren(
    ...choices.map((choice, i) => {
      const option = document.createElement('button');
      option.type = 'button';
      option.tabIndex = -1;
      option.id = `option-${search.dataset.block}-${i}`;
      option.role = 'option';
      option.dataset.value = choice.value;
      option.dataset.label = choice.label;
      option.dataset.testid = 'option';
      option.ariaSelected = 'false';
      option.append(choice.label);
      if (choice.hint) {
        const hint = document.createElement('small');
        hint.textContent = choice.hint;
        option.append(hint);
      }
      return option;
    }),
  );
  if (choices.length === 0) {
    const none = document.createElement('p');
    none.textContent = 'Nothing found';
    box.append(none);
  }
  openOptions(search, true);
}

function openOptions(search, isOpen) {
  search.querySelector('.bk-options').hidden = !isOpen;
  search.querySelector('input').setAttribute('aria-expanded', String(isOpen));
}

function pickOption(search, option) {
  search.dataset.value = option.dataset.value;
  search.dataset.label = option.dataset.label;
  search.dataset.dirty = 'yes';
  search.querySelector('input').value = option.dataset.label;
  openOptions(search, false);
  if (search.hasAttribute('data-instant')) {
    delete search.dataset.dirty;
    perform(search, search.dataset.actionId, search.dataset.block, option.dataset.value);
  }
}

function moveIn(search, step) {
  const options = [...search.querySelectorAll('[role="option"]')];
  if (options.length === 0) return;
  const at = options.findIndex((o) => o.ariaSelected === 'true');
  const next = options[(at + step + options.length) % options.length];
  for (const option of options) option.ariaSelected = String(option === next);
  search.querySelector('input').setAttribute('aria-activedescendant', next.id);
  next.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('focusin', (event) => {
  const search = event.target.closest('.bk-search');
  if (search && event.target.matches('input')) {
    event.target.select();
    offer(search);
  }
});

document.addEventListener('focusout', (event) => {
  const search = event.target.closest('.bk-search');
  if (!search || search.contains(event.relatedTarget)) return;
  openOptions(search, false);
  const input = search.querySelector('input');
  if (input.value === '') {
    search.dataset.value = '';
    search.dataset.label = '';
  }
  // Words that were typed and not picked are no choice.
  if (search.dataset.dirty || input.value !== input.defaultValue) {
    input.value = search.dataset.label ?? (search.dataset.value ? input.defaultValue : '');
  }
});

document.addEventListener('input', (event) => {
  const search = event.target.closest('.bk-search');
  if (!search) return;
  clearTimeout(searches.get(search));
  const pauseMs = search.hasAttribute('data-external') ? SEARCH_PAUSE_MS : 0;
  searches.set(
    search,
    setTimeout(() => offer(search), pauseMs),
  );
});

document.addEventListener('mousedown', (event) => {
  const option = event.target.closest('[role="option"]');
  if (!option) return;
  event.preventDefault();
  pickOption(option.closest('.bk-search'), option);
});

// ---- clicks and keys -------------------------------------------------------------------------------------

document.addEventListener('keydown', (event) => {
  const search = event.target.closest?.('.bk-search');
  if (search) {
    const isOpen = !search.querySelector('.bk-options').hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (isOpen) moveIn(search, event.key === 'ArrowDown' ? 1 : -1);
      else offer(search);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const options = [...search.querySelectorAll('[role="option"]')];
      const picked =
        options.find((o) => o.ariaSelected === 'true') ?? (options.length === 1 ? options[0] : null);
      if (isOpen && picked) pickOption(search, picked);
    } else if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      openOptions(search, false);
    }
    return;
  }
  const modal = document.querySelector('.modal');
  if (event.key === 'Escape' && modal && !document.querySelector('dialog[open]')) {
    act('view/close', { viewId: modal.dataset.view });
  }
});

document.addEventListener('click', async (event) => {
  const target = event.target;
  const person = target.closest('.person');
  const link = target.closest('.side-link');
  const button = target.closest('button');
  if (person || link) {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (person) goTo(person.dataset.person, '');
    else goTo(place.as, link.dataset.channel);
    return;
  }
  const outward = target.closest('.bk a[href]');
  if (outward) {
    event.preventDefault();
    window.open(outward.href, '_blank', 'noopener');
    return;
  }
  for (const open of document.querySelectorAll('.bk-overflow[open]')) {
    if (!open.contains(target)) open.open = false;
  }
  if (!button) return;
  if (button.dataset.action !== undefined) {
    if (button.ariaBusy === 'true' || !(await confirmed(button.dataset.confirm))) return;
    button.closest('.bk-overflow')?.removeAttribute('open');
    button.ariaBusy = 'true';
    if (button.dataset.url) window.open(button.dataset.url, '_blank', 'noopener');
    await perform(button, button.dataset.action, button.dataset.block, button.dataset.value);
    button.ariaBusy = null;
  } else if (button.hasAttribute('data-close-view')) {
    act('view/close', { viewId: button.closest('[data-view]').dataset.view });
  } else if (button.dataset.reply) {
    place.replyTo = button.dataset.reply;
    document.querySelector('.replying').hidden = false;
    byId('composer-input').focus();
  } else if (button.hasAttribute('data-stop-reply')) {
    stopReplying();
  } else if (button.dataset.try) {
    byId('composer-input').value = button.dataset.try;
    byId('composer-input').focus();
  } else if (button.dataset.switch) {
    await post('/page/switch', { name: button.dataset.switch, on: button.ariaChecked !== 'true' });
    refresh();
  }
});

document.addEventListener('change', (event) => {
  const field = event.target.closest('[data-field][data-instant]');
  if (!field || field.matches('.bk-search')) return;
  perform(field, field.dataset.actionId, field.dataset.block, valueOf(field));
});

document.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (event.target.matches('.modal')) {
    submitModal(event.target);
    return;
  }
  const input = byId('composer-input');
  const text = input.value.trim();
  if (text === '') return;
  input.value = '';
  const where = place.channel === 'home' ? {} : { channel: place.channel };
  const [command, ...rest] = text.split(' ');
  if (command.startsWith('/')) {
    await act('command', { ...where, command, text: rest.join(' ').trim() });
    return;
  }
  const thread = place.replyTo === null ? {} : { threadTs: place.replyTo };
  stopReplying();
  const answer = await act('message', { ...where, ...thread, text });
  if (answer.ok) say('');
});

addEventListener('popstate', () => {
  const query = new URLSearchParams(location.search);
  place.as = query.get('as') ?? document.body.dataset.as;
  place.channel = query.get('channel') ?? '';
  refresh();
});

inLocalTime(document);
region('stream').scrollTop = region('stream').scrollHeight;
region('stream').dataset.place = `${place.as} ${place.channel}`;
tendModal(undefined);
markUnread();

/** News that comes while the page is still looking makes it look once more, not once each. */
let isLooking = false;
let isNewsLeft = false;
async function look() {
  if (isLooking) {
    isNewsLeft = true;
    return;
  }
  isLooking = true;
  await refresh();
  isLooking = false;
  if (isNewsLeft) {
    isNewsLeft = false;
    look();
  }
}
new EventSource('/page/events').addEventListener('change', look);
setInterval(() => {
  if (document.visibilityState === 'visible') look();
}, POLL_MS);
