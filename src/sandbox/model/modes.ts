import { z } from 'zod';

/** How the scripted model behaves. */
export const modes = [
  /** Reads the fact sheet and answers as a careful model would. */
  'scripted',
  /** Answers as a careful model would, and leans to deny whatever it is. */
  'against',
  /** 503 with an error body. */
  'down',
  /** The scripted answer after `ms`. */
  'slow',
  /** A refusal in place of content. */
  'refuse',
  /** JSON of another shape. */
  'off-schema',
  /** Stops in the middle, for lack of tokens. */
  'half-json',
  /** Everything at once that a model under somebody's spell might say. */
  'hostile',
  /** Numbers and names that stand nowhere, cited as if they did. */
  'lies',
  /** Cites facts and clauses that do not exist, or none. */
  'invented-citations',
  /** Tells the approver what to do, and of approvals that never were. */
  'orders',
  /** Mentions, links and markup of Slack, Markdown and HTML. */
  'markup',
  /** Repeats what strangers wrote as its own words, correctly cited. */
  'parrot',
  /** Ten megabytes. */
  'huge',
  /** Headers at once, then a few bytes every `ms`, never ending soon. */
  'drip',
  /** An older server: 400 for a JSON schema, content in JSON mode. */
  'json-mode-only',
  /** One that refuses every setting that came later: schemas, `store`, `max_completion_tokens`. */
  'old',
  /** Refuse a JSON Schema with the status that other servers have for it; content in JSON mode. */
  'schema-500',
  'schema-501',
  'schema-404',
  /** Answers 200 with an error in its body to a JSON Schema; content in JSON mode. */
  'schema-error-in-200',
  /** Refuses any `response_format`, any limit of tokens and a system message; content without. */
  'bare-only',
  /** The answer where other models put it. */
  'thinks',
  'thinks-inside',
  'fenced',
  'prose',
  'chunks',
  'reasoning-content',
  'reasoning',
  'tool-call',
  'wrapped',
  /** All tokens go into thinking; nothing is said. */
  'thinks-too-long',
  /** The provider's filter stops the question. */
  'filtered',
  /** 429, for as long as it is asked. */
  'rate-limited',
  /** 500. */
  'failing',
  /** The connection breaks in the middle of the answer. */
  'disconnect',
  /** A page of HTML, with 200. */
  'html',
] as const;
export const modeSchema = z.strictObject({ mode: z.enum(modes), ms: z.int().min(0).optional() });
export type Mode = z.infer<typeof modeSchema>;
