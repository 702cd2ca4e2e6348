import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';

/** How people write one; what else is wrong with it is told by `parseDuration`. */
const DURATION = '^[1-9][0-9]*[smhd]$';

/** A duration as it is written, in seconds once it is read. */
export const duration = z
  .string()
  .meta({ pattern: DURATION, description: 'A duration, e.g. 90s, 15m, 8h or 7d' })
  .transform((text, context) => {
    const seconds = parseDuration(text);
    if (seconds === null) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is no duration: write e.g. 90s, 15m, 8h or 7d`,
      });
      return z.NEVER;
    }
    return seconds;
  });
