import { z } from 'zod';

/** What the extension form carries back. */
export const extensionDraft = z.strictObject({
  entitlementKey: z.string(),
  forAccountId: z.string().nullable(),
  reason: z.string(),
  ticket: z.string().nullable(),
  endsWithTicket: z.boolean().optional(),
  seconds: z.number(),
  shownAs: z.string().optional(),
});
