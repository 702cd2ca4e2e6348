import { randomUUID } from 'node:crypto';
import type { Actor, ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { MassChangeId, PersonId } from '../../core/ids.ts';
import {
  FOUND_THERE,
  isOpen,
  type MassChange,
  type MassChangeEvent,
  type MassItem,
} from '../../core/mass-change/mass-change.ts';
import { hasLeft } from '../../core/offboarding/offboarding.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { goneSince, recallGone, recordBaselineMembers } from '../../store/baseline.ts';
import { foundAlone } from '../../store/changes.ts';
import { holdingGrant, openItems, openMassChange, unattended } from '../../store/mass-changes.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import type { Context, Data, Runtime } from '../kernel/context.ts';

/** Items written in one commit: what a card grows by is one audit entry. */
const CHUNK = 1_000;

/** The people who differ in a group: in it and not wanted there, or wanted there and not in it. */
export type Differing = { finding: readonly string[]; lost: readonly string[] };

/**
 * Puts many differences of one group on one card for its owner, and keeps that card true. A new difference is added. A
 * difference that agrees again drops out. The card closes when none is left. Answers the people who are left to be
 * checked one by one: all of them, while they are few and no card is open. Safe to run twice.
 */
export async function putOnOneCard(
  context: Data & Runtime,
  groupId: string,
  found: Differing,
): Promise<string[]> {
  const carried = entitlementOf(context, groupId);
  if (carried === null) return [];
  return await context.locks.withLock(`mass:${groupId}`, async () => {
    const excludedByPolicy = await offboardedAmong(context, found.finding);
    const others = found.finding.filter((id) => !excludedByPolicy.has(id));
    const few = await sortOut(context, carried, 'finding', others);
    return [...excludedByPolicy, ...few, ...(await sortOut(context, carried, 'lost', found.lost))];
  });
}

/** The people whom an admin's word keeps out. Nobody is asked to keep them, so they are on no card. */
async function offboardedAmong(context: Data, personIds: readonly string[]): Promise<Set<string>> {
  const left = await leaversAmong(context.db, personIds);
  return new Set([...left.values()].filter((o) => !hasLeft(o)).map((o) => o.personId));
}

type Carried = { entitlement: Entitlement; target: Target };

/** The entitlement that a group carries; of several the first in the catalogue speaks for it. */
export function entitlementOf(context: Pick<Context, 'catalogue'>, groupId: string): Carried | null {
  for (const entitlement of context.catalogue.current().entitlements) {
    const status = context.catalogue.status(entitlement.key);
    if (status.status === 'ready' && status.target.groupId === groupId)
      return { entitlement, target: status.target };
  }
  return null;
}

async function sortOut(
  context: Data & Runtime,
  carried: Carried,
  kind: 'finding' | 'lost',
  differing: readonly string[],
): Promise<string[]> {
  const { groupId } = carried.target;
  const open = await openMassChange(context.db, kind, groupId);
  const { memberships, windowSeconds } = context.catalogue.current().massGuard;
  const group = { groupId, entitlementKey: carried.entitlement.key };
  // A storm that trickled in began one by one: they are asked about on the one card now.
  const alone = await foundAlone(context.db, {
    ...group,
    cause: kind === 'lost' ? 'loss' : 'finding',
    withinSeconds: windowSeconds,
  });
  const gone = kind === 'lost' ? await goneAlone(context, context.db, carried) : [];
  if (open === null && differing.length + alone.size + gone.length <= memberships) return [...differing];
  if (open !== null) await dropAgreeing(context, open, new Set(differing));
  const fresh = await unattended(context.db, group, differing);
  // Most are attended to already: what is left is no storm.
  if (open === null && fresh.length + alone.size + gone.length <= memberships) return fresh;
  if (kind === 'finding' && carried.entitlement.finding === 'accept')
    await acceptAll(context, carried.target, fresh);
  else await grow(context, carried, { kind, personIds: [...fresh, ...gone, ...alone.keys()], alone });
  return [];
}

/**
 * The people who went from a group as they came within the guard's window, one by one, and with whom nobody deals
 * since.
 */
export async function goneAlone(
  context: Pick<Context, 'catalogue'>,
  db: Db | Tx,
  { entitlement, target: { groupId } }: Carried,
): Promise<string[]> {
  const { windowSeconds } = context.catalogue.current().massGuard;
  const since = new Date((await databaseNow(db)).getTime() - windowSeconds * 1_000);
  return await unattended(
    db,
    { groupId, entitlementKey: entitlement.key },
    await goneSince(db, groupId, since),
  );
}

/** What differs no more needs no decision. */
async function dropAgreeing(
  context: Data & Runtime,
  { id }: MassChange,
  differing: ReadonlySet<string>,
): Promise<void> {
  const keys = (await openItems(context.db, id)).map((item) => item.key).filter((key) => !differing.has(key));
  if (keys.length > 0) await shrink(context, id, keys, 'the identity provider has it as wanted again');
}

/** Takes items off a card; with none left it closes. */
export async function shrink(
  context: Data & Runtime,
  id: MassChangeId,
  keys: readonly string[],
  why: string,
): Promise<void> {
  await commit(
    context.db,
    async (unit) => ({ result: null, events: await shrinkWithin(unit, id, keys, why) }),
    context.nudge,
  );
}

/** Takes people off an open card within the caller's transaction; the caller commits the events. */
export async function shrinkWithin(
  unit: Unit,
  id: MassChangeId,
  keys: readonly string[],
  why: string,
): Promise<MassChangeEvent[]> {
  const mass = await unit.massChange(id);
  if (mass === null || !isOpen(mass.state)) return [];
  const going = new Set(keys);
  const items = await openItems(unit.tx, id);
  const gone = items.filter((item) => going.has(item.key)).map((item) => item.key);
  if (gone.length === 0) return [];
  const base = { massChangeId: id, at: unit.now, actor: { part: 'latchkey' } } as const;
  const shrank: MassChangeEvent = { ...base, type: 'massShrank', keys: gone, why };
  return gone.length === items.length ? [shrank, { ...base, type: 'massClosed', why }] : [shrank];
}

async function grow(
  context: Data & Runtime,
  carried: Carried,
  {
    kind,
    personIds,
    alone,
  }: { kind: 'finding' | 'lost'; personIds: readonly string[]; alone: ReadonlyMap<string, string> },
): Promise<void> {
  for (const chunk of chunks(personIds))
    await commit(
      context.db,
      async (unit) => ({
        result: null,
        events: [
          ...(await withdrawn(
            unit,
            chunk.flatMap((personId) => alone.get(personId) ?? []),
          )),
          ...(await askAboutGroup(unit, carried, kind, chunk)),
        ],
      }),
      context.nudge,
    );
}

export function itemOf(personId: string, note: string | null = null): MassItem {
  return { key: personId, personId: personId as PersonId, note };
}

/**
 * They are wanted in the group by a grant, or because they were there before. Neither is given up before it is decided,
 * so they keep the team.
 */
async function lostItems(unit: Unit, groupId: string, personIds: readonly string[]): Promise<MassItem[]> {
  await recallGone(unit.tx, groupId, personIds);
  const held = await holdingGrant(unit.tx, groupId, personIds, unit.now);
  return personIds.map((id) => itemOf(id, held.has(id) ? null : FOUND_THERE));
}

/** Questions about one of them are closed: they are asked together. */
async function withdrawn(unit: Unit, changeIds: readonly string[]): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  for (const id of changeIds) {
    const change = await unit.change(id);
    if (change === null || nextState(change.state, 'changeWithdrawn') === null) continue;
    events.push({
      type: 'changeWithdrawn',
      changeId: change.id,
      at: unit.now,
      actor: { part: 'latchkey' },
      decision: {
        outcome: 'withdrawn',
        by: null,
        byName: 'Latchkey',
        at: unit.now,
        note: 'it is on one card with many others now',
        clickId: null,
      },
    });
  }
  return events;
}

