import type { KnownBlock, ModalView } from '@slack/types';
import type { Change } from '../../core/change/change.ts';
import { legTimes } from '../../core/change/legs.ts';
import { isPending } from '../../core/change/states.ts';
import { countInWords, elapsedInWords } from '../../core/duration.ts';
import type { SheetFact } from '../../core/facts/request-facts.ts';
import { type ApproverPlan, type ApproverStage, onlyTold, slotsOf } from '../../core/policy/routing.ts';
import { capital } from '../../core/text.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { section } from '../blocks.ts';
import { mrkdwn, plain, plainLines } from '../mrkdwn.ts';
import { adviceBlocks, factNames } from './advice.ts';
import { fieldsOf, headOf, whyBlocks } from './card.ts';
import { unusualBlocks, whoBlocks } from './glance.ts';
import { mention } from './names.ts';
import { notAskedBlocks, rulingBlocks } from './rulings.ts';

/** Of a group of hundreds the first say enough. */
const PEOPLE_SHOWN = 20;
/** Said elsewhere in the form, or quoted. */
const notAgain = ['person', 'requested by', 'entitlement', 'tier', 'ticket', 'reason', 'found', 'people'];

/**
 * Pure: all that is known of a change, for whoever wants more than the card says. Reads only: nothing is decided here.
 */
export function detailsModal(view: ChangeView): ModalView {
  const { change, summary } = view;
  return {
    type: 'modal',
    title: { type: 'plain_text', text: 'Details' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [
      section(mrkdwn(`*${headOf(view, mention)}*`)),
      ...whoBlocks(view),
      { type: 'section', fields: fieldsOf(view) },
      ...whyBlocks(change),
      ...unusualBlocks(view),
      ...(summary === null
        ? []
        : under(
            isPending(change.state) ? 'What is known' : 'When it was asked for',
            linesOf(summary.sheet.facts.filter((f) => !notAgain.includes(f.label))),
          )),
      ...rulingBlocks(view),
      ...under(
        'What the written policy says to it',
        (summary?.sheet.clauses ?? []).map((clause) => `${clause.id}: ${clause.text}`),
      ),
      ...under('Who may decide', change.plan === null ? [] : approverLines(change.plan)),
      ...under('Who is told, and may not decide', change.plan === null ? [] : toldLines(change.plan)),
      ...notAskedBlocks(view),
      ...(summary === null ? [] : [{ type: 'divider' as const }, ...adviceBlocks(summary, change.verdict)]),
      ...under('The way into MuleSoft', wayLines(view)),
      { type: 'context', elements: [plain(`Request ${change.id}`)] },
    ],
  };
}

export function under(head: string, lines: readonly string[]): KnownBlock[] {
  if (lines.length === 0) return [];
  return [section(mrkdwn(`*${head}*`)), section(plainLines(lines.map((line) => `•  ${line}`)))];
}

export function linesOf(facts: readonly SheetFact[]): string[] {
  return facts.map(({ label, text }) => `${capital(factNames[label] ?? label)}: ${text}`);
}

/** Each source of the catalogue's rule, with whom it yields, stage after stage. */
export function approverLines({ stages }: ApproverPlan): string[] {
  return stages.flatMap((stage, n) => [
    ...(stages.length === 1 ? [] : [n === 0 ? 'First:' : `Then, once stage ${n} is approved:`]),
    ...stageLines(stage),
  ]);
}

function toldLines(plan: ApproverPlan): string[] {
  const told = onlyTold(plan);
  return told.length === 0 ? [] : [people(told.map(({ name }) => name))];
}

function people(names: readonly string[]): string {
  const rest = names.length - PEOPLE_SHOWN;
  const shown = names.slice(0, PEOPLE_SHOWN).join(', ');
  return names.length === 0 ? 'nobody left' : rest > 0 ? `${shown} and ${rest} more` : shown;
}

function stageLines(stage: ApproverStage): string[] {
  const { of, quorum } = stage;
  const needed =
    of === 'all'
      ? 'One of each line has to approve.'
      : quorum > 1
        ? `${capital(countInWords(quorum))} of these have to approve.`
        : 'One of these is enough.';
  return [
    ...slotsOf(stage).map((slot) => {
      const several = (slot.quorum ?? 1) > 1 ? `${countInWords(slot.quorum ?? 1)} of ` : '';
      return `${capital(slot.source)}: ${several}${people(slot.people.map((p) => p.name))}`;
    }),
    needed,
  ];
}

/** How long each part took, or that it is not done yet. Empty before the decision. */
function wayLines(view: ChangeView): string[] {
  const shown: Change = view.ending ?? view.change;
  const { legs, signedInAt } = shown;
  if (legs.decidedAt === null) return [];
  const t = legTimes(legs, signedInAt);
  const parts: [string, number | null][] = [
    [`Written to ${view.idpName}`, t.decisionToIdp],
    [`Pushed by ${view.idpName} (SCIM)`, t.idpToScim],
    // What waited for a sign-in is counted from it.
    [
      'Carried into the Anypoint team',
      signedInAt === null ? t.scimToDelivery : since(signedInAt, legs.deliveredAt),
    ],
    ['Seen in MuleSoft', t.deliveryToSeen],
  ];
  const group =
    shown.target === null
      ? []
      : [`${view.idpName} group ${shown.target.groupName}`, `Anypoint team ${shown.target.teamName}`];
  return [
    ...group,
    ...parts.map(([what, ms]) =>
      ms === null ? `${what}: not yet, or not needed` : `${what}: after ${elapsedInWords(ms)}`,
    ),
    ...(t.total === null
      ? []
      : [
          `${signedInAt === null ? 'From the decision' : 'From their first sign-in to Anypoint'} until seen: ${elapsedInWords(t.total)}`,
        ]),
  ];
}

function since(from: Date, to: Date | null): number | null {
  return to === null ? null : Math.max(0, to.getTime() - from.getTime());
}
