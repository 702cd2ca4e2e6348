import type { Person } from '../seed.ts';

/** Okta's UserStatus (OpenAPI description 2026.06.3). */
export const userStatuses = [
  'ACTIVE',
  'DEPROVISIONED',
  'LOCKED_OUT',
  'PASSWORD_EXPIRED',
  'PROVISIONED',
  'RECOVERY',
  'STAGED',
  'SUSPENDED',
] as const;
export type UserStatus = (typeof userStatuses)[number];

export type OktaUser = {
  id: string;
  /** Handle on the sandbox page; the part before the @ for people created through the API. */
  key: string;
  status: UserStatus;
  profile: {
    login: string;
    email: string;
    firstName: string;
    lastName: string;
    displayName: string;
    title?: string;
    department?: string;
    /** Login of the manager. */
    managerId?: string;
    /** Name of the manager. */
    manager?: string;
    timezone?: string;
  };
  /** Assigned to the MuleSoft app. */
  assigned: boolean;
  created: string;
  statusChanged: string;
  lastUpdated: string;
};

export type OktaGroup = {
  id: string;
  type: 'OKTA_GROUP' | 'APP_GROUP' | 'BUILT_IN';
  profile: { name: string; description: string | null };
  /** Its members are pushed to the MuleSoft app. */
  pushed: boolean;
  /** User ids. */
  members: Set<string>;
  created: string;
  lastUpdated: string;
  lastMembershipUpdated: string;
};

export type GroupRule = {
  id: string;
  name: string;
  status: 'ACTIVE' | 'INACTIVE' | 'INVALID';
  expression: string;
  groupIds: string[];
};

export type LogActor = { id: string; type: string; alternateId: string; displayName: string };

export type LogEvent = {
  uuid: string;
  published: string;
  eventType: string;
  version: string;
  severity: string;
  displayMessage: string;
  actor: LogActor;
  outcome: { result: 'SUCCESS' | 'FAILURE' };
  target: LogTarget[];
  /** From where, for what somebody did at a browser. */
  client?: { ipAddress: string | null; geographicalContext: { country: string | null } | null };
};

export type LogTarget = {
  id: string;
  type: string;
  alternateId: string;
  displayName: string;
  /** Old and new values, where the event is a change of some. */
  changeDetails?: { from: Record<string, unknown>; to: Record<string, unknown> };
};

const SEEDED_AT = '2026-01-05T08:00:00.000Z';
const TIME_ZONE = 'Europe/Berlin';

/** Null for somebody whom Okta does not know. */
export function seedUser(person: Person, manager: Person | undefined): OktaUser | null {
  if (person.oktaStatus === null) return null;
  const [firstName = person.name, ...rest] = person.name.split(' ');
  return {
    id: person.oktaId,
    key: person.key,
    status: person.oktaStatus,
    profile: {
      login: person.email,
      email: person.email,
      firstName,
      lastName: rest.join(' ') || firstName,
      displayName: person.name,
      title: person.title,
      department: person.department,
      ...(manager === undefined ? {} : { managerId: manager.email, manager: manager.name }),
      timezone: TIME_ZONE,
    },
    assigned: person.oktaStatus === 'ACTIVE',
    created: person.since ?? SEEDED_AT,
    statusChanged: SEEDED_AT,
    lastUpdated: SEEDED_AT,
  };
}

type GroupSeed = {
  id: string;
  name: string;
  type: OktaGroup['type'];
  pushed: boolean;
  /** Keys of people. */
  members: readonly string[];
};

export function seedGroup(seed: GroupSeed, users: Iterable<OktaUser>): OktaGroup {
  const keys = new Set(seed.members);
  return {
    id: seed.id,
    type: seed.type,
    profile: { name: seed.name, description: null },
    pushed: seed.pushed,
    members: new Set([...users].filter((u) => keys.has(u.key)).map((u) => u.id)),
    created: SEEDED_AT,
    lastUpdated: SEEDED_AT,
    lastMembershipUpdated: SEEDED_AT,
  };
}

/** Every seeded group that is marked so is the target of one ACTIVE rule, which nobody of the sandbox meets. */
export function seedRules(groups: readonly { id: string; name: string; ruled?: boolean }[]): GroupRule[] {
  return groups
    .filter((g) => g.ruled === true)
    .map((g, i) => ({
      id: `0prrule000000000${String(i + 1).padStart(4, '0')}`,
      name: `Members of ${g.name}`.slice(0, 50),
      status: 'ACTIVE',
      expression: 'user.department=="Partners"',
      groupIds: [g.id],
    }));
}
