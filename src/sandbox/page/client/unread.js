/** What each person has looked at already: known to this browser only. */
import { place } from './acting.js';

const SEEN_KEY = 'latchkey-sandbox-seen';

function seenSoFar() {
  try {
    return JSON.parse(localStorage.getItem(SEEN_KEY)) ?? {};
  } catch {
    return {};
  }
}

export function markUnread() {
  const seen = seenSoFar();
  seen[place.as] ??= {};
  const mine = seen[place.as];
  let isAnyUnread = false;
  for (const link of document.querySelectorAll('.side-link[data-latest]')) {
    const latest = link.dataset.latest;
    if (link.dataset.channel === place.channel) mine[place.channel] = latest;
    const isUnread = latest > (mine[link.dataset.channel] ?? '');
    link.classList.toggle('unread', isUnread);
    link.querySelector('.unread-dot').hidden = !isUnread;
    isAnyUnread ||= isUnread;
  }
  const me = document.querySelector('.person[aria-current]');
  if (me && !isAnyUnread) mine.anything = me.dataset.latest;
  for (const link of document.querySelectorAll('.person')) {
    const isUnread = link.dataset.latest > (seen[link.dataset.person]?.anything ?? '');
    link.querySelector('.unread-dot').hidden = !isUnread;
  }
  localStorage.setItem(SEEN_KEY, JSON.stringify(seen));
}
