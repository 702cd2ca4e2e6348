import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Tree } from '../audit/merkle.ts';
import { cosignatureLine, type Signer, type Verifier } from '../audit/note.ts';
import { judge } from '../audit/witness.ts';

const BODY_MAX = 65_536;
const kept = z.record(z.string(), z.object({ size: z.number().int().nonnegative(), root: z.string() }));

/** What a witness is: whose logs it watches, what it signs with, and the file in which it keeps what it has seen. */
export type WitnessSettings = { logs: readonly Verifier[]; signer: Signer; file: string };

/**
 * A witness (C2SP tlog-witness): it signs the checkpoints of a log that only grows, and none that contradicts what it
 * has seen. What it signs is on disk before it answers. Node runs one request's judgement at a time. So none is signed
 * beside another. Throws when the file is there and can't be read: a witness that forgets would sign anything.
 */
export function witnessRoutes(app: FastifyInstance, { logs, signer, file }: WitnessSettings): void {
  const seen = readSeen(file);
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_MAX }, (_request, body, done) =>
    done(null, body),
  );
  app.post<{ Body: unknown }>('/add-checkpoint', async (request, reply) => {
    const text = typeof request.body === 'string' ? request.body : '';
    const judged = judge(text, logs, (origin) => seen.get(origin) ?? null);
    reply.code(judged.status);
    if (judged.status === 409) return await reply.type('text/x.tlog.size').send(`${judged.size}\n`);
    reply.type('text/plain; charset=utf-8');
    if (judged.status !== 200) return await reply.send(`${judged.why}\n`);
    seen.set(judged.origin, judged.tree);
    keepSeen(file, seen);
    return await reply.send(cosignatureLine(judged.text, signer, Math.floor(Date.now() / 1_000)));
  });
}

function readSeen(file: string): Map<string, Tree> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return new Map();
  }
  const entries = Object.entries(kept.parse(JSON.parse(text)));
  return new Map(
    entries.map(([origin, { size, root }]) => [origin, { size, root: Buffer.from(root, 'base64') }]),
  );
}

function keepSeen(file: string, seen: ReadonlyMap<string, Tree>): void {
  const all = [...seen].map(([origin, { size, root }]) => [origin, { size, root: root.toString('base64') }]);
  const next = `${file}.next`;
  const handle = openSync(next, 'w', 0o600);
  writeFileSync(handle, `${JSON.stringify(Object.fromEntries(all), null, 1)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(next, file);
}
