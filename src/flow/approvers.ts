import type { ApproverRule, ApproverSource, Catalogue, Entitlement } from '../core/catalogue.ts';
import type { PersonId } from '../core/ids.ts';
import { type Approver, type ApproverPlan, planApprovers, type Seat } from '../core/routing.ts';
import { type Person, rememberPerson } from '../store/people.ts';
import type { IdpPerson } from './ports.ts';
import type { Road } from './road.ts';

/** What was found is for the entitlement's owner to decide. */
export const byOwner: ApproverRule = { of: 'any', quorum: 1, sources: [{ owner: true }] };

/** Who decides on one card on many: its owner, or where nobody in particular owns it two of the catalogue's admins. */
export async function planOfOwner(
  road: Road,
  catalogue: Catalogue,
  owner: string | null,
  excluded: ReadonlySet<PersonId>,
): Promise<ApproverPlan> {
  const seats: Seat[] =
    owner === null ? [] : [{ source: 'owner', people: await byEmail(road, owner), pinged: true }];
  const rule = owner === null ? { ...byOwner, quorum: 2 } : byOwner;
  const plan = planApprovers(rule, seats, [], excluded);
  if (!plan.escalated) return plan;
  const admins = await Promise.all(catalogue.admins.map((email) => byEmail(road, email)));
  return planApprovers(rule, seats, admins.flat(), excluded);
}

/** Approvers of a request as catalogue and IdP have them now, without requester and beneficiary. */
export async function resolveApprovers(
  road: Road,
  catalogue: Catalogue,
  entitlement: Entitlement,
  beneficiary: Person,
  excluded: ReadonlySet<PersonId>,
): Promise<ApproverPlan> {
  const { approvers } = entitlement;
  const isPinged = (source: ApproverSource) =>
    approvers.ping === undefined || approvers.ping.some((p) => nameOf(p) === nameOf(source));
  const seats = await Promise.all(
    approvers.sources.map(
      async (source): Promise<Seat> => ({
        source: nameOf(source),
        people: await peopleOf(road, source, entitlement, beneficiary),
        pinged: isPinged(source),
      }),
    ),
  );
  const plan = planApprovers(approvers, seats, [], excluded);
  if (!plan.escalated) return plan;
  const admins = await Promise.all(catalogue.admins.map((email) => byEmail(road, email)));
  return planApprovers(approvers, seats, admins.flat(), excluded);
}

function nameOf(source: ApproverSource): string {
  if ('manager' in source) return 'manager';
  if ('owner' in source) return 'owner';
  return 'person' in source ? source.person : `group ${source.group}`;
}

async function peopleOf(
  road: Road,
  source: ApproverSource,
  entitlement: Entitlement,
  beneficiary: Person,
): Promise<Approver[]> {
  if ('owner' in source) return await byEmail(road, entitlement.owner);
  if ('person' in source) return await byEmail(road, source.person);
  if ('manager' in source) {
    if (beneficiary.manager === null) return [];
    const manager = await road.idp.readPerson(beneficiary.manager);
    return manager === null ? [] : await remembered(road, [manager]);
  }
  const group = await road.idp.findGroup(source.group);
  if (group === null) return [];
  const members: IdpPerson[] = [];
  for await (const member of road.idp.listMembers(group.id)) members.push(member);
  return await remembered(road, members);
}

async function byEmail(road: Road, email: string): Promise<Approver[]> {
  return await remembered(road, await road.idp.findPeopleByEmail(email));
}

async function remembered(road: Road, people: readonly IdpPerson[]): Promise<Approver[]> {
  const active = people.filter((p) => p.status === 'active');
  return await Promise.all(
    active.map(async (p) => {
      const { id, name, email } = await rememberPerson(road.db, road.idp.name, p);
      return { id, name, email };
    }),
  );
}
