import type { AnswerReceived, ClickReceived, Job } from '../../core/jobs/reactions.ts';
import { addLeased } from '../../store/outbox-leases.ts';
import { commit } from '../kernel/commit.ts';
import type { Data, Runtime } from '../kernel/context.ts';

/**
 * Stores a click before it is acknowledged, and has it settled at once in this process. If the process is killed before
 * that, the stored row brings it back. What the click means is decided when the settle step runs.
 */
export async function acceptClick(context: Data & Runtime, click: ClickReceived): Promise<void> {
  await accept(context, { job: 'settleClick', clickKey: click.clickId, click });
}

/** Stores a click on the card of a mass change or an offboarding, with the job that settles it. */
export async function acceptAnswer(context: Data & Runtime, answer: AnswerReceived): Promise<void> {
  await accept(context, { job: 'settleCardClick', clickKey: answer.clickId, answer });
}

/**
 * Somebody's status in the chat has changed: looked at soon. One that changes while it is read is read once more
 * afterwards, however often it changes meanwhile.
 */
export async function acceptStatus(context: Data & Runtime, accountId: string): Promise<void> {
  const job = { job: 'readChatStatus', accountId } as const;
  if (await accept(context, job)) return;
  await commit(context.db, async () => ({ result: null, jobs: [job] }), context.nudge);
}

/** Answers whether it is new: the same click twice is one, and is settled already or soon. */
async function accept(context: Data & Runtime, job: Job): Promise<boolean> {
  const row = await addLeased(context.db, job);
  if (row !== null) context.runNow(row);
  return row !== null;
}
