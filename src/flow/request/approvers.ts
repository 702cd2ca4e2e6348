import { setImmediate } from 'node:timers/promises';
import { type Change, isByRule } from '../../core/change/change.ts';
import type { Absent } from '../../core/delegation/absent.ts';
import type { PersonId } from '../../core/ids.ts';
import {
  type ApproverRule,
  type ApproverSource,
  approversTaken,
  type Catalogue,
  type Entitlement,
  quorumOf,
  type StageRule,
  sourceName,
  withQuorum,
} from '../../core/policy/catalogue.ts';
import { type ApproverClock, rungsAsked } from '../../core/policy/ladder.ts';
import {
  type Approver,
  type ApproverPlan,
  type ApproverSlot,
  type ApproverStage,
  distinct,
  type Given,
  isStranded,
  isWithAdminsBesides,
  mayApprove,
  planOf,
  planStage,
  stageAsWritten,
  withAdmins,
  withAdminsBesides,
  withRung,
} from '../../core/policy/routing.ts';
import {
  evaluateRequest,
  quorumUnder,
  type RequestFacts,
  ruledOut,
  type Verdict,
} from '../../core/policy/verdict.ts';
import type { Person } from '../../store/people.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { byEmail, type Candidate, peopleOfEach } from './approver-sources.ts';
import { type AwayOnce, isEnoughThere, missedIn } from './reached.ts';

type ExcludedByPolicy = NonNullable<ApproverPlan['excludedByPolicy']>[number];

const ownerAlone: StageRule = { of: 'any', quorum: 1, sources: [{ owner: true }] };
const byOwner: ApproverRule = { stages: [ownerAlone], distinct: true };

/**
 * The entitlement with who decides on it: what was found, or rules would give, is for its owner, for nobody asked. But
 * to keep a finding is to give it. Where the catalogue takes two to give it, or others than the owner, it takes those.
 */
export function askedOf(change: Pick<Change, 'cause'>, entitlement: Entitlement): Entitlement {
  const { approvers } = entitlement;
  const toOwner = approvers.tell === undefined ? byOwner : { ...byOwner, tell: approvers.tell };
  if (change.cause === 'loss' || isByRule(change)) return { ...entitlement, approvers: toOwner };
  if (change.cause !== 'finding') return entitlement;
  const isOwners =
    approversTaken(approvers) < 2 &&
    approvers.stages.some(({ sources }) => sources.some((source) => 'owner' in source));
  return isOwners ? { ...entitlement, approvers: toOwner } : entitlement;
}

/**
 * The plan for one card on many. Its owner decides, or two of the catalogue's admins where nobody in particular owns
 * it. A person whom a rule does not let approve one of the items decides on none of them.
 */
export async function planOfOwner(
  context: Data & Parties,
  catalogue: Catalogue,
  card: {
    owner: string | null;
    excluded: ReadonlySet<PersonId>;
    items: readonly RequestFacts[];
    toKeep: ApproverPlan['toKeep'];
  },
): Promise<ApproverPlan> {
  const { owner, excluded, items, toKeep } = card;
  const excludedByPolicy = new Map<PersonId, ExcludedByPolicy>();
  const of = async (email: string, isLast: boolean) =>
    await allowedAll(
      context,
      (await byEmail(context, email)).filter((p) => !excluded.has(p.id)),
      { items, isLast },
      excludedByPolicy,
    );
  const slots: ApproverSlot[] =
    owner === null ? [] : [{ source: 'owner', people: await of(owner, false), pinged: true }];
  const quorum = owner === null ? 2 : 1;
  const rule = { ...ownerAlone, quorum: Math.max(quorum, toKeep?.quorum ?? 1) };
  const asked = (stage: ApproverStage) =>
    withExcluded(
      toKeep === undefined ? planOf(stage) : { ...planOf({ ...stage, quorum }), toKeep },
      excludedByPolicy,
    );
  const stage = planStage(rule, slots, [], excluded);
  if (!stage.escalated) return asked(stage);
  const admins: Approver[] = [];
  for (const email of catalogue.admins) admins.push(...(await of(email, true)));
  return asked(planStage(rule, slots, admins, excluded));
}

