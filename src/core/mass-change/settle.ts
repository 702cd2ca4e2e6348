import type { Actor } from '../change/events.ts';
import type { PersonId } from '../ids.ts';
import { type ApproverPlan, decidesFor, isApproved, mayApprove } from '../policy/routing.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type {
  ItemChoice,
  MassAnswer,
  MassChange,
  MassChangeEvent,
  MassItemAnswer,
  MassVerb,
} from './mass-change.ts';

export type MassClick = {
  /** The same click delivered twice has the same id. */
  id: string;
  round: number;
  verb: MassVerb;
  chosen: string[] | null;
};

/** About single items: what was added since the form was opened is not meant, so it has no round. */
export type SingleClick = { id: string; choices: ItemChoice[] };

/** Everything the decision rests on, gathered at the click. */
export type MassFacts = {
  clicker: { id: PersonId; name: string };
  /** Approvers by the catalogue and the IdP as they are now, without those in `excludedByPolicy`. */
  plan: ApproverPlan;
  /** Those it is about, and who made the change: they can't decide on it. */
  excludedByPolicy: ReadonlySet<PersonId>;
  /** Keys of the items still to be decided. */
  keys: ReadonlySet<string>;
  /** What of the entitlement is otherwise than the card showed, in words. */
  changed?: readonly string[];
  now: Date;
};

/**
 * Whether this click decides it, and how. An empty list of events means the very same click was counted before.
 * Refusals change nothing and are shown to the clicker only.
 */
export function settleMass(
  mass: MassChange,
  click: MassClick,
  facts: MassFacts,
): MassChangeEvent[] | Refusal {
  const { clicker, plan, keys } = facts;
  if (isCounted(mass, click.id)) return [];
  const refused = refuseOver(mass) ?? refuseRound(mass, click) ?? refuseClicker(facts);
  if (refused !== null) return refused;
  const { verb } = click;
  const changed = verb === 'revert' ? [] : (facts.changed ?? []);
  if (changed.length > 0)
    return refuse(
      'staleCard',
      `What this card showed is no longer so: ${changed.join('; ')}.`,
      'Nothing was decided. It is put anew with what it is now: decide on that card.',
    );
  if (isAnsweredSo(mass, verb, clicker.id)) {
    // Somebody who counts may have been away when the last of them answered.
    const decided = verb === 'choose' ? [] : decideOnAnswers(mass, facts);
    return decided.length > 0 ? decided : answeredAlready;
  }
  const { base, by } = baseOf(mass, click.id, facts);
  const answer: MassAnswer = { verb, ...by };
  const given: MassChangeEvent = { ...base, type: 'massAnswered', answer };
  const after: MassChange = { ...mass, answers: [...mass.answers, answer] };
  const ofOneMind = latestAnswers(after.answers).filter((a) => a.verb === verb);
  // An item on which one of them has since answered otherwise by name is not decided with the others.
  const isSingled =
    mass.itemAnswers.length > 0 &&
    verb !== 'choose' &&
    [...keys].some((k) => choiceOn(after, k, plan) !== verb);
  if (!isApproved(askedFor(plan, verb), ofOneMind) || isSingled)
    return [given, ...decidedSingly(after, by, base, facts)];
  const chosen = verb === 'choose' ? (click.chosen ?? []).filter((key) => keys.has(key)) : null;
  return [given, { ...base, type: 'massDecided', decision: { ...answer, chosen } }];
}

/** The last answer of each: whoever answers anew has changed their mind. */
function latestAnswers(answers: readonly MassAnswer[]): MassAnswer[] {
  return answers.filter((a, n) => !answers.some((b, m) => m > n && b.by === a.by));
}

/** The approvers that it takes to keep, or to take away. Taking away needs nobody to say who did it. */
function askedFor({ author, ...plan }: ApproverPlan, verb: MassVerb): ApproverPlan {
  if (verb !== 'keep') return plan;
  const { toKeep } = plan;
  const stages =
    toKeep === undefined ? plan.stages : plan.stages.map((stage) => ({ ...stage, quorum: toKeep.quorum }));
  return { ...plan, stages, ...(author === undefined ? {} : { author }) };
}

