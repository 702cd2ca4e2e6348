import { company, people } from '../../src/sandbox/seed.ts';
import type { CardSeen, Journey } from './journey.ts';

/** Slack's own requests, written by hand: for acts that its own client would never let a person do. */

export type RawAnswer = { status: number; body: string };

/** Signed correctly unless told otherwise; `timestamp` in seconds. */
export async function sendRaw(
  walk: Journey,
  payload: unknown,
  how: { timestamp?: number; signature?: string; body?: string; contentType?: string } = {},
): Promise<RawAnswer> {
  const { timestamp, body, ...rest } = how;
  return await walk.request('POST', '/slack/sim/raw', {
    ...rest,
    body: body ?? formOf(payload),
    ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
  });
}

export function formOf(payload: unknown): string {
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

function from(key: string) {
  const person = people.find((p) => p.key === key);
  return {
    user: { id: person?.slackId ?? key, username: key, name: key },
    team: { id: company.slackTeamId },
  };
}

/** The value that a card's buttons carry. */
export function buttonValueOf(card: CardSeen): { change: string; round: number } {
  const element = card.blocks
    .filter((b) => b.type === 'actions')
    .flatMap((b) => b.elements as { value?: string }[])[0];
  return JSON.parse(element?.value ?? 'null') as { change: string; round: number };
}

export function clickPayload(
  as: string,
  card: CardSeen,
  actionId: string,
  value: string,
  actionTs = (Date.now() / 1_000).toFixed(6),
) {
  return {
    type: 'block_actions',
    ...from(as),
    api_app_id: 'A0LATCHKEY',
    trigger_id: `${Date.now()}.1.${as}`,
    channel: { id: card.channel, name: 'access-requests' },
    container: { type: 'message', message_ts: card.ts, channel_id: card.channel },
    message: { ts: card.ts, text: card.text },
    actions: [{ type: 'button', action_id: actionId, block_id: 'decision', value, action_ts: actionTs }],
  };
}

/** The request form as sent: nothing checked by Slack's client. */
export function requestPayload(
  as: string,
  what: { entitlement: string; seconds?: number | string; reason: string; ticket?: string },
  viewId = `V${Math.random().toString(36).slice(2).toUpperCase()}`,
) {
  const option = (value: string) => ({ text: { type: 'plain_text', text: value }, value });
  return {
    type: 'view_submission',
    ...from(as),
    api_app_id: 'A0LATCHKEY',
    trigger_id: `${Date.now()}.2.${as}`,
    view: {
      id: viewId,
      type: 'modal',
      callback_id: 'request',
      hash: '1.x',
      private_metadata: '',
      blocks: [],
      state: {
        values: {
          entitlement: {
            entitlement_select: { type: 'static_select', selected_option: option(what.entitlement) },
          },
          ...(what.seconds === undefined
            ? {}
            : {
                duration: {
                  [`duration:${what.entitlement}`]: {
                    type: 'static_select',
                    selected_option: option(String(what.seconds)),
                  },
                },
              }),
          reason: { reason: { type: 'plain_text_input', value: what.reason } },
          ticket: { ticket: { type: 'plain_text_input', value: what.ticket ?? null } },
        },
      },
    },
  };
}