/** How many it takes to keep these, where a rule asks for more than one; what it is that asks. */
export async function heldToKeep(
  context: Pick<Context, 'catalogue'>,
  items: readonly RequestFacts[],
): Promise<ApproverPlan['toKeep']> {
  for (const [n, facts] of items.entries()) {
    if (n % ASKED_AT_A_STRETCH === ASKED_AT_A_STRETCH - 1) await setImmediate();
    const verdict = evaluateRequest(facts, context.catalogue.rules());
    // One card on many can't ask anybody to sign in: two people stand in for that.
    const hold = verdict.holds?.find(({ needs }) => needs === 'secondApprover' || needs === 'stepUp');
    const quorum = Math.max(quorumUnder(verdict, 1), hold === undefined ? 1 : 2);
    if (quorum > 1 && hold !== undefined) return { quorum, why: hold.text, clause: hold.clause };
  }
  return undefined;
}

/** Rules are asked this often before others have their turn. */
const ASKED_AT_A_STRETCH = 100;

/**
 * Those whom no rule keeps from approving any of these; the others are added to `excludedByPolicy`. The last who can be
 * asked (`isLast`) are asked also when a rule can't be evaluated, but not against one.
 */
async function allowedAll(
  context: Pick<Context, 'catalogue'>,
  people: readonly Candidate[],
  { items, isLast }: { items: readonly RequestFacts[]; isLast: boolean },
  excludedByPolicy: Map<PersonId, ExcludedByPolicy>,
): Promise<Approver[]> {
  const allowed: Approver[] = [];
  for (const { id, name, email, department, title } of people) {
    let by: ReturnType<typeof ruledOut> = null;
    for (const [n, facts] of items.entries()) {
      if (n % ASKED_AT_A_STRETCH === ASKED_AT_A_STRETCH - 1) await setImmediate();
      const ground = ruledOut(context.catalogue.rules(), facts, { email, department, title });
      if (ground !== null && (ground.isSure || !isLast)) by = ground;
      if (by !== null) break;
    }
    if (by === null) allowed.push({ id, name, email });
    else excludedByPolicy.set(id, { id, name, why: by.text, clause: by.clause });
  }
  return allowed;
}

function withExcluded(
  plan: ApproverPlan,
  excludedByPolicy: ReadonlyMap<PersonId, ExcludedByPolicy>,
): ApproverPlan {
  const may = new Set(mayApprove(plan).map(({ id }) => id));
  const out = [...excludedByPolicy.values()].filter((b) => !may.has(b.id));
  return out.length === 0 ? plan : { ...plan, excludedByPolicy: out };
}

/**
 * The entitlement that is asked for, and its beneficiary.
 * - `excluded`: people who can't decide on it, whatever the catalogue says
 * - `given`: the approvals so far. A person who gave one may count in no other stage.
 * - `clock`: how far its ladder was climbed
 */
export type Asked = {
  entitlement: Entitlement;
  beneficiary: Person;
  excluded: ReadonlySet<PersonId>;
  given: readonly (Given & { at: Date })[];
  clock: ApproverClock | undefined;
  /** It is put to people now: who can't be asked in chat is nobody. At a click nobody is asked anew. */
  isAsking: boolean;
  /** As it was put to people before; null: it was not. */
  before: ApproverPlan | null;
};

/**
 * Approvers of a request as catalogue, IdP and rules have them now, without requester and beneficiary. A rule takes
 * people away, and a verdict can ask for more of them; neither adds anybody. A stage that leaves too few (or too few in
 * chat) climbs the ladder at once, and with no rung left goes to the admins.
 */
export async function resolveApprovers(
  context: Context,
  catalogue: Catalogue,
  asked: Asked,
  under: { facts: RequestFacts; verdict: Verdict },
): Promise<ApproverPlan> {
  const { approvers } = asked.entitlement;
  const rule = withQuorum(approvers, quorumUnder(under.verdict, quorumOf(approvers)));
  const excludedByPolicy = new Map<PersonId, ExcludedByPolicy>();
  const stages: ApproverStage[] = [];
  const absent = new Map<PersonId, Absent>();
  for (const [n, stageRule] of rule.stages.entries()) {
    const elsewhere = asked.given.filter(({ stage = 0 }) => rule.distinct && stage !== n);
    const excluded = new Set([
      ...asked.excluded,
      ...elsewhere.flatMap(({ by, insteadOf }) => (insteadOf === undefined ? by : [by, insteadOf.id])),
    ]);
    const about = { ...asked, ...under, n, excluded, away: new Map() };
    const slots = await slotsBy(context, stageRule, about, excludedByPolicy);
    const written = stageAsWritten(stageRule, slots, excluded);
    const climbed = await climb(context, written, about, excludedByPolicy);
    for (const one of asked.isAsking ? await missedIn(context, written, about) : []) absent.set(one.id, one);
    const isLeft = !isStranded({ stages: [climbed] });
    if (isLeft && (await isReached(context, climbed, about))) {
      stages.push(climbed);
      continue;
    }
    const admins = await adminsAllowed(context, catalogue, under.facts, excludedByPolicy);
    const others = admins.filter(({ id }) => !excluded.has(id));
    stages.push(isLeft ? withAdminsBesides(climbed, others) : withAdmins(climbed, others));
  }
  const plan = {
    stages,
    distinct: rule.distinct,
    ...(absent.size === 0 ? {} : { absent: [...absent.values()] }),
  };
  return withExcluded({ ...plan, ...(await toldOf(context, plan, asked)) }, excludedByPolicy);
}