/**
 * Whether the answers to all of it decide it by now, without a click. That happens in two cases:
 * - a person whose answer counts was away when the last of them answered
 * - it had to be known first who made these changes
 *
 * Pure; empty: they don't.
 */
export function decideOnAnswers(
  mass: MassChange,
  { plan, now }: Pick<MassFacts, 'plan' | 'now'>,
): MassChangeEvent[] {
  if (mass.state !== 'asking' || mass.itemAnswers.length > 0) return [];
  const may = new Set(mayApprove(plan).map(({ id }) => id));
  const latest = latestAnswers(mass.answers);
  for (const verb of ['revert', 'keep'] as const) {
    const ofOneMind = latest.filter((a) => a.verb === verb);
    const last = ofOneMind.findLast(({ by }) => may.has(by));
    if (last === undefined || !isApproved(askedFor(plan, verb), ofOneMind)) continue;
    const actor = { person: last.by, name: last.byName };
    return [
      {
        type: 'massDecided',
        massChangeId: mass.id,
        at: now,
        actor,
        decision: { ...last, at: now, chosen: null },
      },
    ];
  }
  return [];
}

/**
 * Decides on an answer about single items, while the others on the card wait. An item is decided when as many people
 * agree on it as the card asks for. The card is decided when no item is left. An answer for all counts for each item.
 */
export function settleSingle(
  mass: MassChange,
  click: SingleClick,
  facts: MassFacts,
): MassChangeEvent[] | Refusal {
  if (isCounted(mass, click.id)) return [];
  const refused = refuseOver(mass) ?? refuseClicker(facts);
  if (refused !== null) return refused;
  if (mass.kind !== 'deactivated')
    return refuse('unknownChange', 'These are not decided one by one.', 'Use the buttons on the card.');
  const choices = click.choices.filter(({ key }) => facts.keys.has(key));
  if (choices.length === 0)
    return refuse(
      'alreadySettled',
      'Nobody whom you chose is on the card any more.',
      'Nothing more to do; the card shows who is left.',
    );
  if (choices.every(({ key, choice }) => choiceBy(mass, key, facts.clicker.id) === choice))
    return answeredAlready;
  const { base, by } = baseOf(mass, click.id, facts);
  const answer: MassItemAnswer = { ...by, choices };
  const after: MassChange = { ...mass, itemAnswers: [...mass.itemAnswers, answer] };
  return [{ ...base, type: 'massItemsAnswered', answer }, ...decidedSingly(after, by, base, facts)];
}

type By = Omit<MassItemAnswer, 'choices'>;
type Base = { massChangeId: MassChange['id']; at: Date; actor: Actor };

function baseOf(
  mass: MassChange,
  clickId: string,
  { clicker, plan, now }: MassFacts,
): { base: Base; by: By } {
  const other = decidesFor(plan, clicker.id);
  return {
    base: { massChangeId: mass.id, at: now, actor: { person: clicker.id, name: clicker.name } },
    by: {
      by: clicker.id,
      byName: clicker.name,
      at: now,
      clickId,
      ...(other === null ? {} : { insteadOf: other }),
    },
  };
}

/** Items on which enough agree now, where anybody has answered by name at all. */
function decidedSingly(
  mass: MassChange,
  by: By,
  base: Base,
  { plan, keys }: Pick<MassFacts, 'plan' | 'keys'>,
): MassChangeEvent[] {
  if (mass.itemAnswers.length === 0) return [];
  const choices = [...keys].sort().flatMap((key): ItemChoice[] => {
    const choice = choiceOn(mass, key, plan);
    return choice === null ? [] : [{ key, choice }];
  });
  if (choices.length === 0) return [];
  const decided: MassChangeEvent = { ...base, type: 'massItemsDecided', decision: { ...by, choices } };
  if (choices.length < keys.size) return [decided];
  return [decided, { ...base, type: 'massDecided', decision: { ...by, verb: 'choose', chosen: [] } }];
}

