import { isDeepStrictEqual } from 'node:util';
import { otherwiseOnCard } from '../../core/change/shown.ts';
import { durationInWords } from '../../core/duration.ts';
import { findingSheet, massSheet, plainFinding } from '../../core/facts/finding-facts.ts';
import type { FactSheet } from '../../core/facts/request-facts.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import {
  evolveMass,
  FOUND_THERE,
  isOpen,
  type MassChange,
  type MassChangeEvent,
} from '../../core/mass-change/mass-change.ts';
import { decideOnAnswers } from '../../core/mass-change/settle.ts';
import { figure } from '../../core/mass-change/words.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import { evaluateRequest, type Verdict } from '../../core/policy/verdict.ts';
import { holding } from '../../store/grants.ts';
import { membersWithoutGrant } from '../../store/group-members.ts';
import { countNoted, readMassChange, shownItems, tallyOf } from '../../store/mass-changes.ts';
import { readPerson } from '../../store/people.ts';
import { readSummary, writeSummary } from '../../store/summaries.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { type WhoDecides, whoDecides } from './deciders.ts';

/**
 * Summarize and ask, for many decided on one card: gathers the facts as they are now and finds who decides. Runs again
 * whenever the card grows or shrinks; safe to run twice.
 */
export async function assessMassChange(
  context: Context,
  job: Extract<Job, { job: 'assessMassChange' }>,
): Promise<Ran> {
  const mass = await readMassChange(context.db, job.massChangeId);
  if (mass === null || !isOpen(mass.state)) return done;
  const who = await whoDecides(context, mass);
  const { sheet, plain } = await factsOf(context, mass, who);
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.massChange(mass.id);
      if (locked === null || !isOpen(locked.state)) return { result: null };
      const before = await readSummary(unit.tx, mass.id);
      const isNews = !isDeepStrictEqual(before?.sheet, sheet);
      if (isNews) await writeSummary(unit.tx, mass.id, { sheet, plain });
      const changed = locked.state === 'asking' ? otherwiseOnCard(locked, who.shown) : [];
      const isPut =
        locked.state === 'asking' && isDeepStrictEqual(locked.plan, who.plan) && changed.length === 0;
      const base = { massChangeId: mass.id, at: unit.now, actor: { part: 'latchkey' } } as const;
      const asked: MassChangeEvent[] = isPut
        ? []
        : [
            {
              ...base,
              type: 'massAsked',
              plan: who.plan,
              ...(who.shown === null ? {} : { shown: who.shown }),
              ...(changed.length === 0 ? {} : { isAnew: true }),
            },
          ];
      const after = asked.reduce<MassChange>((before, event) => evolveMass(before, event), locked);
      // A person who has answered already need not answer again, once it is known who did it.
      const events = [...asked, ...decideOnAnswers(after, { plan: who.plan, now: unit.now })];
      if (events.length > 0) return { result: null, events };
      return {
        result: null,
        jobs: [
          { job: 'updateCard', about: 'massChange', id: mass.id },
          ...(isNews ? [{ job: 'advise', changeId: mass.id } as const] : []),
        ],
      };
    },
    context.nudge,
  );
  return done;
}

/** Of so many as are looked at for what policy says. */
const POLICY_LOOKED_AT = 10_000;
const LINES_MAX = 20;

