import type { PersonId } from '../ids.ts';
import type { Authorship } from './authorship.ts';
import type { StageRule } from './catalogue.ts';

/** A person who may approve, with how the card names them. */
export type Approver = {
  id: PersonId;
  name: string;
  email: string;
  /**
   * In whose place they decide, and until when (ISO 8601); left out: in their own. `isOver`: the person is back, and
   * only what the delegate approved meanwhile still counts.
   */
  for?: { id: PersonId; name: string; until: string; isOver?: true };
};

/** One source of the rule and the people it yields right now. `quorum`: how many of them it takes; left out: one. */
export type ApproverSlot = { source: string; people: Approver[]; pinged: boolean; quorum?: number };

/** Those who are asked together, as resolved at one moment. */
export type ApproverStage = {
  of: StageRule['of'];
  quorum: number;
  slots: ApproverSlot[];
  /**
   * The people who are asked too by now, further up the escalation ladder, a slot for each rung. Each of them stands in
   * for one person who is missing. Left out: nobody.
   */
  rungs?: ApproverSlot[];
  /** The rule and the ladder left too few, so the catalogue's admins are asked instead. */
  escalated: boolean;
};

/** Who may decide a change, as resolved at one moment. Resolved again at every click. */
export type ApproverPlan = {
  /** One after the other; at least one. */
  stages: ApproverStage[];
  /** Nobody counts in more than one stage. */
  distinct: boolean;
  /** Who is told of it and may not decide. */
  told?: Approver[];
  /** Those of them who are away, with their delegates. `whyNot`: why that delegate does not decide on this. */
  away?: {
    id: PersonId;
    name: string;
    since: string;
    until: string;
    delegate: string;
    whyNot: string | null;
  }[];
  /**
   * Those who are away and in whose stead nobody decides, where too few are left without them: others are asked too.
   * They may decide all the same. `until` null: they did not say.
   */
  absent?: { id: PersonId; name: string; until: string | null }[];
  /** Whom the catalogue names and a rule does not let approve this. */
  excludedByPolicy?: { id: PersonId; name: string; why: string; clause: string | null }[];
  /**
   * Of what was found: what is known of who did it, where nobody has told. While that is awaited nobody can keep it.
   */
  author?: Exclude<Authorship, { is: 'told' }>;
  /** Of what was found: who may take it away though they may not keep it. */
  revert?: Approver[];
  /** On a card on many: how many it takes to keep, where more than it takes to take away, and why. */
  toKeep?: { quorum: number; why: string; clause: string | null };
};

/**
 * An approval as the plan counts it: of whom, and in which stage, from 0; left out: the first. `insteadOf`: whom they
 * decided for.
 */
export type Given = { by: PersonId; stage?: number; insteadOf?: { id: PersonId; name: string } };

/**
 * One stage without requester and beneficiary. A rule that leaves nobody (or, for `all`, leaves a slot empty) goes
 * to the admins; it is never taken as approved. Fewer people than the quorum is "nobody" too.
 */
export function planStage(
  rule: Pick<StageRule, 'of' | 'quorum'>,
  slots: readonly ApproverSlot[],
  admins: readonly Approver[],
  excluded: ReadonlySet<PersonId>,
): ApproverStage {
  return withAdmins(stageAsWritten(rule, slots, excluded), withoutExcluded(admins, excluded));
}

/** A stage as the rule has it, without requester and beneficiary. It may leave too few. */
export function stageAsWritten(
  { of, quorum }: Pick<StageRule, 'of' | 'quorum'>,
  slots: readonly ApproverSlot[],
  excluded: ReadonlySet<PersonId>,
): ApproverStage {
  const eligible = slots.map((slot) => ({ ...slot, people: withoutExcluded(slot.people, excluded) }));
  return { of, quorum, slots: eligible, escalated: false };
}

/** The stage with another rung of the ladder asked besides. */
export function withRung(
  stage: ApproverStage,
  rung: ApproverSlot,
  excluded: ReadonlySet<PersonId>,
): ApproverStage {
  return {
    ...stage,
    rungs: [...(stage.rungs ?? []), { ...rung, people: withoutExcluded(rung.people, excluded) }],
  };
}

/** The stage with the admins asked instead, where it leaves too few. */
export function withAdmins(stage: ApproverStage, admins: readonly Approver[]): ApproverStage {
  if (!isStageStranded(stage)) return stage;
  const { of, quorum, slots } = stage;
  const adminSlot = slotOfAdmins(admins);
  // Where a source takes several of its own, an admin makes up for one of them and no more.
  if (slots.some((slot) => (slot.quorum ?? 1) > 1))
    return { ...stage, rungs: [...(stage.rungs ?? []), adminSlot], escalated: true };
  const filled =
    of === 'any'
      ? slots
      : slots.map((slot) =>
          slot.people.length > 0 ? slot : { ...adminSlot, source: `admins for ${slot.source}` },
        );
  const isEnough = distinct(slotsOf({ ...stage, slots: filled })).length >= quorum;
  return { ...stage, slots: isEnough ? filled : [...filled, adminSlot], escalated: true };
}

