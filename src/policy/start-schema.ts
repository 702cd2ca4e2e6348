import { z } from 'zod';
import { duration } from './duration-schema.ts';

/** Further ahead nobody knows what they need, or who will be there. */
const AHEAD_MAX_SECONDS = 90 * 86_400;

/** How far ahead access can be asked for. */
export const start = z
  .strictObject({
    ahead: z.union([
      z.literal('none'),
      duration.refine((seconds) => seconds <= AHEAD_MAX_SECONDS, {
        error: 'a start can be asked for `90d` ahead at the most',
      }),
    ]),
  })
  .meta({
    description:
      'How far ahead access can be asked for, up to `90d`; `none`: only from now on. 30 days unless told',
  });
