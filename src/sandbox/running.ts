import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { IdpChoice } from './idps.ts';

/** A world that runs: where, and which. */
export type RunningAt = {
  url: string;
  pid: number;
  /** Absolute; null: it keeps none. */
  stateFile: string | null;
  /** Address of the Latchkey that uses it; null: it was told of none. */
  latchkey: string | null;
  /** The identity providers that it has. */
  idp: IdpChoice;
};

const health = z.object({
  world: z.literal('latchkey-sandbox'),
  pid: z.int(),
  stateFile: z.string().nullish(),
  latchkey: z.string().nullish(),
  systems: z.array(z.string()).nullish(),
});
const note = z.object({ url: z.url(), pid: z.int(), started: z.string() });

const ANSWERS_WITHIN_MS = 1_000;

/** The world that answers there; null when nothing does, or something else. */
export async function worldAt(url: string): Promise<RunningAt | null> {
  try {
    const answer = await fetch(`${url}/control/health`, {
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      redirect: 'error',
    });
    const { pid, stateFile, latchkey, systems } = health.parse(await answer.json());
    const idp = choiceOf(systems ?? []);
    return { url, pid, stateFile: stateFile ?? null, latchkey: latchkey ?? null, idp };
  } catch {
    return null;
  }
}

function choiceOf(systems: readonly string[]): IdpChoice {
  if (!systems.includes('entra')) return 'okta';
  return systems.includes('okta') ? 'both' : 'entra';
}

/** Beside its state a world that runs leaves word where, so that nobody has to guess its port. */
export function leaveWord(stateFile: string, url: string): () => void {
  const file = wordOf(stateFile);
  mkdirSync(dirname(file), { recursive: true });
  const text = JSON.stringify({ url, pid: process.pid, started: new Date().toISOString() });
  writeFileSync(file, `${text}\n`);
  return () => {
    // Another one may have taken over meanwhile.
    if (wordIn(file)?.pid === process.pid) rmSync(file, { force: true });
  };
}

/**
 * The world that keeps its state in this file, if it runs. The server that answers at the named port has to be that
 * one.
 */
export async function runningWorld(stateFile: string): Promise<RunningAt | null> {
  const word = wordIn(wordOf(stateFile));
  if (word === null) return null;
  const there = await worldAt(word.url);
  return there !== null && there.pid === word.pid && there.stateFile === resolve(stateFile) ? there : null;
}

function wordOf(stateFile: string): string {
  return join(dirname(stateFile), `${basename(stateFile, '.json')}.running.json`);
}

function wordIn(file: string): z.infer<typeof note> | null {
  try {
    return note.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
