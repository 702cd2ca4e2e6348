/** Does things in Slack as the person one is, through the emulator's console. */
import { refresh } from './looking.js';

export const place = { as: document.body.dataset.as, channel: document.body.dataset.channel, replyTo: null };

export function say(text, isBad = false) {
  const ack = document.querySelector('.ack');
  ack.textContent = text;
  ack.classList.toggle('bad', isBad);
}

function sayAck(answer) {
  // Most forms that are closed tell the app nothing.
  if (answer.acked && answer.ackMs !== undefined) say(`Latchkey acknowledged in ${answer.ackMs} ms`);
  else if (answer.timedOut) say('Latchkey did not acknowledge within 3 s', true);
  else if (answer.error) say(`Slack says: ${answer.error}`, true);
  else say('');
}

export async function post(path, body) {
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
export async function act(path, body) {
  const answer = await post(`/slack/sim/${path}`, { as: place.as, ...body });
  sayAck(answer);
  await refresh();
  return answer;
}

/** Sends a click or a choice to where the element stands: a message, a modal, or the home tab. */
export async function perform(element, actionId, blockId, value) {
  const message = element.closest('[data-ts]');
  const what = { actionId, blockId, ...(value === undefined ? {} : { value }) };
  if (message) return act('action', { channel: message.dataset.channel, ts: message.dataset.ts, ...what });
  return act('view/action', { viewId: element.closest('[data-view]').dataset.view, ...what });
}

export function answerIn(field) {
  const kind = field.dataset.kind;
  if (field.matches('.bk-search')) return field.dataset.value || null;
  if (field.matches('.bk-choices')) {
    const picked = [...field.querySelectorAll('input:checked')].map((input) => input.value);
    return kind === 'radio_buttons' ? (picked[0] ?? null) : picked;
  }
  if (field.value === '') return null;
  // Slack sends a moment, in seconds since 1970, and not what the clock shows.
  return kind === 'datetimepicker' ? String(Date.parse(field.value) / 1_000) : field.value;
}
