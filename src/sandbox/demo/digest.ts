import { people } from '../seed.ts';
import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const TEAM = 'Orders API readers';

type Seen = SeenMessage & { channel: string };
const words = (m: SeenMessage) => JSON.stringify(m.blocks);

/** The owner reads what the week brought, and takes one of it away: seen in Anypoint. */
export const digestJourney: Journey = {
  name: 'a weekly digest acted on',
  async run(visitor, say) {
    const asked = await visitor.ask('ines', {
      entitlement: 'orders-api-read',
      seconds: 7 * 86_400,
      reason: 'The week of the move',
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('olga', (m) => words(m).includes('The week of the move'));
    await visitor.click('olga', card, 'approve');
    await visitor.until('Anypoint has her', () => visitor.isInTeam('ines', TEAM), 75_000);
    say('Ines was given the Orders API for a week');

    await visitor.request('POST', '/slack/sim/command', { as: 'olga', command: '/access', text: 'digest' });
    const isDigest = (m: SeenMessage) => m.text.startsWith('Your week in access');
    const digest = await visitor.until('the owner has her digest', async () =>
      (await visitor.messages('olga', 'dm')).findLast(isDigest),
    );
    say('Olga, who owns it, has one message of her week, with buttons on each line', { text: digest.text });

    await visitor.request('POST', '/slack/sim/action', {
      as: 'olga',
      channel: digest.channel,
      ts: digest.ts,
      actionId: 'digest_revoke',
      blockId: buttonsUnder(digest, 'ines'),
    });
    await visitor.until(
      'Anypoint has her no more',
      async () => !(await visitor.isInTeam('ines', TEAM)),
      75_000,
    );
    const after = await visitor.until('the digest says so', async () =>
      (await visitor.messages('olga', 'dm')).find(
        (m) => m.ts === digest.ts && words(m).includes('gone from MuleSoft'),
      ),
    );
    say(
      'One click: it goes down the same road as every change, and the line says when MuleSoft shows it no more',
      {
        text: after.text,
      },
    );
  },
};

/** The block of buttons below the line about this person. */
function buttonsUnder(digest: Seen, key: string): string {
  const slackId = people.find((p) => p.key === key)?.slackId ?? key;
  const at = digest.blocks.findIndex((block) => JSON.stringify(block).includes(slackId));
  return String(digest.blocks[at + 1]?.block_id);
}
