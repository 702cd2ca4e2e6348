import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { Fault } from '../core/fault.ts';

/** A versioned instruction to the model. */
export type Prompt = {
  id: string;
  version: number;
  /** Name of the schema that answers must fit. */
  schema: string;
  /** The system message. */
  text: string;
};

export const defaultPromptsDir = fileURLToPath(new URL('../../prompts', import.meta.url));

const frontMatterSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: z.int().min(1),
  schema: z.string().min(1),
});

/** Reads `<folder>/<id>.md`. Throws `config.invalid` that names the file and what is wrong with it. */
export function loadPrompt(folder: string, id: string, schemas: readonly string[]): Prompt {
  const file = join(folder, `${id}.md`);
  const invalid = (why: string, cause?: unknown) =>
    new Fault('config.invalid', `${file}: ${why}`, { retryable: false, cause });
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid('the prompt cannot be read', cause);
  }
  const [, head, body] = /^---\r?\n(.*?)\r?\n---\r?\n(.*)$/s.exec(source) ?? [];
  if (head === undefined || body === undefined)
    throw invalid('it must begin with front matter between --- lines');
  let raw: unknown;
  try {
    raw = parse(head);
  } catch (cause) {
    throw invalid('the front matter is not YAML', cause);
  }
  const front = frontMatterSchema.safeParse(raw);
  if (!front.success) {
    const issue = front.error.issues[0];
    throw invalid(`front matter, ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, front.error);
  }
  if (front.data.id !== id) throw invalid(`its id is "${front.data.id}", which is not its file name`);
  if (!schemas.includes(front.data.schema))
    throw invalid(`there is no schema "${front.data.schema}"; known: ${schemas.join(', ')}`);
  const text = body.trim();
  if (text === '') throw invalid('it holds no text');
  return { ...front.data, text };
}