/** The choice on this item on which enough of those who may decide agree; null: they do not agree. */
function choiceOn(mass: MassChange, key: string, plan: ApproverPlan): ItemChoice['choice'] | null {
  const people = [...new Set([...mass.answers, ...mass.itemAnswers].map(({ by }) => by))];
  const isChoice = (choice: ItemChoice['choice']) =>
    isApproved(
      plan,
      people.filter((by) => choiceBy(mass, key, by) === choice).map((by) => ({ by })),
    );
  return isChoice('revert') ? 'revert' : isChoice('keep') ? 'keep' : null;
}

/** This person's last choice on the item, by name or of all; null: none. */
export function choiceBy(mass: MassChange, key: string, by: PersonId): ItemChoice['choice'] | null {
  const ofAll = mass.answers.findLast((a) => a.by === by);
  const byName = mass.itemAnswers.findLast((a) => a.by === by && a.choices.some((f) => f.key === key));
  const all = ofAll === undefined || ofAll.verb === 'choose' ? null : ofAll.verb;
  if (byName === undefined || (ofAll !== undefined && ofAll.at > byName.at)) return all;
  return byName.choices.find((f) => f.key === key)?.choice ?? null;
}

/** Whether this is their answer now; who has said otherwise of single items since may say it again. */
function isAnsweredSo({ answers, itemAnswers }: MassChange, verb: MassVerb, by: PersonId): boolean {
  const last = answers.findLast((a) => a.by === by);
  return last?.verb === verb && !itemAnswers.some((a) => a.by === by && a.at > last.at);
}

function isCounted({ decision, answers, itemAnswers }: MassChange, clickId: string): boolean {
  return decision?.clickId === clickId || [...answers, ...itemAnswers].some((a) => a.clickId === clickId);
}

const answeredAlready = refuse(
  'alreadyApprovedByYou',
  'You have answered so already.',
  'It waits for another one.',
);

/** The clicker has to be one of those who may decide, and nobody whom it is about. */
function refuseClicker({ clicker, plan, excludedByPolicy }: MassFacts): Refusal | null {
  if (excludedByPolicy.has(clicker.id))
    return refuse(
      'selfApproval',
      'You made this change, or it is about you, so you can’t decide on it.',
      'Another owner or admin has to decide; the card names them.',
    );
  if (mayApprove(plan).some((p) => p.id === clicker.id && p.for?.isOver !== true)) return null;
  const names = mayApprove(plan).map((p) => p.name);
  const byRule = plan.excludedByPolicy?.find((b) => b.id === clicker.id);
  return refuse(
    'notAnApprover',
    byRule === undefined
      ? 'You are not among those who may decide on this.'
      : `Policy does not let you decide on this: ${byRule.why}${byRule.clause === null ? '' : ` (${byRule.clause})`}.`,
    `Those who may: ${names.join(', ') || 'nobody at the moment'}.`,
  );
}

/** Not asked yet, or not any more. */
function refuseOver(mass: MassChange): Refusal | null {
  const nothingMore = 'Nothing more to do; the card shows what happened.';
  if (mass.state === 'received')
    return refuse('staleCard', 'This is still being prepared.', 'Try again in a moment.');
  if (mass.state === 'closed')
    return refuse('alreadySettled', 'There is nothing left to decide: it was changed back.', nothingMore);
  if (mass.decision !== null)
    return refuse('alreadySettled', `${mass.decision.byName} decided this already.`, nothingMore);
  return null;
}

function refuseRound(mass: MassChange, click: MassClick): Refusal | null {
  if (click.round === mass.round) return null;
  return refuse(
    'staleCard',
    'More were added since you looked, so your click would decide on what you have not seen.',
    'Look at the card again; it shows how many there are now.',
  );
}
