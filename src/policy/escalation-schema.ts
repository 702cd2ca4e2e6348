import { z } from 'zod';
import { sources } from './approvers-schema.ts';
import { duration } from './duration-schema.ts';

/** The ladder, up to five tiers. */
export const escalation = z
  .array(z.strictObject({ after: duration, to: sources }))
  .max(5)
  .meta({ description: 'Who is asked besides when nobody has answered for so long, tier by tier' });

type Tiers = z.infer<typeof escalation>;

/** Tiers that would be asked only when the request has lapsed. */
export function tiersNeverAsked(catalogue: {
  pending: { lapseAfter: number };
  escalation: Tiers;
  entitlements: { escalation?: Tiers | undefined }[];
}): { path: (string | number)[]; message: string }[] {
  const ladders: { path: (string | number)[]; tiers: Tiers }[] = [
    { path: ['escalation'], tiers: catalogue.escalation },
    ...catalogue.entitlements.map((e, i) => ({
      path: ['entitlements', i, 'escalation'],
      tiers: e.escalation ?? [],
    })),
  ];
  return ladders.flatMap(({ path, tiers }) => {
    let seconds = 0;
    const never = tiers.findIndex(({ after }) => {
      seconds += after;
      return seconds >= catalogue.pending.lapseAfter;
    });
    return never === -1
      ? []
      : [
          {
            path: [...path, never, 'after'],
            message: 'a request lapses before this tier is asked: shorten it, or raise `pending.lapseAfter`',
          },
        ];
  });
}
