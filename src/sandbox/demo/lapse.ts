import type { SeenMessage } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const REASON = 'Nobody will look at this';
const says = (part: string) => (m: SeenMessage) =>
  JSON.stringify(m.blocks).includes(REASON) && JSON.stringify(m.blocks).includes(part);

/** Nobody decides: the request lapses, and says so to all. */
export function lapse(lapseSeconds: number): Journey {
  return {
    name: 'lapse',
    async run(visitor, say) {
      const asked = await visitor.ask('sofia', {
        entitlement: 'orders-api-read',
        seconds: 3_600,
        reason: REASON,
      });
      prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
      const card = await visitor.card('olga', says('Waiting for'));
      say(`Sofia asks, and nobody looks at it. A request lapses after ${lapseSeconds} s here`);
      const ms = (lapseSeconds + 20) * 1_000;
      await visitor.receives(
        'olga',
        'a warning',
        (m) => m.threadTs === card.ts && m.text.includes('this lapses'),
        {
          where: 'access-requests',
          ms,
        },
      );
      say('The approvers are warned that it lapses soon');
      await visitor.receives('sofia', 'that it lapsed', (m) => m.text.includes('lapsed: nobody decided'), {
        where: 'dm',
        ms,
      });
      await visitor.receives(
        'olga',
        'that it lapsed',
        (m) => m.threadTs === card.ts && m.text.includes('lapsed: nobody decided'),
        { where: 'access-requests', ms },
      );
      prove(
        !(await visitor.isInGroup('sofia', 'anypoint-orders-read')),
        `${visitor.idp.nameOf('anypoint-orders-read')} was not written`,
      );
      say('It lapsed: Sofia and the channel are told, the buttons are gone, nothing was written');
    },
  };
}
