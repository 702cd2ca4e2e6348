import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../core/fault.ts';
import type { EvidenceFile, EvidenceStore, KeptFile } from '../ports/evidence-store.ts';
import { fileToSend, type PackFolder, USUAL_FILES } from './upload-files.ts';

/**
 * What became of a file.
 * - `arrived`: it is there; `isSeen`: its bytes were read back
 * - `there`: it was there already
 * - `refused`: it was not taken; a repeat would not be either
 * - `unknown`: it may be there or not
 * - `unsent`: nothing of it was sent
 */
export type FileOutcome = {
  document: string;
  name: string;
  is: 'arrived' | 'there' | 'refused' | 'unknown' | 'unsent';
  isSeen: boolean;
  sha256: string | null;
  id: string | null;
  why: Fault | string | null;
};

/** `submitted` null: it was not tried, as not every file is there, or as it is to stay a draft. */
export type DocumentOutcome = {
  document: string;
  files: FileOutcome[];
  submitted: 'submitted' | 'nothing' | Fault | null;
};

export type UploadPlan = {
  documents: readonly { id: string; files: readonly string[] | null }[];
  /** The document stays a draft. */
  isDraft: boolean;
  /** After a file without an answer, before it is looked for. */
  lookAfterMs?: number;
};

const LOOK_AFTER_MS = 5_000;

/** Sends what is not there yet, and submits each document of which every file is there. Safe to run again. */
export async function uploadPack(
  store: EvidenceStore,
  pack: PackFolder,
  plan: UploadPlan,
): Promise<DocumentOutcome[]> {
  const outcomes: DocumentOutcome[] = [];
  let stopped: Fault | null = null;
  for (const { id: document, files } of plan.documents) {
    const names = files ?? USUAL_FILES;
    const done: FileOutcome[] = [];
    let kept: KeptFile[] | null = null;
    let stop: Fault | null = stopped;
    for (const name of names) {
      if (stop === null && kept === null)
        [kept, stop] = await store.files(document).then(
          (found) => [found, null] as const,
          (error) => [null, faultOr(error)] as const,
        );
      const outcome: FileOutcome =
        stop !== null || kept === null
          ? { ...unsent(document, name), why: stop }
          : await oneFile(store, {
              document,
              name,
              pack,
              kept,
              lookAfterMs: plan.lookAfterMs ?? LOOK_AFTER_MS,
            });
      done.push(outcome);
      if (outcome.is === 'unsent' && outcome.why instanceof Fault) stop = outcome.why;
    }
    // A document that is not there says nothing of the others.
    if (stop !== null && stop.code !== 'vanta.not_found') stopped = stop;
    outcomes.push({ document, files: done, submitted: await submitted(store, document, done, plan) });
  }
  return outcomes;
}

function unsent(document: string, name: string): FileOutcome {
  return { document, name, is: 'unsent', isSeen: false, sha256: null, id: null, why: null };
}

type OneFile = { document: string; name: string; pack: PackFolder; kept: KeptFile[]; lookAfterMs: number };

async function oneFile(store: EvidenceStore, one: OneFile): Promise<FileOutcome> {
  const { document, name, pack, kept, lookAfterMs } = one;
  const file = await fileToSend(pack, name);
  if (typeof file === 'string') return { ...unsent(document, name), is: 'refused', why: file };
  const of = { document, name: file.name, sha256: file.sha256, why: null };
  const before = await findIn(store, document, file, kept);
  if (before !== null) return { ...of, ...before, is: 'there' };
  for (let tries = 1; ; tries += 1)
    try {
      return { ...of, ...(await seen(store, document, file, await store.send(document, file))) };
    } catch (error) {
      const fault = faultOr(error);
      const nothing = { ...of, isSeen: false, id: null, why: fault };
      if (!fault.outcomeUnknown)
        return { ...nothing, is: fault.code === 'vanta.invalid' ? 'refused' : 'unsent' };
      // It may be there: it is looked for before it is sent again.
      await sleep(lookAfterMs);
      const found = await store.files(document).then(
        (files) => findIn(store, document, file, files),
        () => 'unknown' as const,
      );
      if (found !== null && found !== 'unknown') return { ...of, ...found, is: 'arrived' };
      if (found === 'unknown' || tries > 1) return { ...nothing, is: 'unknown' };
    }
}

/** By name and hash, and by its bytes where they are given out: a name can be given to any file. */
async function findIn(
  store: EvidenceStore,
  document: string,
  file: EvidenceFile,
  kept: readonly KeptFile[],
): Promise<{ id: string; isSeen: boolean } | null> {
  for (const { id, name, description } of kept) {
    if (name !== file.name || !description.includes(file.sha256)) continue;
    const hash = await store.hashOf(document, id);
    if (hash === null || hash === file.sha256) return { id, isSeen: hash !== null };
  }
  return null;
}

/** That it was taken says nothing of what was kept. */
async function seen(
  store: EvidenceStore,
  document: string,
  file: EvidenceFile,
  { id }: KeptFile,
): Promise<Pick<FileOutcome, 'is' | 'isSeen' | 'id' | 'why'>> {
  const hash = await store.hashOf(document, id);
  if (hash === null || hash === file.sha256) return { is: 'arrived', isSeen: hash !== null, id, why: null };
  const why = 'what is kept there has other bytes than what was sent: delete it there, and call it again';
  return { is: 'refused', isSeen: false, id, why };
}

async function submitted(
  store: EvidenceStore,
  document: string,
  files: readonly FileOutcome[],
  { isDraft }: UploadPlan,
): Promise<DocumentOutcome['submitted']> {
  if (isDraft || !files.every(({ is }) => is === 'arrived' || is === 'there')) return null;
  return await store.submit(document).catch(faultOr);
}

function faultOr(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}