/**
 * The stage with the admins asked besides, as the last rung: it has people, and chat has too few of them. Those people
 * may decide all the same. Without an admin who is not among them the stage stays as it is.
 */
export function withAdminsBesides(stage: ApproverStage, admins: readonly Approver[]): ApproverStage {
  const asked = new Set(distinct(slotsOf(stage)).map(({ id }) => id));
  const others = withoutExcluded(admins, asked);
  if (others.length === 0) return stage;
  return { ...stage, rungs: [...(stage.rungs ?? []), slotOfAdmins(others)], escalated: true };
}

/** Whether a stage was put to the admins besides: who was asked before can still decide. */
export function isWithAdminsBesides({ escalated, rungs = [] }: ApproverStage): boolean {
  return escalated && rungs.at(-1)?.source === ADMINS;
}

const ADMINS = 'admins';

function slotOfAdmins(admins: readonly Approver[]): ApproverSlot {
  return { source: ADMINS, people: [...admins], pinged: true };
}

/** The stage as if these could not be asked: whether it leaves enough without them. */
export function isEnoughWithout(stage: ApproverStage, unreachable: ReadonlySet<PersonId>): boolean {
  const without = (slots: readonly ApproverSlot[]) =>
    slots.map((slot) => ({ ...slot, people: withoutExcluded(slot.people, unreachable) }));
  return !isStageStranded({ ...stage, slots: without(stage.slots), rungs: without(stage.rungs ?? []) });
}

/** A plan of one stage, as most are. */
export function planApprovers(...stage: Parameters<typeof planStage>): ApproverPlan {
  return planOf(planStage(...stage));
}

export function planOf(...stages: ApproverStage[]): ApproverPlan {
  return { stages, distinct: true };
}

/** Everybody who may approve by these slots, each once. */
export function distinct(slots: readonly ApproverSlot[]): Approver[] {
  const seen = new Map<PersonId, Approver>();
  for (const slot of slots)
    for (const person of slot.people) seen.set(person.id, seen.get(person.id) ?? person);
  return [...seen.values()];
}

/** The slots of a stage, with those of the ladder's rungs. */
export function slotsOf({ slots, rungs = [] }: ApproverStage): ApproverSlot[] {
  return [...slots, ...rungs];
}

/** Everybody who may approve in any of the stages, each once. */
export function mayApprove({ stages }: Pick<ApproverPlan, 'stages'>): Approver[] {
  return distinct(stages.flatMap(slotsOf));
}

/** Who is told of it and may not decide; whoever decides in somebody's stead may. */
export function onlyTold(plan: ApproverPlan): Approver[] {
  const may = new Set([...mayApprove(plan), ...(plan.revert ?? [])].map(({ id }) => id));
  return (plan.told ?? []).filter(({ id }) => !may.has(id));
}

/** Whether nobody at all can decide: somebody has to mend the catalogue. */
export function isStranded(plan: Pick<ApproverPlan, 'stages'>): boolean {
  return plan.stages.some(isStageStranded);
}

/** Not even everybody together could approve it. */
function isStageStranded(stage: ApproverStage): boolean {
  const everybody = distinct(slotsOf(stage)).map(({ id }) => id);
  return !isStageApproved(stage, everybody);
}

/** The plan with it known who did it, or that nobody will say. */
export function withAuthorKnown({ author, ...plan }: ApproverPlan): ApproverPlan {
  return author?.is === 'awaited' ? plan : { ...plan, ...(author === undefined ? {} : { author }) };
}

/** Whether these approvals, given by people who may approve now, settle the change. */
export function isApproved(plan: ApproverPlan, given: readonly Given[]): boolean {
  if (plan.author?.is === 'awaited') return false;
  return plan.stages.every((stage, n) => isStageApproved(stage, countedIn(plan, n, given)));
}

/** The stage that waits for approvals: the first that has too few. With none left, the last. */
export function openStage(plan: ApproverPlan, given: readonly Given[]): { n: number; stage: ApproverStage } {
  const open = plan.stages.findIndex((stage, n) => !isStageApproved(stage, countedIn(plan, n, given)));
  const n = open === -1 ? plan.stages.length - 1 : open;
  return { n, stage: plan.stages[n] as ApproverStage };
}

