import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';

const WHY =
  'Latchkey could not do this: its database is away or takes no writes. Nothing was changed; try again in a minute.';
const ANSWER_WITHIN_MS = 3_000;

/** The parts of a command's or an interaction's body that say how to answer it. */
type Answerable = {
  command?: string;
  type?: string;
  response_url?: string;
  view?: { blocks?: { type?: string; block_id?: string }[] };
};

/**
 * Answers a command, click or form that could not be stored, for Slack sends those once. The person is told that
 * nothing came of it. A command and a form in the answer itself, a click where Slack says that it can be answered.
 */
export async function answerNotTaken(body: unknown, reply: FastifyReply, log: Logger): Promise<FastifyReply> {
  const { command, type, response_url: address, view } = (body ?? {}) as Answerable;
  const ephemeral = { response_type: 'ephemeral', replace_original: false, text: WHY };
  if (command !== undefined) return await reply.code(200).send(ephemeral);
  const field = view?.blocks?.find((block) => block.type === 'input')?.block_id;
  if (type === 'view_submission' && field !== undefined)
    return await reply.code(200).send({ response_action: 'errors', errors: { [field]: WHY } });
  if (address === undefined)
    return await reply.code(503).header('retry-after', '5').send({ error: 'it can’t be stored now' });
  await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ephemeral),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    redirect: 'error',
  }).catch((error: Error) => log.warn({ err: error.message }, 'nobody could be told'));
  return await reply.code(200).send();
}
