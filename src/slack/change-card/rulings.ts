import type { KnownBlock } from '@slack/types';
import type { ApproverPlan } from '../../core/policy/routing.ts';
import type { Need } from '../../core/policy/verdict.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

const asksFor: Record<Need, string> = {
  person: 'A person has to decide',
  secondApprover: 'Two people have to approve',
  stepUp: 'Whoever approves signs in afresh',
};

/** The findings of the rules that are out of the ordinary, for the approvers; empty where there are none. */
export function rulingBlocks({ change }: ChangeView): KnownBlock[] {
  const { verdict, plan } = change;
  const lines = [
    ...(verdict?.conflicts ?? []).map((c) => `:scales: *Separation of duties:* ${escapeMrkdwn(c.text)}.`),
    ...(verdict?.holds ?? []).map(
      ({ needs, text, clause }) => `:lock: *${asksFor[needs]}:* ${escapeMrkdwn(text)}${sourceOf(clause)}.`,
    ),
    ...(verdict?.unsure ?? []).map(
      (text) => `:warning: *A rule can’t be evaluated*, so it is yours to judge: ${escapeMrkdwn(text)}.`,
    ),
    ...authorLines(plan),
  ];
  return blockOf(lines);
}

/** Whom a rule does not let approve it, and why. */
export function notAskedBlocks({ change }: ChangeView): KnownBlock[] {
  return blockOf(notAsked(change.plan));
}

/** The known facts about who made the change that was found, and what that means for keeping it. */
function authorLines(plan: ApproverPlan | null): string[] {
  const author = plan?.author;
  const revert = plan?.revert ?? [];
  const mayToo =
    revert.length === 0
      ? []
      : [
          `:leftwards_arrow_with_hook: *May take it away too:* ${revert.map((p) => escapeMrkdwn(p.name)).join(', ')}.`,
        ];
  switch (author?.is) {
    case 'awaited':
      return [
        `:mag: *Who did it is not known yet*, so it is not kept yet: the log of the identity provider is being read. It can be kept ${slackDate(new Date(author.until))} at the latest; who says so now need not say so again. It can be taken away at once.`,
        ...mayToo,
      ];
    case 'untold':
      return [
        `:grey_question: *Not known who did it:* ${escapeMrkdwn(author.why)}. So no owner keeps it alone: it is for the catalogue’s admins, or for as many as the catalogue takes.`,
        ...mayToo,
      ];
    default:
      return mayToo;
  }
}

/** The rules' word on the deciders of a card on many: how many it takes to keep, and whom they don't let decide. */
export function deciderBlocks(plan: ApproverPlan | null): KnownBlock[] {
  const toKeep = plan?.toKeep;
  return blockOf([
    ...(toKeep === undefined
      ? []
      : [
          `:lock: *It takes ${toKeep.quorum} people to keep them, one to take them away:* of some, ${escapeMrkdwn(toKeep.why)}${sourceOf(toKeep.clause)}.`,
        ]),
    ...authorLines(plan),
    ...notAsked(plan),
  ]);
}

function notAsked(plan: ApproverPlan | null): string[] {
  return (plan?.excludedByPolicy ?? []).map(
    ({ name, why, clause }) =>
      `:no_entry_sign: *Not asked:* ${escapeMrkdwn(name)}, ${escapeMrkdwn(why)}${sourceOf(clause)}.`,
  );
}

function blockOf(lines: readonly string[]): KnownBlock[] {
  return lines.length === 0 ? [] : [{ type: 'section', text: mrkdwn(lines.join('\n')) }];
}

function sourceOf(clause: string | null): string {
  return clause === null ? '' : ` (${escapeMrkdwn(clause)})`;
}
