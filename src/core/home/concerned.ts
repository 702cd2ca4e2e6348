import { type Change, isCanary, isFound } from '../change/change.ts';
import type { Delegation } from '../delegation/delegation.ts';
import type { CampaignId, PersonId } from '../ids.ts';
import type { MassChange } from '../mass-change/mass-change.ts';
import type { Offboarding } from '../offboarding/offboarding.ts';
import { type ApproverPlan, mayApprove } from '../policy/routing.ts';

/** Whose Home tab an event changes. */
export type ConcernedHomes = {
  people: readonly PersonId[];
  /** Of whom only the e-mail is known: the catalogue names them. */
  emails?: readonly string[];
  /** Campaigns whose reviewers are meant. */
  campaigns?: readonly CampaignId[];
  /** The Homes of the catalogue's admins too: they show the whole picture. */
  admins: boolean;
};

export const nobodysHome: ConcernedHomes = { people: [], admins: false };

/** Pure: who sees a change on their Home before or after an event: whose it is, who asked, and who may decide. */
export function homesOfChange(before: Change | null, after: Change): ConcernedHomes {
  // A measurement is nobody's access.
  if (isCanary(after)) return nobodysHome;
  const both = [before, after].filter((change) => change !== null);
  const asking = both.filter(({ state }) => state === 'asking');
  const asked = asking.flatMap(({ plan }) => inPlan(plan));
  return {
    people: unique([after.personId, after.requesterId, ...asked]),
    admins:
      (asking.length > 0 && isFound(after)) ||
      both.some(({ state }) => state === 'late' || state === 'failed'),
  };
}

/** Pure: who sees a card on many on their Home before or after an event. */
export function homesOfMassChange(before: MassChange | null, after: MassChange): ConcernedHomes {
  return { people: unique([before, after].flatMap((mass) => inPlan(mass?.plan ?? null))), admins: true };
}

/** Pure: who sees a leaver's case on their Home: the admins, and who is asked about an application. */
export function homesOfOffboarding({ personId, items }: Offboarding): ConcernedHomes {
  return {
    people: [personId],
    emails: [...new Set(items.flatMap(({ owners }) => owners.map((email) => email.toLowerCase())))],
    admins: true,
  };
}

/** Pure: who sees a delegation on their Home: who is away, and who decides meanwhile. */
export function homesOfDelegation({ person, delegate }: Delegation): ConcernedHomes {
  return { people: [person.id, delegate.id], admins: false };
}

/** What the admins’ Homes say of Latchkey itself. */
const aboutLatchkey: ReadonlySet<string> = new Set([
  'policyLoaded',
  'policyAgreed',
  'policyBroken',
  'policyMended',
  'queueAway',
  'queueBack',
  'secretOld',
  'secretReplaced',
  'canaryAlarmRaised',
  'canaryAlarmCleared',
  'scimPushRefused',
  'provisioningStopped',
  'provisioningResumed',
]);

/** Pure: who sees on their Home what a note tells. */
export function homesOfNote({ type }: { type: string }): ConcernedHomes {
  return { people: [], admins: aboutLatchkey.has(type) };
}

/** Pure: everybody on whose Home something of these changes, each once and in one order. */
export function homesTogether(all: readonly ConcernedHomes[]): Required<ConcernedHomes> {
  return {
    people: unique(all.flatMap(({ people }) => people)).sort(),
    emails: [...new Set(all.flatMap(({ emails = [] }) => emails))].sort(),
    campaigns: [...new Set(all.flatMap(({ campaigns = [] }) => campaigns))].sort(),
    admins: all.some(({ admins }) => admins),
  };
}

function inPlan(plan: ApproverPlan | null): PersonId[] {
  return plan === null ? [] : [...mayApprove(plan), ...(plan.revert ?? [])].map(({ id }) => id);
}

function unique(ids: readonly (PersonId | null)[]): PersonId[] {
  return [...new Set(ids.filter((id) => id !== null))];
}
