import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import type { ChangeId, EntitlementKey } from '../../core/ids.ts';
import { endBaseline } from '../../store/baseline.ts';
import { revokeUnderway } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { baselineGroups } from '../../store/offboardings.ts';
import { identityOf, type Person, readPerson } from '../../store/people.ts';
import { speaksFrom } from '../../store/person-home.ts';
import { readSnapshot } from '../../store/person-snapshots.ts';
import type { AtIdp } from '../idps/idps.ts';
import { type Following, noteByLatchkey, type Unit } from '../kernel/commit.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { entitlementOf } from '../mass-change/collect.ts';
import { endGrants, revokeOf } from '../membership/end-grants.ts';
import { everyTeam, readyTargets } from '../membership/ready-targets.ts';
import { tellOfLostAccount } from './lost-account.ts';

/** Whether another identity provider has the person active, with the app, as it was last seen. */
export async function isActiveElsewhere(
  context: Parties & AtIdp,
  unit: Unit,
  personId: string,
): Promise<boolean> {
  return (await activeElsewhere(context, unit, personId)) !== null;
}

async function activeElsewhere(
  context: Parties & AtIdp,
  unit: Unit,
  personId: string,
): Promise<string | null> {
  for (const { system } of context.idps.all) {
    if (system === context.idp.system) continue;
    const identity = await identityOf(unit.tx, personId, system);
    if (identity === null || identity.isUnconfirmed) continue;
    const seen = await readSnapshot(unit.tx, personId, system);
    const status = identity.status ?? (await readPerson(unit.tx, personId))?.status;
    if (status === 'active' && (seen === null || (seen.status === 'active' && seen.hadApp))) return system;
  }
  return null;
}

/**
 * One identity provider has lost the person, and another has them active. Each speaks for its own: everything that the
 * one gives ends at once, what was there before Latchkey as well, and what the other gives stays. From now on the other
 * speaks for the person. Whether they have left is not decided by it: the admins are told, and can say so.
 */
export async function endAtIdp(
  context: Data & Parties & AtIdp,
  unit: Unit,
  person: Pick<Person, 'id'>,
  why: 'left' | 'lostApp',
): Promise<Following> {
  const { system } = context.idp;
  const cause = why === 'left' ? 'leaver' : 'lostApp';
  const changes: Change[] = [];
  const stays: string[] = [];
  for (const id of (await unendedGrants(unit.tx, { personId: person.id })).map((g) => g.changeId).sort()) {
    const change = await unit.change(id);
    if (change?.target?.idp === system) changes.push(change);
    else if (change !== null)
      stays.push(context.catalogue.entitlement(change.entitlementKey)?.title ?? change.entitlementKey);
  }
  const events: ChangeEvent[] = (await endGrants(unit, changes, cause, null)) ?? [];
  for (const groupId of why === 'left' ? await baselineGroups(unit.tx, person.id) : []) {
    const target = readyTargets(context).find((one) => one.groupId === groupId && one.idp === system);
    if (target === undefined) continue;
    const pair = { personId: person.id, groupId };
    await endBaseline(unit.tx, pair, unit.now);
    const isEnding = events.some((e) => e.type === 'changeApproved' && e.target.groupId === groupId);
    if (isEnding || (await revokeUnderway(unit.tx, pair)) !== null) continue;
    const entitlementKey = entitlementOf(context, groupId)?.entitlement.key ?? (groupId as EntitlementKey);
    events.push(
      ...revokeOf({
        revokeId: randomUUID() as ChangeId,
        of: { entitlementKey, personId: person.id },
        target,
        cause,
        by: null,
        actor: { part: 'latchkey' },
        at: unit.now,
      }),
    );
  }
  const other = await activeElsewhere(context, unit, person.id);
  if (other !== null) await speaksFrom(unit.tx, person.id, other);
  const note = noteByLatchkey(unit, 'accountLost', {
    personId: person.id,
    idp: system,
    why,
    stillActiveIn: other,
    ended: events.filter(({ type }) => type === 'grantEnded').length,
  });
  const lost = { personId: person.id, idp: system, other, why, stays };
  const told = await tellOfLostAccount(context, unit, lost, events);
  return { events, notes: [note], jobs: [...everyTeam(context, person), ...told] };
}
