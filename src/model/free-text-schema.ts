import { z } from 'zod';

/** What the model is asked to read out of a person's words. Whether it stands there is checked afterwards. */
export const freeTextSchema = z.object({
  entitlement: z.string().nullable(),
  when: z.string().nullable(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
});

export type RawFreeText = z.infer<typeof freeTextSchema>;
