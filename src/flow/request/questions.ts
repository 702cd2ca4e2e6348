import { answerQuestion, askQuestion, QUESTION_MAX, whoAnswers } from '../../core/change/question.ts';
import type { ClickReceived } from '../../core/jobs/reactions.ts';
import { type ApproverPlan, mayApprove } from '../../core/policy/routing.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { clipped } from '../../core/text.ts';
import { readChange } from '../../store/changes.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Data, Parties, Runtime } from '../kernel/context.ts';
import { named } from '../people/named.ts';

type Words = Extract<ClickReceived['act'], { verb: 'ask' | 'answer' | 'reply' }>;

/**
 * Settles a question to whoever asked for access, or their answer. A message in a card's thread is taken over only
 * where it is a question or an answer. Other messages there are not for Latchkey, and nobody is told of them.
 */
export async function settleWords(
  context: Data & Parties & Runtime,
  click: ClickReceived & { act: Words },
  { clicker, plan }: { clicker: Person; plan: ApproverPlan },
): Promise<Refusal | null> {
  const { act } = click;
  const known = await readChange(context.db, click.changeId);
  if (known === null) return null;
  const canBeAsked = await isReached(context, whoAnswers(known));
  const mayDecide = [...mayApprove(plan), ...(plan.revert ?? [])].some(({ id }) => id === clicker.id);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const change = await unit.change(known.id);
      if (change === null) return { result: null };
      const isOwn = clicker.id === change.requesterId || clicker.id === change.personId;
      const facts = {
        clicker: { id: clicker.id, name: clicker.name },
        mayDecide,
        canBeAsked,
        now: unit.now,
      };
      const isReply = act.verb === 'reply';
      const text = isReply ? clipped(act.text, QUESTION_MAX) : act.text;
      const said = { id: click.clickId, text, inThread: isReply };
      const isAnswer = act.verb === 'answer' || (isReply && isOwn);
      const of = act.verb === 'answer' ? act.of : null;
      const outcome = isAnswer
        ? answerQuestion(change, { ...said, of }, facts)
        : askQuestion(change, said, facts);
      if (isRefusal(outcome)) return { result: isReply ? null : outcome };
      return { result: null, events: outcome };
    },
    context.nudge,
  );
}

async function isReached(context: Data & Parties, personId: string): Promise<boolean> {
  const person = await readPerson(context.db, personId);
  if (person === null) return false;
  const accountId = await linkOf(context.db, personId, context.chat.system);
  return (await named(context, { ...person, accountId })).accountId !== null;
}