type About = Pick<MassChange, 'kind' | 'scope' | 'entitlementKey' | 'target' | 'owner' | 'moved'>;

/** Adds items to the open card of this kind and scope, or opens one. The caller commits the events. */
export async function growWithin(
  unit: Unit,
  about: About,
  items: readonly MassItem[],
): Promise<MassChangeEvent[]> {
  const open = await openMassChange(unit.tx, about.kind, about.scope);
  const mass = open === null ? null : await unit.massChange(open.id);
  const isStillOpen = mass !== null && isOpen(mass.state);
  const known = isStillOpen ? new Set((await openItems(unit.tx, mass.id)).map((item) => item.key)) : null;
  const fresh = items.filter((item) => known?.has(item.key) !== true);
  if (fresh.length === 0) return [];
  const massChangeId = isStillOpen ? mass.id : (randomUUID() as MassChangeId);
  const base = { massChangeId, at: unit.now, actor: { part: 'latchkey' } } as const;
  const grew: MassChangeEvent = { ...base, type: 'massGrew', items: fresh };
  return isStillOpen ? [grew] : [{ ...base, type: 'massOpened', ...about }, grew];
}

/** Puts these people of a group on the card for its owner. The caller commits the events. */
export async function askAboutGroup(
  unit: Unit,
  { entitlement, target }: Carried,
  kind: 'finding' | 'lost',
  personIds: readonly string[],
): Promise<MassChangeEvent[]> {
  return await growWithin(
    unit,
    {
      kind,
      scope: target.groupId,
      entitlementKey: entitlement.key,
      target,
      owner: entitlement.owner,
      moved: null,
    },
    kind === 'lost' ? await lostItems(unit, target.groupId, personIds) : personIds.map((id) => itemOf(id)),
  );
}

/**
 * Puts people lost at once on one card for two of the catalogue's admins, one item for each offboarding that is held.
 * The caller commits the events.
 */
export async function putLeaversOnOneCard(
  unit: Unit,
  held: readonly { offboardingId: string; personId: string }[],
): Promise<MassChangeEvent[]> {
  return await growWithin(
    unit,
    { kind: 'deactivated', scope: 'everybody', entitlementKey: null, target: null, owner: null, moved: null },
    held.map(({ offboardingId, personId }) => ({
      key: offboardingId,
      personId: personId as PersonId,
      note: null,
    })),
  );
}

/** The catalogue accepts whoever is there: recorded as found, with one note for each thousand. */
async function acceptAll(
  context: Data & Runtime,
  target: Target,
  personIds: readonly string[],
): Promise<void> {
  for (const chunk of chunks(personIds))
    await commit(
      context.db,
      async (unit) => {
        await recordBaselineMembers(unit.tx, target, chunk, unit.now);
        return {
          result: null,
          notes: [membershipNote(unit, 'membershipAccepted', target, { personIds: chunk })],
        };
      },
      context.nudge,
    );
}

/** The note of memberships that no grant wants: of one person, or of many. */
export function membershipNote(
  unit: Unit,
  type: 'membershipAccepted' | 'baselineEnded',
  { groupId, groupName }: Target,
  {
    actor = { part: 'latchkey' },
    ...who
  }: ({ personId: string } | { personIds: readonly string[] }) & { actor?: Actor },
): Note {
  return { type, at: unit.now, actor, changeId: null, data: { ...who, groupId, groupName } };
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) =>
    all.slice(i * CHUNK, (i + 1) * CHUNK),
  );
}
