import { utc } from '../core/evidence/words.ts';
import type { PolicyRow } from '../store/evidence/policies.ts';
import type { Period } from '../store/evidence/populations.ts';
import type { Row } from './list.ts';

/** Agreement is recorded under a fingerprint, which is known only when the policy is in force. */
const RECORDED_WITHIN_MS = 900_000;
const DAY_MS = 86_400_000;

/** Where a policy was in force in the period before anybody had agreed to it, as that is recorded. */
export function agreementGaps(
  { fingerprint, inForce, agreed }: Pick<PolicyRow, 'fingerprint' | 'inForce' | 'agreed'>,
  { from, to }: Period,
): Row[] {
  return inForce.flatMap((span) => {
    const began = new Date(span.from);
    const ended = span.to === null ? Number.POSITIVE_INFINITY : Date.parse(span.to);
    const first = agreed
      .map((one) => ({ one, at: agreedAt(one, began) }))
      .toSorted((a, b) => a.at - b.at)
      .at(0);
    const until = Math.min(first?.at ?? Number.POSITIVE_INFINITY, ended);
    const isOfPeriod = began < to && until > from.getTime();
    if (!isOfPeriod || until - began.getTime() <= RECORDED_WITHIN_MS) return [];
    const said = `policy ${fingerprint} was in force from ${utc(began)}`;
    if (first === undefined)
      return [
        {
          kind: 'policy: in force, and nobody’s agreement is on record',
          at: began,
          what: `${said}${span.to === null ? '' : ` to ${utc(new Date(ended))}`}`,
        },
      ];
    const { name, on, recordedAt } = first.one;
    const hours = ((until - began.getTime()) / 3_600_000).toFixed(1);
    return [
      {
        kind: 'policy: in force before anybody agreed to it',
        at: began,
        what: `${said}; that ${name} agreed, on ${on}, was recorded at ${utc(new Date(recordedAt))}: up to ${hours} hours between`,
      },
    ];
  });
}

/** Of the day only is known that somebody agreed on it; when it was recorded, they had. */
function agreedAt({ on, recordedAt }: PolicyRow['agreed'][number], began: Date): number {
  if (on < began.toISOString().slice(0, 10)) return Number.NEGATIVE_INFINITY;
  return Math.min(Date.parse(recordedAt), Date.parse(`${on}T00:00:00Z`) + DAY_MS);
}
