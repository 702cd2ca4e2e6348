/** Clicks, keys and news. */
import { act, answerIn, perform, place, post, say } from './acting.js';
import { begin, refresh } from './looking.js';
import './search.js';

const POLL_MS = 2_000;
const byId = (id) => document.getElementById(id);

function goTo(as, channel) {
  place.as = as;
  place.channel = channel;
  stopReplying();
  say('');
  history.pushState(null, '', `?${new URLSearchParams({ as, channel })}`);
  refresh();
  if (channel === 'home') act('home', {});
}

/** A link to a message of this workspace leads there. */
async function goToMessage(channel, ts) {
  place.channel = channel;
  history.pushState(null, '', `?${new URLSearchParams({ as: place.as, channel })}`);
  await refresh();
  document.querySelector(`[data-ts="${CSS.escape(ts)}"]`)?.scrollIntoView({ block: 'start' });
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

async function submitModal(form) {
  const values = {};
  for (const field of form.querySelectorAll('.bk-field [data-field]')) {
    values[field.dataset.block] ??= {};
    values[field.dataset.block][field.dataset.actionId] = answerIn(field);
  }
  const button = form.querySelector('[type="submit"]');
  if (button === null || button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  const answer = await act('view/submit', { viewId: form.dataset.view, values });
  button.ariaBusy = null;
  if (answer.errors) form.querySelector('[aria-invalid="true"]')?.focus();
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented) return;
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
  const inward = outward && /\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(outward.href);
  if (inward) {
    event.preventDefault();
    goToMessage(inward[1], `${inward[2]}.${inward[3]}`);
    return;
  }
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
  } else if (button.dataset.shortcut) {
    const message = button.closest('[data-ts]');
    const on = message === null ? {} : { channel: message.dataset.channel, ts: message.dataset.ts };
    await act('shortcut', { callbackId: button.dataset.shortcut, ...on });
  } else if (button.dataset.reply) {
    place.replyTo = button.dataset.reply;
    document.querySelector('.replying').hidden = false;
    byId('composer-input').focus();
  } else if (button.hasAttribute('data-stop-reply')) {
    stopReplying();
  } else if (button.dataset.try) {
    byId('composer-input').value = button.dataset.try;
    byId('composer-input').focus();
  } else if (button.dataset.signIn) {
    await post(`/anypoint/sim/users/${encodeURIComponent(button.dataset.signIn)}/sign-in`, { groups: 'idp' });
    refresh();
  } else if (button.dataset.ticket) {
    await post(`/tickets/sim/tickets/${encodeURIComponent(button.dataset.ticket)}`, {
      to: button.dataset.to,
    });
    refresh();
  } else if (button.dataset.digest) {
    await post('/slack/sim/command', { as: button.dataset.digest, command: '/access', text: 'digest' });
    refresh();
  } else if (button.dataset.switch) {
    await post('/page/switch', { name: button.dataset.switch, on: button.ariaChecked !== 'true' });
    refresh();
  }
});

document.addEventListener('change', (event) => {
  const field = event.target.closest('[data-field][data-instant]');
  if (!field || field.matches('.bk-search')) return;
  perform(field, field.dataset.actionId, field.dataset.block, answerIn(field));
});

document.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (event.target.matches('.modal')) {
    submitModal(event.target);
    return;
  }
  if (event.target.matches('.act-form')) {
    const answer = await post('/page/act', Object.fromEntries(new FormData(event.target)));
    event.target.querySelector('.act-said').textContent = answer.said ?? answer.error;
    refresh();
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

begin();

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
