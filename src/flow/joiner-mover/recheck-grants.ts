import type { Change } from '../../core/change/change.ts';
import type { PersonId } from '../../core/ids.ts';
import type { MassChangeEvent, MassItem } from '../../core/mass-change/mass-change.ts';
import { noLongerFitting, type Placed } from '../../core/people/grant-fit.ts';
import { heldByRequest, idsNamed } from '../../store/birthrights.ts';
import { openItems, openMovesOf } from '../../store/mass-changes.ts';
import type { Person } from '../../store/people.ts';
import { readPersonAt } from '../../store/person-snapshots.ts';
import type { AtIdp } from '../idps/idps.ts';
import type { Unit } from '../kernel/commit.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { growWithin, shrinkWithin } from '../mass-change/collect.ts';

/**
 * Compares a person's grants with who they are now. Those that no longer fit are put to their owner, one card for each
 * owner. A grant that fits again, or has ended, drops out of a card that is still open. The caller commits the events.
 */
export async function recheckGrants(
  context: Data & Parties & AtIdp,
  unit: Unit,
  person: Person,
  from: string | null,
): Promise<MassChangeEvent[]> {
  const places = new Map<string, Placed>();
  for (const { system } of context.idps.all) {
    const there = system === context.idp.system ? person : await readPersonAt(unit.tx, person.id, system);
    if (there !== null) places.set(system, await placedBy(unit, there));
  }
  const byOwner = new Map<string | null, MassItem[]>();
  for (const id of await heldByRequest(unit.tx, person.id, unit.now)) {
    const change = await unit.change(id);
    if (change === null || change.grant === null || change.ended !== null) continue;
    const entitlement = context.catalogue.entitlement(change.entitlementKey);
    const placed = places.get(change.target?.idp ?? context.idp.system);
    const why = placed === undefined ? [] : noLongerFitting({ entitlement, change }, placed);
    if (why.length === 0) continue;
    const owner = entitlement?.owner.toLowerCase() ?? null;
    const items = byOwner.get(owner) ?? [];
    items.push({
      key: id,
      personId: person.id,
      note: lineOf(entitlement?.title ?? change.entitlementKey, change.grant, why),
    });
    byOwner.set(owner, items);
  }
  return [...(await tidy(unit, person, byOwner)), ...(await putToOwners(unit, person, from, byOwner))];
}

async function placedBy(unit: Unit, { email, department, manager }: Person): Promise<Placed> {
  const managers = manager === null ? [] : await idsNamed(unit.tx, manager);
  return { email, department, managerIds: new Set(managers as PersonId[]) };
}

/** `Payments API: read logs in prod, until 2 Mar 2026, 17:00 UTC: not open to Support`. */
function lineOf(title: string, grant: NonNullable<Change['grant']>, why: readonly string[]): string {
  const until = grant.endsAt.toLocaleString('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return `${title}, until ${until} UTC: ${why.join('; ')}`;
}

function scopeOf(person: Person, owner: string | null): string {
  return `${person.id}:${owner ?? 'admins'}`;
}

/** Open cards about an earlier move: they say where the person is now, and what fits again is taken off. */
async function tidy(
  unit: Unit,
  person: Person,
  byOwner: ReadonlyMap<string | null, MassItem[]>,
): Promise<MassChangeEvent[]> {
  const events: MassChangeEvent[] = [];
  for (const open of await openMovesOf(unit.tx, person.id)) {
    const locked = await unit.massChange(open.id);
    if (locked === null || locked.moved === null) continue;
    const still = new Set((byOwner.get(open.owner) ?? []).map((item) => item.key as string));
    const gone = (await openItems(unit.tx, open.id)).map((i) => i.key).filter((key) => !still.has(key));
    // With others to be asked about it stays open.
    const shrank = (await shrinkWithin(unit, open.id, gone, 'it fits again, or has ended')).filter(
      (event) => event.type !== 'massClosed' || still.size === 0,
    );
    if (locked.moved.to !== person.department && !shrank.some((e) => e.type === 'massClosed'))
      events.push({
        type: 'massMoved',
        massChangeId: open.id,
        at: unit.now,
        actor: { part: 'latchkey' },
        moved: { ...locked.moved, to: person.department },
      });
    events.push(...shrank);
  }
  return events;
}

async function putToOwners(
  unit: Unit,
  person: Person,
  from: string | null,
  byOwner: ReadonlyMap<string | null, MassItem[]>,
): Promise<MassChangeEvent[]> {
  const events: MassChangeEvent[] = [];
  for (const [owner, items] of byOwner)
    events.push(
      ...(await growWithin(
        unit,
        {
          kind: 'moved',
          scope: scopeOf(person, owner),
          entitlementKey: null,
          target: null,
          owner,
          moved: { personId: person.id, from, to: person.department },
        },
        items,
      )),
    );
  return events;
}
