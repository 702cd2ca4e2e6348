import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Shipping the November release';
const says = (part: string) => (m: SeenMessage) =>
  JSON.stringify(m.blocks).includes(REASON) && JSON.stringify(m.blocks).includes(part);

/** The manager first, then the owner together with a security officer: three different people. */
export const twoStages: Journey = {
  name: 'two stages',
  async run(visitor, say) {
    const asked = await visitor.ask('ines', { entitlement: 'orders-api-deploy', reason: REASON });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('tom', says('then'));
    say('Ines asks; Tom, her manager, is asked first. Olga and the security officers come after him');

    await visitor.click('olga', card, 'approve');
    await visitor.receives(
      'olga',
      'that it is not her turn',
      (m) => m.ephemeral && m.text.includes('once the stage before yours has approved'),
      'access-requests',
    );
    say('Olga clicks at once, and is told that it is not her turn yet: nothing is decided');

    await visitor.click('tom', card, 'approve');
    await visitor.card('olga', says('Approved by Tom'));
    say('Tom approves; now it waits for the second stage');
    await visitor.click('olga', card, 'approve');
    await visitor.card('sofia', says('still needed'));
    prove(!(await visitor.isInGroup('ines', 'anypoint-orders-deploy')), 'nothing is written yet');
    say(
      `Olga approves; a security officer is still missing, and ${visitor.idp.nameOf('anypoint-orders-deploy')} has nothing yet`,
    );
    await visitor.click('sofia', card, 'approve');
    await visitor.until('Anypoint has her', () => visitor.isInTeam('ines', 'Orders API deployers'), 75_000);
    say('Sofia approves, and Anypoint has Ines in the team');
  },
};
