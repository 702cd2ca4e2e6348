import { z } from 'zod';

/** How tickets are written, with an example that has to be written so. */
export const ticket = z
  .strictObject({
    pattern: z.string().min(1).max(200),
    example: z.string().min(1).max(100),
    requiredFor: z.array(z.enum(['low', 'medium', 'high', 'critical'])).default([]),
  })
  .superRefine(({ pattern, example }, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    try {
      if (!new RegExp(`^(?:${pattern})$`, 'u').test(example))
        issue('example', 'the example is not written as `pattern` says');
    } catch {
      issue('pattern', 'this is no regular expression');
    }
  });
