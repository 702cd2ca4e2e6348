import { z } from 'zod';

/** The group that carries an entitlement. */
export const groupOfIdp = z.strictObject({
  provider: z
    .string()
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'Which identity provider the group is in; left out: the only one there is' }),
  group: z.string().min(1).max(255),
});
