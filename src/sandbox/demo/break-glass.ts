import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Orders are lost since noon, I roll the release back';
/** Told apart from the card of the change itself, which goes on below it. */
const isEmergency = (m: SeenMessage) => JSON.stringify(m.blocks).includes('has taken Orders API');

/** A person on call takes access at once. Everybody concerned is told, and somebody else reviews it. */
export const breakGlass: Journey = {
  name: 'break-glass, and its review',
  async run(visitor, say) {
    // Latchkey has only just started: what it has not checked yet it offers nobody.
    const form = await visitor.until('something is offered', async () => {
      const view = await visitor.openForm('erik', 'emergency');
      return view.callback_id === 'emergency_take' && view;
    });
    const send = () =>
      visitor.submit('erik', form, {
        what: { what: 'orders-api-deploy' },
        how_long: { how_long: '3600' },
        reason: { reason: REASON },
      });
    // On a busy machine Slack may give up after its three seconds. Sent once more, the same form is the same emergency.
    const sent = await send().catch(send);
    prove(sent.sent, `the emergency is taken (${JSON.stringify(sent)})`);
    say('Erik, who is on call, takes “Orders API: deploy to prod” for an hour with /access emergency');

    const card = await visitor.card('tom', isEmergency);
    for (const as of ['tom', 'olga', 'sofia']) await visitor.receives(as, 'the emergency', isEmergency);
    say('The channel, his manager, the owner and the admins are told at once');
    await visitor.until('Anypoint has him', () => visitor.isInTeam('erik', 'Orders API deployers'), 75_000);
    say('Anypoint has him in the team, without approval');

    await visitor.click('tom', card, 'emergency_not_justified');
    const review = await visitor.until('the form opens', async () => {
      const view = await visitor.topView('tom');
      return view?.callback_id.startsWith('emergency_') && view;
    });
    await visitor.submit('tom', review, {
      comment: { comment: 'It was a drill. Please ask the next time.' },
    });
    await visitor.card('sofia', (m) => isEmergency(m) && JSON.stringify(m.blocks).includes('It was a drill'));
    await visitor.until(
      'Anypoint has him no more',
      async () => !(await visitor.isInTeam('erik', 'Orders API deployers')),
      75_000,
    );
    say('Tom says that it was not justified: the access ends at once, and is gone from Anypoint');
  },
};
