import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'The maintenance window begins soon';
const TEAM = 'Orders API readers';
const GROUP = 'anypoint-orders-read';
/** The start is that far ahead, and approved before it. */
const AHEAD_MS = 30_000;

const on = (m: SeenMessage, part: string) => JSON.stringify(m.blocks).includes(part);

/** Asked for from later on and approved before: nothing is written until its start. */
export const laterStart: Journey = {
  name: 'a start in the future',
  async run(visitor, say) {
    const from = new Date(Math.ceil((Date.now() + AHEAD_MS) / 1_000) * 1_000);
    const asked = await visitor.ask('tom', {
      entitlement: 'orders-api-read',
      seconds: 3_600,
      from,
      reason: REASON,
    });
    prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
    const card = await visitor.card('olga', (m) => on(m, REASON));
    say('Tom asks for an hour that begins half a minute from now; the card has both ends', {
      text: card.text,
    });

    await visitor.click('olga', card, 'approve');
    const told = await visitor.receives(
      'tom',
      'that it is approved for later',
      (m) => m.text.includes('is approved by') && m.text.includes(' from <!date^'),
    );
    const idp = visitor.idp.nameOf(GROUP);
    prove(Date.now() >= from.getTime() || !(await visitor.isInGroup('tom', GROUP)), `${idp} was not written`);
    say(`Olga approves it before its start: nothing is written to ${idp}`, { text: told.text });

    await visitor.until('Anypoint has him', () => visitor.isInTeam('tom', TEAM), 120_000);
    prove(Date.now() >= from.getTime(), 'it was not written before its start');
    say('At its start it is looked at again and written, and Anypoint has him in the team');
  },
};