/** Who is only told: they are asked nothing, so no rule keeps them from it. Left out: nobody. */
async function toldOf(
  context: Context,
  plan: Pick<ApproverPlan, 'stages'>,
  asked: Asked,
): Promise<Pick<ApproverPlan, 'told'>> {
  const sources = asked.entitlement.approvers.tell ?? [];
  const found = await peopleOfEach(context, sources, asked);
  const may = new Set(mayApprove(plan).map(({ id }) => id));
  const people = found.flat().map(({ id, name, email }) => ({ id, name, email }));
  const told = distinct([{ source: 'told', people, pinged: true }]).filter(
    ({ id }) => !may.has(id) && !asked.excluded.has(id),
  );
  return told.length === 0 ? {} : { told };
}

/** Whether those who are asked are enough of those in chat; at a click it is as it was when they were asked. */
async function isReached(context: Context, stage: ApproverStage, about: InStage): Promise<boolean> {
  const { isAsking, before, n } = about;
  if (isAsking) return await isEnoughThere(context, stage, about);
  const shown = before?.stages[n];
  return shown === undefined || !isWithAdminsBesides(shown);
}

/** The stage with the rungs that were asked before, and with as many more as it takes to leave somebody. */
async function climb(
  context: Context,
  asWritten: ApproverStage,
  about: InStage,
  excludedByPolicy: Map<PersonId, ExcludedByPolicy>,
): Promise<ApproverStage> {
  const { entitlement, clock, excluded, n, isAsking } = about;
  const least = rungsAsked(clock, n);
  let stage = asWritten;
  for (const [i, { to }] of (entitlement.escalation ?? []).entries()) {
    const isEnough = async () =>
      isAsking ? await isEnoughThere(context, stage, about) : !isStranded({ stages: [stage] });
    if (i >= least && (await isEnough())) break;
    const slots = await slotsBy(context, { sources: to }, about, excludedByPolicy);
    const source = to.map(sourceName).join(' or ');
    stage = withRung(stage, { source, people: distinct(slots), pinged: true }, excluded);
  }
  return stage;
}

type InStage = Asked & { facts: RequestFacts; n: number; away: AwayOnce };

/** The sources of one stage with whom each yields now, without those whom a rule keeps from approving. */
async function slotsBy(
  context: Context,
  { sources, ping }: Pick<StageRule, 'sources' | 'ping'>,
  asked: Asked & { facts: RequestFacts },
  excludedByPolicy: Map<PersonId, ExcludedByPolicy>,
): Promise<ApproverSlot[]> {
  const isPinged = (source: ApproverSource) =>
    ping === undefined || ping.some((p) => sourceName(p) === sourceName(source));
  const found = await peopleOfEach(context, sources, asked);
  const slots: ApproverSlot[] = [];
  for (const [i, source] of sources.entries())
    slots.push({
      source: sourceName(source),
      people: await allowedAll(
        context,
        found[i] ?? [],
        { items: [asked.facts], isLast: false },
        excludedByPolicy,
      ),
      pinged: isPinged(source),
      ...(source.quorum === undefined ? {} : { quorum: source.quorum }),
    });
  return slots;
}

/** The admins whom no rule keeps from approving this. */
export async function adminsAllowed(
  context: Data & Parties,
  catalogue: Catalogue,
  facts: RequestFacts,
  excludedByPolicy: Map<PersonId, ExcludedByPolicy> = new Map(),
): Promise<Approver[]> {
  const admins = await Promise.all(catalogue.admins.map((email) => byEmail(context, email)));
  return await allowedAll(context, admins.flat(), { items: [facts], isLast: true }, excludedByPolicy);
}

/** Who owns it, as the IdP has them now. */
export async function ownersOf(context: Data & Parties, { owner }: Entitlement): Promise<Approver[]> {
  return (await byEmail(context, owner)).map(({ id, name, email }) => ({ id, name, email }));
}