async function factsOf(
  context: Data,
  mass: MassChange,
  { telling }: WhoDecides,
): Promise<{ sheet: FactSheet; plain: string }> {
  const catalogue = context.catalogue.current();
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  const { items, count } = await shownItems(context.db, mass.id, POLICY_LOOKED_AT);
  if (entitlement === null || mass.target === null) return await peopleSheet(context, mass, { items, count });
  const tally = await tallyOf(context.db, mass);
  const { holders } = await holding(
    context.db,
    { entitlementKey: entitlement.key, personId: mass.id, department: null },
    mass.openedAt,
  );
  const refusals =
    mass.kind === 'lost' ? new Map<string, number>() : refusedAmong(context, entitlement, items);
  const foundThere = await countNoted(context.db, mass.id, FOUND_THERE);
  const sheet = findingSheet({
    cause: mass.kind === 'lost' ? 'loss' : 'finding',
    who: { count: tally.count, departments: tally.departments, inactive: tally.inactive },
    entitlement,
    group: mass.kind === 'excess' ? `the Anypoint team ${mass.target.teamName}` : mass.target.groupName,
    foundThere,
    told: { ...telling, actors: telling.actors.map((actor) => actor.name) },
    holders,
    ...(mass.kind === 'excess' ? {} : await othersInGroup(context, mass.id, mass.target.groupId)),
    foundBefore: tally.foundBefore,
    policy:
      mass.kind === 'lost'
        ? wantedInWords(count, foundThere)
        : policyInWords(refusals, entitlement.defaultSeconds),
    clauses: catalogue.clauses.filter((c) => entitlement.clauses.includes(c.id)),
  });
  return { sheet, plain: plainFinding(sheet) };
}

/** The facts of a card that is about no entitlement: about people lost, or about one who moved. */
async function peopleSheet(
  context: Data,
  mass: MassChange,
  { items, count }: Awaited<ReturnType<typeof shownItems>>,
): Promise<{ sheet: FactSheet; plain: string }> {
  const mover = mass.moved === null ? null : await readPerson(context.db, mass.moved.personId);
  const about = {
    who: mover === null ? `${figure(count)} people` : [mover.name, mover.title].filter(Boolean).join(', '),
    lines: items.slice(0, LINES_MAX).flatMap((item) => item.note ?? []),
    count,
  };
  const sheet = massSheet(mass.kind === 'moved' ? 'moved' : 'deactivated', about, []);
  return { sheet, plain: '' };
}

/** How many of them policy refuses, by why. */
function refusedAmong(
  context: Data,
  entitlement: Entitlement,
  items: Awaited<ReturnType<typeof shownItems>>['items'],
): Map<string, number> {
  const refusals = new Map<string, number>();
  const verdicts = new Map<string, Verdict>();
  for (const { department, status } of items) {
    const isActive = status === 'active';
    // Of so many only this much is known, so few differ.
    const kind = `${isActive} ${department}`;
    const verdict =
      verdicts.get(kind) ??
      evaluateRequest(
        {
          entitlement,
          beneficiary: { email: '', department, isActive },
          requestedSeconds: entitlement.defaultSeconds,
          isForSomebodyElse: true,
        },
        context.catalogue.rules(),
      );
    verdicts.set(kind, verdict);
    if (verdict.effect !== 'refuse') continue;
    const why = verdict.grounds.map((g) => g.text).join('; ');
    refusals.set(why, (refusals.get(why) ?? 0) + 1);
  }
  return refusals;
}

async function othersInGroup(
  context: Data,
  massId: string,
  groupId: string,
): Promise<{ others: number | null }> {
  const { others } = await membersWithoutGrant(context.db, { groupId, personId: null, massId });
  return { others };
}

function wantedInWords(count: number, foundThere: number): string {
  if (foundThere === 0) return 'each of them holds a grant that is still live';
  const before = 'in it before Latchkey, and by no grant';
  if (foundThere >= count) return `they were ${before}`;
  return `${figure(count - foundThere)} hold a grant that is still live; ${figure(foundThere)} were ${before}`;
}

function policyInWords(refusals: ReadonlyMap<string, number>, seconds: number): string {
  if (refusals.size === 0) return `policy allows all of them to hold it for ${durationInWords(seconds)}`;
  const each = [...refusals]
    .sort(([x, a], [y, b]) => b - a || (x < y ? -1 : 1))
    .slice(0, 3)
    .map(([why, n]) => `${figure(n)} because ${why}`);
  const all = [...refusals.values()].reduce((sum, n) => sum + n, 0);
  return `policy does not allow ${figure(all)} of them to hold it: ${each.join('; ')}`;
}
