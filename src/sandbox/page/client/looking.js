/** Asks for the drawn regions, puts them in, and tends to what follows: scrolling, focus, unread marks. */
import { place, say } from './acting.js';
import { draw, inLocalTime } from './drawing.js';
import { markUnread } from './unread.js';

const NEAR_BOTTOM_PX = 120;
const region = (name) => document.querySelector(`[data-region="${name}"]`);

let asking = 0;
export async function refresh() {
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
  document.querySelector('.conversation').classList.toggle('on-home', place.channel === 'home');
  const before = modalNow();
  for (const [name, text] of Object.entries(drawn.parts)) draw(name, text);
  if (wasAtBottom || hasMoved) stream.scrollTop = stream.scrollHeight;
  tendModal(before);
  markUnread();
}

/** Puts the focus where one would type next: into a new modal, into fields that just came, or back below. */
function tendModal(before) {
  const modal = document.querySelector('.modal');
  for (const behind of document.querySelectorAll('.sidebar, .conversation')) behind.inert = modal !== null;
  if (modal === null) {
    if (before.view !== undefined) document.getElementById('composer-input').focus();
    return;
  }
  const field = modal.querySelector('.modal-body :is(input, textarea, select)');
  const isNew = modal.dataset.view !== before.view;
  if (field !== null && (isNew || !before.hasFields)) field.focus();
  else if (isNew) modal.querySelector('button').focus();
}

function modalNow() {
  const modal = document.querySelector('.modal');
  return {
    view: modal?.dataset.view,
    hasFields: (modal?.querySelector('.modal-body :is(input, textarea, select)') ?? null) !== null,
  };
}

/** The page as the server sent it, made ready. */
export function begin() {
  const stream = region('stream');
  inLocalTime(document);
  stream.scrollTop = stream.scrollHeight;
  stream.dataset.place = `${place.as} ${place.channel}`;
  tendModal({ view: undefined, hasFields: false });
  if (!document.querySelector('.modal')) document.getElementById('composer-input').focus();
  markUnread();
}
