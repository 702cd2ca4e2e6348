/** The company of the reconcile bench: everybody is in ten groups, and each group gives a team of its own. */
export const PEOPLE = 100_000;
export const GROUP_SIZE = 2_000;
/** Groups of the whole company: 1,000,000 memberships. */
export const GROUPS = 500;
/** Groups of the small one, for how memory grows: 100,000 memberships. */
export const FEW_GROUPS = 50;

export const groupName = (g: number) => `bench-group-${g}`;
export const groupId = (g: number) => `00gbench${String(g).padStart(12, '0')}`;
export const teamName = (g: number) => `Bench team ${g}`;
export const teamId = (g: number) => `d0000000-0000-4000-8000-${String(g).padStart(12, '0')}`;
const loginOf = (n: number) => `person.number-${n}@bench.example`;
const oktaIdOf = (n: number) => `00ubench${String(n).padStart(12, '0')}`;
const anypointIdOf = (n: number) => `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The members of a group, by number: neighbours share nobody, and every block of people comes round ten times. */
export function memberAt(g: number, i: number): number {
  return (g * GROUP_SIZE + i) % PEOPLE;
}

/** A person as Okta shows them: what an organisation that provisions by profile has there. */
export function oktaUser(n: number): unknown {
  const login = loginOf(n);
  const at = '2024-11-03T09:12:44.000Z';
  return {
    id: oktaIdOf(n),
    status: 'ACTIVE',
    created: at,
    activated: at,
    statusChanged: at,
    lastLogin: '2026-09-30T07:01:12.000Z',
    lastUpdated: '2026-05-21T13:40:02.000Z',
    passwordChanged: at,
    type: { id: 'oty1abcdefGHIJKLMN5d7' },
    profile: {
      firstName: 'Person',
      lastName: `Number ${n}`,
      displayName: `Person Number ${n}`,
      login,
      email: login,
      mobilePhone: null,
      secondEmail: null,
      title: 'Integration engineer',
      department: `Department ${n % 40}`,
      managerId: loginOf(n % 1_000),
      timezone: 'Europe/Berlin',
      locale: 'en_US',
      costCenter: `CC-${n % 400}`,
      employeeNumber: String(100_000 + n),
      organization: 'Bench',
      userType: 'Employee',
    },
    credentials: {
      password: {},
      emails: [{ value: login, status: 'VERIFIED', type: 'PRIMARY' }],
      provider: { type: 'OKTA', name: 'OKTA' },
    },
    _links: { self: { href: `https://bench.okta.com/api/v1/users/${oktaIdOf(n)}` } },
  };
}

export function anypointMember(n: number): unknown {
  return {
    identity_type: 'user',
    id: anypointIdOf(n),
    name: `Person Number ${n}`,
    membership_type: 'member',
    is_assigned_via_external_groups: false,
    created_at: '2024-11-03T09:12:44.000Z',
    updated_at: '2026-05-21T13:40:02.000Z',
  };
}

export function anypointUser(n: number): unknown {
  return {
    id: anypointIdOf(n),
    createdAt: '2024-11-03T09:12:44.000Z',
    updatedAt: '2026-05-21T13:40:02.000Z',
    organizationId: 'b0000000-0000-4000-8000-000000000001',
    firstName: 'Person',
    lastName: `Number ${n}`,
    email: loginOf(n),
    username: loginOf(n),
    idprovider_id: 'c0000000-0000-4000-8000-000000000001',
    enabled: true,
    deleted: false,
    lastLogin: '2026-09-30T07:01:12.000Z',
    type: 'host',
  };
}
