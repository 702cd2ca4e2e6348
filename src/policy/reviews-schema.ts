import { z } from 'zod';
import { duration } from './duration-schema.ts';

/** How access reviews are held, unless whoever begins one says otherwise. */
export const reviews = z.strictObject({
  due: duration.prefault('14d').meta({ description: 'From the start until the lines are due' }),
  reviewers: z.enum(['owner', 'manager']).default('owner').meta({ description: 'Who is asked first' }),
  overdue: z
    .enum(['revoke', 'extend', 'escalate'])
    .default('escalate')
    .meta({ description: 'What happens to lines that nobody decided in time' }),
  extendBy: duration.prefault('7d').meta({ description: 'With `overdue: extend`: by how much, once' }),
  fallback: z
    .array(z.email())
    .default([])
    .meta({ description: 'Who reviews what nobody else can; without, the admins' }),
});