/** The people whose approvals count in a stage, as long as they may approve there. */
function countedIn(
  { distinct: isDistinct }: Pick<ApproverPlan, 'distinct'>,
  n: number,
  given: readonly Given[],
): PersonId[] {
  return given.filter(({ stage = 0 }) => !isDistinct || stage === n).map(({ by }) => by);
}

/** Whether these people approve a stage between them. Only those count who may approve in it. */
function isStageApproved(stage: ApproverStage, by: readonly PersonId[]): boolean {
  const may = new Map(distinct(slotsOf(stage)).map((person) => [person.id, person]));
  const those = new Set(by.filter((id) => may.has(id)));
  // Of whoever is away, and of their delegate, there is one word.
  const counted = new Set(
    [...those].filter((id) => {
      const absent = may.get(id)?.for;
      return absent === undefined || !those.has(absent.id);
    }),
  );
  if (counted.size < stage.quorum || counted.size === 0) return false;
  const missing = stage.slots.map((slot) => shortOf(slot, counted));
  const own = new Set(distinct(stage.slots).map(({ id }) => id));
  const alternates = [...counted].filter((id) => !own.has(id)).length;
  return (stage.of === 'all' ? missing.reduce((a, b) => a + b, 0) : Math.min(...missing)) <= alternates;
}

/** How many of its own people a slot still lacks. */
function shortOf({ people, quorum = 1 }: ApproverSlot, counted: ReadonlySet<PersonId>): number {
  return Math.max(0, quorum - people.filter(({ id }) => counted.has(id)).length);
}

/**
 * The approvers who are still missing in the stage that waits: `manager (Tom Okafor)`,
 * `1 more of Olga Brandt, Sofia Ricci`. `safe` makes a name, of a person or a group, harmless in the medium at hand.
 */
export function stillMissing(
  plan: ApproverPlan,
  given: readonly Given[],
  safe: (text: string) => string,
): string {
  const { n, stage } = openStage(plan, given);
  const done = new Set(countedIn(plan, n, given));
  const names = (people: readonly Approver[]) =>
    people.map((p) => inTheirName(p.name, p.for, safe)).join(' or ');
  const left = (people: readonly Approver[]) => askedNow(people).filter((p) => !done.has(p.id));
  const open = stage.of === 'all' ? stage.slots.filter((slot) => shortOf(slot, done) > 0) : [];
  if (open.length > 0) return open.map((slot) => missingOf(slot, shortOf(slot, done))).join(' and ');
  const short = Math.max(1, stage.quorum - done.size, Math.min(...stage.slots.map((s) => shortOf(s, done))));
  const others = names(left(distinct(slotsOf(stage))));
  return others === '' ? `${short} more (${NOBODY_LEFT})` : `${short} more of ${others}`;

  function missingOf(slot: ApproverSlot, short: number): string {
    const people = names(left(slot.people)) || NOBODY_LEFT;
    return `${short > 1 ? `${short} of ` : ''}${safe(slot.source)} (${people})`;
  }
}

const NOBODY_LEFT = 'nobody is left who may';

/** Without those who are away and have a delegate among them, and without delegates of whoever is back. */
export function askedNow(people: readonly Approver[]): Approver[] {
  const absent = new Set(
    people.flatMap((p) => (p.for === undefined || p.for.isOver === true ? [] : p.for.id)),
  );
  return people.filter((p) => !absent.has(p.id) && p.for?.isOver !== true);
}

/**
 * The people whom the card of a stage asks first, and the others who may decide too. A person who is away and has a
 * delegate is among the others.
 */
export function peopleOfStage(stage: ApproverStage): { first: Approver[]; others: Approver[] } {
  const first = askedNow(distinct(slotsOf(stage).filter((s) => s.pinged)));
  const others = distinct(slotsOf(stage)).filter(
    (p) => p.for?.isOver !== true && !first.some(({ id }) => id === p.id),
  );
  return { first, others };
}

/** `Nadia Haddad (for Tom Okafor)`; `other`: in whose stead, where it is not their own. */
export function inTheirName(
  name: string,
  other: { name: string } | undefined,
  safe: (text: string) => string,
): string {
  return other === undefined ? safe(name) : `${safe(name)} (for ${safe(other.name)})`;
}

/** In whose place this person decides on it; null: in their own, or not at all. */
export function decidesFor(plan: ApproverPlan, id: PersonId): { id: PersonId; name: string } | null {
  const found = [...mayApprove(plan), ...(plan.revert ?? [])].find((p) => p.id === id)?.for;
  return found === undefined ? null : { id: found.id, name: found.name };
}

function withoutExcluded(people: readonly Approver[], excluded: ReadonlySet<PersonId>): Approver[] {
  return people.filter((p) => !excluded.has(p.id));
}
