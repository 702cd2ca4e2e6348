import { people } from '../seed.ts';
import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Refunds are stuck while Tom is on holiday';
const TEAM = 'Orders API readers';
const DAY_SECONDS = 86_400;

const says = (part: string) => (m: SeenMessage) =>
  JSON.stringify(m.blocks).includes(REASON) && JSON.stringify(m.blocks).includes(part);
const slackIdOf = (key: string) => people.find((p) => p.key === key)?.slackId ?? '';

/** Away until Monday, a named colleague decides: what waits already moves too. */
export const delegation: Journey = {
  name: 'away, and a colleague decides',
  async run(visitor, say) {
    const asked = await visitor.ask('ines', {
      entitlement: 'orders-api-read',
      seconds: 3_600,
      reason: REASON,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('tom', says('Waiting for'));
    say('Ines asks, and it waits for Tom, her manager, or Olga, the owner');

    const form = await visitor.openForm('tom', 'away');
    const until = Math.floor(Date.now() / 1_000) + 3 * DAY_SECONDS;
    const sent = await visitor.submit('tom', form, {
      delegate: { delegate: slackIdOf('nadia') },
      until: { until: String(until) },
    });
    prove(sent.sent, `the form is accepted (${JSON.stringify(sent)})`);
    await visitor.receives('nadia', 'that she decides for Tom', (m) =>
      JSON.stringify(m.blocks).includes('has named you to decide meanwhile'),
    );
    say('Tom types /access away: three days, and Nadia decides meanwhile. She is told at once');

    const moved = await visitor.card('nadia', says('for Tom Okafor, who is away until'));
    prove(moved.ts === card.ts, 'it is the same card');
    say('What waited has moved too: the same card names Nadia, for Tom, and its clock runs on');
    await visitor.click('ines', card, 'approve');
    await visitor.receives(
      'ines',
      'that she can’t decide on her own',
      (m) => m.ephemeral && m.text.includes('You asked for this access'),
      'access-requests',
    );

    await visitor.click('nadia', card, 'approve');
    await visitor.card('olga', says('(for Tom Okafor)'));
    await visitor.until('Anypoint has her', () => visitor.isInTeam('ines', TEAM), 75_000);
    say('Nadia approves: the card says “by Nadia, for Tom”, and Anypoint has Ines in the team');

    await visitor.request('POST', '/slack/sim/command', { as: 'tom', command: '/access', text: 'back' });
    await visitor.receives('nadia', 'that it is over', (m) =>
      JSON.stringify(m.blocks).includes('You no longer decide for'),
    );
    say('Tom is back and says so; Nadia decides no longer');
  },
};
