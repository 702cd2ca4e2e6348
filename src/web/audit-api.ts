import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { proofOfEntry, proofOfGrowth } from '../audit/proof.ts';
import { commit } from '../flow/kernel/commit.ts';
import type { Data } from '../flow/kernel/context.ts';
import { sealedCount } from '../store/audit-seals.ts';
import { lastCheckpoint } from '../store/audit-tree.ts';
import { callerOf } from './read-door.ts';

const TEXT = 'text/plain; charset=utf-8';
const NUMBER = /^[1-9]\d{0,14}$/;

/**
 * What shows that the audit is whole: checkpoints and proofs, in the formats of C2SP. An entry is personal data: who
 * reads one is in the audit.
 */
export function auditApi(api: FastifyInstance, { db }: Pick<Data, 'db'>): void {
  const config = { scope: 'audit', rule: 'everything' } as const;
  api.get('/audit/checkpoint', { config }, async (_request, reply) => {
    const last = await lastCheckpoint(db);
    return last === null
      ? await notFound(reply, 'there is no checkpoint yet')
      : await reply.type(TEXT).send(last.note);
  });

  api.get<{ Querystring: { from?: string; to?: string } }>(
    '/audit/consistency',
    { config },
    async (request, reply) => {
      const { from = '', to = '' } = request.query;
      const size = NUMBER.test(to) ? Number(to) : await sealedCount(db);
      if (!NUMBER.test(from) || Number(from) > size || size > (await sealedCount(db)))
        return await reply.code(400).send({
          error: 'from and to are sizes of the log, from is at least 1, and to is not above what is sealed',
        });
      const path = await proofOfGrowth(db, Number(from), size);
      return await reply.type(TEXT).send(path.map((hash) => `${hash.toString('base64')}\n`).join(''));
    },
  );

  api.get<{ Params: { id: string } }>('/audit/entries/:id', { config }, async (request, reply) => {
    const found = await read(request);
    return found === null
      ? await notFound(reply, 'there is no such entry, or no checkpoint covers it yet')
      : await reply.type('application/json; charset=utf-8').send(found.entry);
  });

  api.get<{ Params: { id: string } }>('/audit/entries/:id/proof', { config }, async (request, reply) => {
    const found = await read(request);
    return found === null
      ? await notFound(reply, 'there is no such entry, or no checkpoint covers it yet')
      : await reply.type(TEXT).send(found.proof);
  });

  async function read(request: FastifyRequest<{ Params: { id: string } }>) {
    const { id } = request.params;
    const found = NUMBER.test(id) ? await proofOfEntry(db, id) : null;
    if (found !== null)
      await commit(db, async ({ now }) => ({
        result: null,
        notes: [
          {
            type: 'auditRead',
            at: now,
            actor: callerOf(request).actor,
            changeId: null,
            data: { of: 'an audit entry', asked: id },
          },
        ],
      }));
    return found;
  }
}

async function notFound(reply: FastifyReply, error: string) {
  return await reply.code(404).send({ error });
}
