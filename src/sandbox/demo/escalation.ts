import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Refunds of October have to be traced';
const PATIENCE_MS = 20_000;
const GROUP = 'anypoint-payments-read';
const says = (part: string) => (m: SeenMessage) =>
  JSON.stringify(m.blocks).includes(REASON) && JSON.stringify(m.blocks).includes(part);
const told = (part: string) => (m: SeenMessage) => m.text.includes(part);

/** The one who is asked says nothing: a reminder, a warning, the next rung of the ladder, who decides. */
export const escalation: Journey = {
  name: 'escalation',
  async run(visitor, say) {
    const asked = await visitor.ask('nadia', {
      entitlement: 'payments-api-read',
      seconds: 3_600,
      reason: REASON,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('tom', says('Waiting for'));
    await visitor.receives('nadia', 'who decides, and why they', (m) =>
      JSON.stringify(m.blocks).includes('(the manager)'),
    );
    say('Nadia asks; her manager Tom is asked. Her message says why it is he: the manager');

    const channel = { where: 'access-requests', ms: PATIENCE_MS };
    await visitor.receives(
      'tom',
      'a reminder',
      (m) => m.threadTs === card.ts && told('Please decide')(m),
      channel,
    );
    say('Tom says nothing, and is reminded under the card');
    await visitor.receives(
      'tom',
      'a warning',
      (m) => m.threadTs === card.ts && told('is asked too')(m),
      channel,
    );
    say('At three quarters of the time he is warned of who is asked next');
    await visitor.receives('nadia', 'that the owner is asked too', told('Nobody has answered yet'), {
      where: 'dm',
      ms: PATIENCE_MS,
    });
    await visitor.receives(
      'sam',
      'that he is asked',
      (m) => m.threadTs === card.ts && told('so <@')(m),
      channel,
    );
    say('The time is over: Sam, the owner, is asked too. Nadia is told; Tom can still decide');

    await visitor.click('sam', card, 'approve');
    const idp = visitor.idp.nameOf(GROUP);
    await visitor.until(`${idp} has her in the group`, () => visitor.isInGroup('nadia', GROUP));
    say(`Sam approves, and ${idp} has Nadia in the group`);
  },
};
