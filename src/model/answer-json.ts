import { parseStorable } from '../core/storable.ts';

/**
 * Finds the JSON object in what a model answered. Servers and models differ in where they put it:
 * - as it is, in a code fence, or beside prose
 * - after or inside a block of thoughts
 * - as a list of chunks
 * - in a field for reasoning
 */

/** The content that a chat completion's message may hold, as servers really send it. Nothing of it is certain. */
export type AnswerMessage = {
  content?: unknown;
  /** DeepSeek, vLLM, llama.cpp. */
  reasoning_content?: unknown;
  /** OpenRouter, Ollama, newer vLLM. */
  reasoning?: unknown;
  tool_calls?: unknown;
};

/** Objects tried in one text: a text of braces alone must not cost more than reading it a few times. */
const OBJECTS_MAX = 64;
/** The thoughts of a reasoning model; the opening mark is often part of the prompt and so not in the answer. */
const THOUGHTS = /^[\s\S]*<\/(?:think|thinking|thought|reasoning|reflection)>|^[\s\S]*\[\/THINK\]/i;
const OPEN_THOUGHT = /<(?:think|thinking|thought|reasoning|reflection)>[\s\S]*$|\[THINK\][\s\S]*$/i;

/**
 * The object that `fits`, or undefined. An object outside of thoughts goes before one inside. Of several the last
 * counts: a model that thinks aloud, or repeats the text it was given, ends with its answer.
 */
export function answerIn<T>(
  message: AnswerMessage | null | undefined,
  fits: (value: unknown) => T | undefined,
): T | undefined {
  if (message === null || message === undefined) return undefined;
  if (isObject(message.content)) return fitting(message.content, fits);
  const { said, thought } = textsOf(message.content);
  const outside = said.replace(THOUGHTS, '').replace(OPEN_THOUGHT, '');
  const texts = [
    outside,
    ...argumentsOf(message.tool_calls),
    said,
    thought,
    textsOf(message.reasoning_content).said,
    textsOf(message.reasoning).said,
  ];
  for (const text of texts) {
    const found = objectIn(text, fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A content as text: a string, or chunks of which some may be thoughts. */
function textsOf(content: unknown): { said: string; thought: string } {
  if (typeof content === 'string') return { said: content, thought: '' };
  if (!Array.isArray(content)) return { said: '', thought: '' };
  const said: string[] = [];
  const thought: string[] = [];
  for (const chunk of content) {
    if (typeof chunk === 'string') said.push(chunk);
    if (!isObject(chunk)) continue;
    if (typeof chunk.text === 'string') said.push(chunk.text);
    else if (typeof chunk.content === 'string') said.push(chunk.content);
    if ('thinking' in chunk) thought.push(textsOf(chunk.thinking).said);
  }
  return { said: said.join(''), thought: thought.join('') };
}

/** Some servers make a call of a function out of a wanted shape. */
function argumentsOf(calls: unknown): string[] {
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call) => {
    const given = isObject(call) && isObject(call.function) ? call.function.arguments : undefined;
    return typeof given === 'string' ? [given] : isObject(given) ? [JSON.stringify(given)] : [];
  });
}

function objectIn<T>(text: string, fits: (value: unknown) => T | undefined): T | undefined {
  const whole = parse(text);
  if (whole !== undefined) return fitting(whole, fits);
  for (const candidate of objectsOf(text).reverse()) {
    const found = fitting(candidate, fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As it is, or as the one thing in a wrapping: `{"advice": {…}}`, `[{…}]`. */
function fitting<T>(value: unknown, fits: (value: unknown) => T | undefined): T | undefined {
  const found = fits(value);
  if (found !== undefined || typeof value !== 'object' || value === null) return found;
  const inner = Object.values(value);
  return inner.length === 1 ? fits(inner[0]) : undefined;
}

/** Every JSON object in a text, outermost only, in the order they stand. */
function objectsOf(text: string): unknown[] {
  const objects: unknown[] = [];
  let at = text.indexOf('{');
  for (let tries = 0; at !== -1 && tries < OBJECTS_MAX; tries += 1) {
    const end = endOfObject(text, at);
    const object = end === null ? undefined : parse(text.slice(at, end));
    if (object !== undefined) objects.push(object);
    // A brace of prose: the next one, also between it and its end, may be the answer's.
    at = text.indexOf('{', object === undefined || end === null ? at + 1 : end);
  }
  return objects;
}

function endOfObject(text: string, from: number): number | null {
  let depth = 0;
  let isInString = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (isInString) {
      if (char === '\\') at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return null;
}

function parse(text: string): unknown {
  try {
    return parseStorable(text.trim());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
