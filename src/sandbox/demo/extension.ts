import { recentChanges } from '../../store/changes.ts';
import type { Db } from '../../store/postgres/database.ts';
import { letTimePass } from '../time-passes.ts';
import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Refunds of the November sale';
const TEAM = 'Payments API readers';
const HOUR = 3_600;
const DAY = 24 * HOUR;

const buttons = (m: SeenMessage) =>
  [...JSON.stringify(m.blocks).matchAll(/"action_id":"(\w+)"/g)].map(([, id]) => id);
const isWarning = (m: SeenMessage) => buttons(m).includes('extend_now');

/** A warning an hour before the end, and one click: the catalogue asks nobody the first time, and somebody the next. */
export function extensionJourney(db: Db): Journey {
  const newest = async () => {
    const found = (await recentChanges(db, 50)).find(({ reason }) => reason === REASON);
    prove(found !== undefined, 'the request is stored');
    return found as NonNullable<typeof found>;
  };
  return {
    name: 'extended with one click',
    async run(visitor, say) {
      await visitor.idp.signsIn('erik', 'Sweden');
      const asked = await visitor.ask('erik', {
        entitlement: 'payments-api-read',
        seconds: DAY,
        reason: REASON,
      });
      prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
      const card = await visitor.card('tom', (m) => JSON.stringify(m.blocks).includes(REASON));
      await visitor.click('tom', card, 'approve');
      await visitor.until('Anypoint has him', () => visitor.isInTeam('erik', TEAM), 75_000);
      const first = await newest();
      say('Erik has the Payments API for a day, approved by Tom');

      await letTimePass(db, first.id, DAY - HOUR + 60);
      const warning = await visitor.until('he is warned', async () =>
        (await visitor.messages('erik', 'dm')).find(isWarning),
      );
      say('23 hours later he is warned once: Extend by 1 day, or Let it end', { text: warning.text });

      await visitor.click('erik', warning, 'extend_now');
      const extended = await visitor.until('it is extended', async () => {
        const change = await newest();
        return change.id !== first.id && change.state === 'inEffect' && change;
      });
      prove(extended.decision?.by === null, 'the catalogue let it go on, and nobody was asked');
      await visitor.until('the first message says where it goes on', async () =>
        (await visitor.messages('erik', 'dm')).some(
          (m) => JSON.stringify(m.blocks).includes('Extended until') && buttons(m).length === 0,
        ),
      );
      prove(await visitor.isInTeam('erik', TEAM), 'Anypoint has Erik in the team all the while');
      say('One click: it goes on for a day, and the first message has no buttons any more');

      await letTimePass(db, extended.id, DAY);
      const next = await visitor.until('he is warned of the new end', async () =>
        (await visitor.messages('erik', 'dm')).findLast((m) => isWarning(m) && m.ts !== warning.ts),
      );
      await visitor.click('erik', next, 'extend_now');
      await visitor.until('somebody decides this time', async () => {
        const change = await newest();
        return change.id !== extended.id && change.state === 'asking';
      });
      say('The second time in a row the catalogue asks a person again');
    },
  };
}
