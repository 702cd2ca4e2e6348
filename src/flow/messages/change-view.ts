import { type Change, isFound } from '../../core/change/change.ts';
import { type Entitlement, sameEmail } from '../../core/policy/catalogue.ts';
import { distinct } from '../../core/policy/routing.ts';
import { endingOf, readChange } from '../../store/changes.ts';
import { lastActor } from '../../store/observed.ts';
import { type KnownPerson, noteAccount, peopleWithAccounts } from '../../store/people.ts';
import { readSummary, type Summary } from '../../store/summaries.ts';
import type { Road } from '../kernel/context.ts';

/** A person as a message names them: by mention where they are in chat, by name otherwise. */
export type Named = { name: string; accountId: string | null };

/** Everything the messages of a change are made of; they are a pure function of this. */
export type ChangeView = {
  change: Change;
  /** The revoke that ends what this change granted, if it is on its way or done. */
  ending: Change | null;
  entitlement: Entitlement | null;
  beneficiary: Named;
  requester: Named | null;
  /** Those who may decide and are pinged, and those who may but are not. */
  pinged: Named[];
  alsoMay: Named[];
  owner: Named | null;
  /** In the owner's stead, or where only they are left to be told: empty while the owner is in chat. */
  admins: Named[];
  channel: string;
  summary: Summary | null;
  /** Who made the change that was found, as the IdP tells; null: not known, or nothing was found. */
  doneBy: { name: string; at: Date } | null;
  objectiveMs: number;
  /** Where people sign in to Anypoint; left out: not known. */
  signInUrl?: string;
};

export async function readView(road: Road, changeId: string): Promise<ChangeView | null> {
  const change = await readChange(road.db, changeId);
  if (change === null) return null;
  const catalogue = road.catalogue.current();
  const entitlement = road.catalogue.entitlement(change.entitlementKey);
  const seats = change.plan?.seats ?? [];
  const pinged = distinct(seats.filter((s) => s.pinged));
  const alsoMay = distinct(seats).filter((a) => !pinged.some((p) => p.id === a.id));
  const known = await peopleWithAccounts(road.db, {
    ids: [change.personId, change.requesterId, ...pinged.map((p) => p.id), ...alsoMay.map((p) => p.id)],
    emails: [...(entitlement === null ? [] : [entitlement.owner]), ...catalogue.admins],
    system: 'slack',
  });
  const byId = (id: string | null) => known.find((p) => p.id === id) ?? null;
  const beneficiary = byId(change.personId);
  if (beneficiary === null) return null;
  const requester = change.requesterId === change.personId ? null : byId(change.requesterId);
  const name = (p: { id: string; name: string; email: string }) =>
    named(road, { ...p, accountId: byId(p.id)?.accountId ?? null });
  const byEmail = async (email: string): Promise<Named> => {
    const person = known.find((p) => sameEmail(p.email, email));
    return person === undefined
      ? { name: email, accountId: await road.chat.findByEmail(email) }
      : await named(road, person);
  };
  const owner = entitlement === null ? null : await byEmail(entitlement.owner);
  return {
    change,
    ending: await endingOf(road.db, change),
    entitlement,
    beneficiary: await name(beneficiary),
    requester: requester === null ? null : await name(requester),
    pinged: await Promise.all(pinged.map(name)),
    alsoMay: await Promise.all(alsoMay.map(name)),
    owner,
    admins:
      owner?.accountId == null || change.reopened !== undefined
        ? await Promise.all(catalogue.admins.map(byEmail))
        : [],
    channel: catalogue.channel,
    summary: await readSummary(road.db, changeId),
    doneBy: await whoDid(road, change),
    objectiveMs: road.objectiveMs,
    signInUrl: road.signInUrl,
  };
}

async function whoDid(road: Road, change: Change): Promise<ChangeView['doneBy']> {
  if (!isFound(change) || change.target === null) return null;
  const pair = { personId: change.personId, groupId: change.target.groupId };
  const direction = change.cause === 'finding' ? 'added' : 'removed';
  return await lastActor(road.db, pair, direction, change.requestedAt);
}

/** One approver who is missing from chat must not break the message: they are named instead of mentioned. */
export async function named(road: Road, person: KnownPerson): Promise<Named> {
  if (person.accountId !== null) return { name: person.name, accountId: person.accountId };
  const accountId = await road.chat.findByEmail(person.email);
  if (accountId !== null) await noteAccount(road.db, person.id, 'slack', accountId);
  return { name: person.name, accountId };
}
