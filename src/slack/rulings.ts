import type { KnownBlock } from '@slack/types';
import type { ApproverPlan } from '../core/routing.ts';
import type { Need } from '../core/verdict.ts';
import type { ChangeView } from '../flow/view.ts';
import { inert, mrkdwn } from './mrkdwn.ts';

const asksFor: Record<Need, string> = {
  person: 'A person has to decide',
  secondApprover: 'Two people have to approve',
  stepUp: 'Make sure with them that it is they who ask, a fresh sign-in can’t be asked for here yet',
};

/** What the rules found out of the ordinary, for whoever decides; empty where there is nothing. */
export function rulingBlocks({ change }: ChangeView): KnownBlock[] {
  const { verdict, plan } = change;
  const lines = [
    ...(verdict?.conflicts ?? []).map((c) => `:scales: *Separation of duties:* ${inert(c.text)}.`),
    ...(verdict?.holds ?? []).map(
      ({ needs, text, clause }) => `:lock: *${asksFor[needs]}:* ${inert(text)}${sourceOf(clause)}.`,
    ),
    ...(verdict?.unsure ?? []).map(
      (text) => `:warning: *A rule can’t be evaluated*, so it is yours to judge: ${inert(text)}.`,
    ),
    ...notAsked(plan),
  ];
  return blockOf(lines);
}

/** Whom a rule does not let decide. */
export function notAskedBlocks(plan: ApproverPlan | null): KnownBlock[] {
  return blockOf(notAsked(plan));
}

function notAsked(plan: ApproverPlan | null): string[] {
  return (plan?.barred ?? []).map(
    ({ name, why, clause }) =>
      `:no_entry_sign: *Not asked:* ${inert(name)}, ${inert(why)}${sourceOf(clause)}.`,
  );
}

function blockOf(lines: readonly string[]): KnownBlock[] {
  return lines.length === 0 ? [] : [{ type: 'section', text: mrkdwn(lines.join('\n')) }];
}

function sourceOf(clause: string | null): string {
  return clause === null ? '' : ` (${inert(clause)})`;
}
