import { Fault } from '../../core/fault.ts';
import { faultInWords } from '../../core/fault-words.ts';
import type { OffboardingEvent } from '../../core/offboarding/events.ts';
import {
  hasLeft,
  type Offboarding,
  type OffboardingItem,
  openItemsOf,
} from '../../core/offboarding/offboarding.ts';
import { outcomeOf } from '../../core/offboarding/settle-application.ts';
import { type Catalogue, sameEmail } from '../../core/policy/catalogue.ts';
import type { ApplicationContract, OwnedApplication } from '../../ports/mulesoft.ts';
import { readOffboarding } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { anypointUsers } from '../membership/anypoint-users.ts';
import { at } from './case.ts';

/**
 * The applications that the person owns in Anypoint, which no SCIM takes away. They are found, decisions on them are
 * carried out, and they are read back. Only an application that Anypoint shows so is settled. Safe to run again.
 * Answers whether some decision is still on its way.
 */
export async function lookAtApplications(
  context: Context,
  offboarding: Offboarding,
  person: Person,
  userIds: readonly string[],
): Promise<{ isOnItsWay: boolean }> {
  const owned = await context.mulesoft.listApplications(userIds);
  const events: EventBody[] = [];
  const found = newItems(offboarding, owned, {
    userIds,
    person,
    catalogue: context.catalogue.current(),
  });
  if (found.length > 0) events.push({ type: 'applicationsFound', items: found });
  let isOnItsWay = false;
  let fault: Fault | null = null;
  for (const item of openItemsOf(offboarding)) {
    try {
      const event = await lookAtItem(context, item, new Set(userIds));
      if (event !== null) events.push(event);
      else if (item.decision !== null) isOnItsWay = true;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // One that can't be reached holds up none of the others.
      fault ??= error;
    }
  }
  await record(context, offboarding, events);
  if (fault !== null) throw fault;
  return { isOnItsWay };
}

/**
 * Anypoint's present state of decisions that are on their way, so that none is taken for failed. It is read as well as
 * can be.
 */
export async function settledByNow(
  context: Data & Parties,
  offboardingId: string,
  person: Person,
): Promise<Settled[]> {
  const open = openItemsOf((await readOffboarding(context.db, offboardingId)) ?? { items: [] });
  const decided = open.filter((item) => item.decision !== null);
  if (decided.length === 0) return [];
  try {
    const leaver = new Set((await anypointUsers(context, person)).all);
    const found: Settled[] = [];
    for (const item of decided) {
      const outcome = outcomeOf(item, await context.mulesoft.readApplication(item), leaver);
      if (outcome !== null) found.push({ type: 'applicationSettled', key: item.key, outcome });
    }
    return found;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [];
  }
}

type Settled = Extract<EventBody, { type: 'applicationSettled' }>;

type EventBody =
  Extract<
    OffboardingEvent,
    { type: 'applicationsFound' | 'applicationFailed' | 'applicationSettled' }
  > extends infer E
    ? E extends OffboardingEvent
      ? Omit<E, 'offboardingId' | 'at' | 'actor'>
      : never
    : never;

async function record(
  context: Data & Runtime,
  { id }: Offboarding,
  bodies: readonly EventBody[],
): Promise<void> {
  if (bodies.length === 0) return;
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(id);
      if (locked === null || !hasLeft(locked)) return { result: null };
      const base = at(unit, locked.id, null);
      const isOpen = (key: string) => openItemsOf(locked).some((item) => item.key === key);
      const events = bodies.flatMap((body): OffboardingEvent[] =>
        body.type === 'applicationsFound' || isOpen(body.key)
          ? [{ ...base, ...body } as OffboardingEvent]
          : [],
      );
      return { result: null, events: events };
    },
    context.nudge,
  );
}

