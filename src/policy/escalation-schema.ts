import { z } from 'zod';
import { sources } from './approvers-schema.ts';
import { duration } from './duration-schema.ts';

/** The ladder, up to five rungs. */
export const escalation = z
  .array(z.strictObject({ after: duration, to: sources }))
  .max(5)
  .meta({ description: 'Who is asked besides when nobody has answered for so long, rung by rung' });

type Rungs = z.infer<typeof escalation>;

/** Rungs that would be asked only when the request has lapsed. */
export function tiersNeverAsked(catalogue: {
  pending: { lapseAfter: number };
  escalation: Rungs;
  entitlements: { escalation?: Rungs | undefined }[];
}): { path: (string | number)[]; message: string }[] {
  const ladders: { path: (string | number)[]; rungs: Rungs }[] = [
    { path: ['escalation'], rungs: catalogue.escalation },
    ...catalogue.entitlements.map((e, i) => ({
      path: ['entitlements', i, 'escalation'],
      rungs: e.escalation ?? [],
    })),
  ];
  return ladders.flatMap(({ path, rungs }) => {
    let seconds = 0;
    const never = rungs.findIndex(({ after }) => {
      seconds += after;
      return seconds >= catalogue.pending.lapseAfter;
    });
    return never === -1
      ? []
      : [
          {
            path: [...path, never, 'after'],
            message: 'a request lapses before this rung is asked: shorten it, or raise `pending.lapseAfter`',
          },
        ];
  });
}
