import { z } from 'zod';
import { duration } from './duration-schema.ts';

/** How tickets are written, with an example that has to be written so. */
export const ticket = z
  .strictObject({
    pattern: z.string().min(1).max(200),
    example: z.string().min(1).max(100),
    requiredFor: z.array(z.enum(['low', 'medium', 'high', 'critical'])).default([]),
    mustBeOpen: z.boolean().default(true).meta({
      description:
        'Where a ticket system is connected: whether a ticket that is closed, or not there, is refused; else a person decides and is told of it',
    }),
    grace: duration.optional().meta({
      description:
        'Access that ends with its ticket goes on so long once that is closed; left out: it ends at once',
    }),
    tellAfter: duration.prefault('1h').meta({
      description: 'The admins are told once tickets could not be read for so long',
    }),
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
