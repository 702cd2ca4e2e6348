import { z } from 'zod';

/**
 * What the model is asked to answer. Lengths and counts are checked afterwards, not here. Several servers refuse or
 * ignore those keywords. One long text should cost that text, not the whole answer.
 */
export const adviceSchema = z.object({
  headline: z.string(),
  risks: z.array(
    z.object({
      text: z.string(),
      severity: z.enum(['low', 'medium', 'high']),
      facts: z.array(z.string()),
      clauses: z.array(z.string()),
    }),
  ),
  questions: z.array(z.string()),
  lean: z.enum(['approve', 'deny', 'ask more']),
});

export type RawAdvice = z.infer<typeof adviceSchema>;