/** Carries out what was decided, if it is not so already, and says what Anypoint shows then; null: nothing new. */
async function lookAtItem(
  context: Parties,
  item: OffboardingItem,
  leaver: ReadonlySet<string>,
): Promise<EventBody | null> {
  const ref = { kind: item.kind, id: item.id };
  const settled = (shown: OwnedApplication | null): EventBody | null => {
    const outcome = outcomeOf(item, shown, leaver);
    return outcome === null ? null : { type: 'applicationSettled', key: item.key, outcome };
  };
  const before = settled(await context.mulesoft.readApplication(ref));
  if (before !== null || item.decision === null) return before;
  const { verb, to } = item.decision;
  try {
    if (verb === 'revoke') await context.mulesoft.revokeApplication(ref);
    else if (to !== null)
      await context.mulesoft.transferApplication(ref, { from: [...leaver], to: to.anypointUserId });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // A write without an answer is read back below. One that may succeed later is tried later.
    if (!error.outcomeUnknown && error.retryable) throw error;
    const after = settled(await context.mulesoft.readApplication(ref));
    if (after !== null) return after;
    if (error.retryable) throw error;
    return { type: 'applicationFailed', key: item.key, why: whyFailed(error, item) };
  }
  return settled(await context.mulesoft.readApplication(ref));
}

function whyFailed(error: Fault, { decision }: OffboardingItem): string {
  const what = decision?.verb === 'revoke' ? 'revoke it' : `hand it to ${decision?.to?.name ?? 'them'}`;
  switch (error.code) {
    case 'mulesoft.invalid':
      return `Anypoint did not let Latchkey ${what}: they can’t own it (a connected app takes an organisation administrator, and nobody whose user is switched off)`;
    case 'mulesoft.forbidden':
    case 'mulesoft.unauthorized':
      return `Anypoint did not let Latchkey ${what}: its connected app lacks the scope for it`;
    case 'mulesoft.not_found':
      return `Anypoint did not let Latchkey ${what}: the new owner’s user is gone`;
    default:
      return `Anypoint did not let Latchkey ${what}: ${faultInWords(error)}`;
  }
}

/** Whose applications they are, with their users in Anypoint. */
type Owner = { userIds: readonly string[]; person: Person; catalogue: Catalogue };

/** The applications that are not known yet, or were settled and are the leaver's again. */
function newItems({ items }: Offboarding, owned: readonly OwnedApplication[], of: Owner): OffboardingItem[] {
  return owned
    .map((application) => itemOf(application, of))
    .filter((item) => !items.some((known) => known.key === item.key && known.settled === null));
}

function itemOf(application: OwnedApplication, { userIds, person, catalogue }: Owner): OffboardingItem {
  const { kind, id, name, contracts, ownerUserIds, ownerTeamIds, isOurOwn } = application;
  return {
    key: `${kind}:${id}`,
    kind,
    id,
    name,
    contracts: contracts.map(({ api, environment, status, asset, apiOwnerEmail }) => ({
      api,
      environment,
      status,
      owner: ownerOf(asset, catalogue.apis ?? []),
      contact: apiOwnerEmail,
    })),
    owners: ownersOfApis(apisCalled(application, catalogue)).filter(
      (email) => !sameEmail(email, person.email),
    ),
    coOwners: ownerUserIds.filter((userId) => !userIds.includes(userId)).length + ownerTeamIds.length,
    isOurOwn,
    decision: null,
    trouble: null,
    settled: null,
  };
}

/**
 * The APIs that an application calls, each with its owner by the catalogue. An API that it may not call any more is
 * left out.
 */
export function apisCalled(
  { contracts }: Pick<OwnedApplication, 'contracts'>,
  { apis = [] }: Pick<Catalogue, 'apis'>,
): { api: string; owner: string | null }[] {
  return contracts
    .filter(({ status }) => status !== 'REVOKED' && status !== 'REJECTED')
    .map(({ api, asset }) => ({ api, owner: ownerOf(asset, apis) }));
}

function ownerOf(asset: ApplicationContract['asset'], apis: NonNullable<Catalogue['apis']>): string | null {
  const known = apis.find(
    (api) => api.asset === asset?.assetId && (api.group === null || api.group === asset.groupId),
  );
  return known?.owner ?? null;
}

/** E-mails of those who own one of them, each once. */
export function ownersOfApis(apis: readonly { owner: string | null }[]): string[] {
  return [...new Set(apis.flatMap(({ owner }) => owner?.toLowerCase() ?? []))];
}
