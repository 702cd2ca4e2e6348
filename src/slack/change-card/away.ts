import type { KnownBlock } from '@slack/types';
import { type Approver, mayApprove } from '../../core/policy/routing.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** `, for Tom Okafor who is away until Monday`; empty: they decide for themselves. */
export function forWhom({ for: other }: Approver): string {
  if (other === undefined) return '';
  return ` (for ${escapeMrkdwn(other.name)}, who is away until ${slackDate(new Date(other.until))})`;
}

/**
 * The approvers who are away and for whom nobody stands on this one, and why. One with a delegate is named with them.
 */
export function awayBlocks({ change }: Pick<ChangeView, 'change'>): KnownBlock[] {
  const lines = (change.plan?.away ?? []).flatMap(({ name, until, delegate, whyNot }) =>
    whyNot === null
      ? []
      : [
          `:palm_tree: ${escapeMrkdwn(name)} is away until ${slackDate(new Date(until))}; ${escapeMrkdwn(delegate)}, whom they named, ${escapeMrkdwn(whyNot)}.`,
        ],
  );
  const told = new Set((change.plan?.away ?? []).map(({ id }) => id));
  for (const { id, name, until } of change.plan?.absent ?? [])
    if (!told.has(id))
      lines.push(
        `:palm_tree: ${escapeMrkdwn(name)} is away${until === null ? '' : ` until ${slackDate(new Date(until))}`}, and nobody decides in their stead.`,
      );
  return lines.length === 0 ? [] : [{ type: 'context', elements: [mrkdwn(lines.join('\n'))] }];
}

/**
 * Requests that wait already move too. The people who decide from now on are told, because no phone announces an edited
 * card.
 */
export function awayNotes(
  { change }: Pick<ChangeView, 'change'>,
  named: (person: Approver) => Named,
): { key: string; content: SlackContent }[] {
  const { plan, state, requestedAt } = change;
  if (plan === null || state !== 'asking') return [];
  return (plan.away ?? []).flatMap(({ id, name, since, until, whyNot }) => {
    const delegate = mayApprove(plan).find((p) => p.for?.id === id);
    if (whyNot !== null || delegate === undefined || new Date(since) <= requestedAt) return [];
    const { name: called, accountId } = named(delegate);
    const whom = accountId === null ? escapeMrkdwn(called) : `<@${accountId}>`;
    const text = `:palm_tree: ${escapeMrkdwn(name)} is away until ${slackDate(new Date(until))}: ${whom} decides on this too meanwhile.`;
    return [{ key: `away:${id}:${since}`, content: { text, blocks: [section(mrkdwn(text))] } }];
  });
}
