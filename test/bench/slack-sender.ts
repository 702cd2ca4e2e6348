import { Agent, request } from 'node:http';
import { company, people } from '../../src/sandbox/seed.ts';
import { signatureOf } from '../../src/sandbox/slack/delivery.ts';

export type Acked = { status: number; body: string; ms: number };
export type SlackSender = ReturnType<typeof createSlackSender>;

/** Sends what Slack sends, signed, straight to a listener; measures from sending to the whole answer. */
export function createSlackSender(baseUrl: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  let nth = 0;

  async function interaction(payload: Record<string, unknown>): Promise<Acked> {
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signatureOf(timestamp, body),
    };
    const sentAt = performance.now();
    return await new Promise((resolve, reject) => {
      const sent = request(`${baseUrl}/slack/events`, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: text, ms: performance.now() - sentAt }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  function envelope(type: string, slackId: string) {
    return {
      type,
      user: { id: slackId, username: slackId, name: slackId, team_id: company.slackTeamId },
      api_app_id: 'A0LATCHKEY',
      token: 'bench',
      team: { id: company.slackTeamId, domain: 'acme' },
      enterprise: null,
      is_enterprise_install: false,
      trigger_id: `bench.${nth++}`,
    };
  }

  const press = (slackId: string, changeId: string, actionId: string) =>
    interaction({
      ...envelope('block_actions', slackId),
      container: {
        type: 'message',
        message_ts: '1700000000.000100',
        channel_id: 'C00000001',
        is_ephemeral: false,
      },
      channel: { id: 'C00000001', name: 'access-requests' },
      message: { type: 'message', ts: '1700000000.000100', text: '', blocks: [] },
      state: { values: {} },
      actions: [
        {
          type: 'button',
          action_id: actionId,
          block_id: 'decision',
          text: { type: 'plain_text', text: actionId },
          value: JSON.stringify({ change: changeId, round: 1 }),
          action_ts: `${Math.floor(Date.now() / 1_000)}.${String(nth++).padStart(6, '0')}`,
        },
      ],
    });

  return {
    /** The request form, sent. */
    ask: (slackId: string, entitlement: string, reason = 'the nightly import fails, I need its logs') =>
      interaction({
        ...envelope('view_submission', slackId),
        view: {
          id: `V${nth++}`,
          type: 'modal',
          callback_id: 'request',
          private_metadata: '',
          blocks: [],
          state: {
            values: {
              entitlement: {
                entitlement_select: { type: 'static_select', selected_option: { value: entitlement } },
              },
              reason: {
                reason: { type: 'plain_text_input', value: reason },
              },
            },
          },
        },
      }),
    /** The Approve button of a card in its first round, pressed. */
    approve: (slackId: string, changeId: string) => press(slackId, changeId, 'approve'),
    /** Whoever holds it is done with it. */
    release: (slackId: string, changeId: string) => press(slackId, changeId, 'release'),
    close: () => agent.destroy(),
  };
}

export function slackIdOf(key: string): string {
  return people.find((p) => p.key === key)?.slackId ?? '';
}
