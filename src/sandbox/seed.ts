/** The people of the sandbox company, the same in every emulator. */
export type Person = {
  /** Short handle used on the sandbox page and in tests. */
  key: string;
  name: string;
  email: string;
  title: string;
  department: string;
  /** Key of the manager. */
  manager: string | null;
  slackId: string;
  oktaId: string;
  /** Null: has never signed in to Anypoint. */
  anypointId: string | null;
  /** Slack account kinds that Latchkey must refuse. `none`: has no account at all. */
  slackKind: 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated' | 'none';
  oktaStatus: 'ACTIVE' | 'SUSPENDED' | 'DEPROVISIONED' | null;
  role: string;
  /** When Okta got to know them (ISO 8601). */
  since?: string;
};

const domain = 'acme.example';

function person(
  n: number,
  key: string,
  name: string,
  rest: Partial<Person> & Pick<Person, 'title' | 'department'>,
): Person {
  const id = String(n).padStart(3, '0');
  return {
    key,
    name,
    email: `${key}@${domain}`,
    manager: null,
    slackId: `U0000${id}`,
    oktaId: `00u${key.padEnd(14, '0').slice(0, 14)}${id}`,
    anypointId: `a0000000-0000-4000-8000-000000000${id}`,
    slackKind: 'member',
    oktaStatus: 'ACTIVE',
    role: rest.title,
    since: '2022-04-04T08:00:00.000Z',
    ...rest,
  };
}

export const people: readonly Person[] = [
  person(1, 'ines', 'Ines Moreau', {
    title: 'Integration intern',
    department: 'Orders',
    manager: 'tom',
    role: 'the intern who asks',
    since: '2026-01-05T08:00:00.000Z',
  }),
  person(2, 'erik', 'Erik Lind', {
    title: 'Integration engineer',
    department: 'Orders',
    manager: 'tom',
    role: 'an engineer who asks',
  }),
  person(3, 'tom', 'Tom Okafor', {
    title: 'Team lead, Orders',
    department: 'Orders',
    manager: 'sofia',
    role: 'the team lead who approves',
    since: '2019-09-02T08:00:00.000Z',
  }),
  person(4, 'olga', 'Olga Brandt', {
    title: 'API owner, Orders',
    department: 'Platform',
    manager: 'sofia',
    role: 'the API owner who approves',
  }),
  person(5, 'sam', 'Sam Whitaker', {
    title: 'Security officer',
    department: 'Security',
    manager: 'sofia',
    role: 'the security officer',
  }),
  person(6, 'sofia', 'Sofia Ricci', { title: 'VP Engineering', department: 'Engineering' }),
  person(7, 'nadia', 'Nadia Haddad', {
    title: 'Integration engineer',
    department: 'Payments',
    manager: 'tom',
    anypointId: null,
    role: 'an engineer who has never signed in to Anypoint',
  }),
  person(8, 'gus', 'Gus Ferrer', {
    title: 'Contractor',
    department: 'Orders',
    slackKind: 'guest',
    role: 'a guest (refused)',
  }),
  person(9, 'dora', 'Dora Klein', {
    title: 'Integration engineer',
    department: 'Orders',
    manager: 'tom',
    oktaStatus: 'DEPROVISIONED',
    role: 'has left the company (refused)',
  }),
  person(10, 'bot', 'Deploy Bot', {
    title: 'Bot',
    department: 'None',
    slackKind: 'bot',
    oktaStatus: null,
    anypointId: null,
  }),
  person(11, 'vera', 'Vera Stone', {
    title: 'Partner',
    department: 'Elsewhere',
    email: 'vera@partner.example',
    slackKind: 'stranger',
    oktaStatus: null,
    anypointId: null,
  }),
  person(12, 'udo', 'Udo Jansen', {
    title: 'Former engineer',
    department: 'Orders',
    slackKind: 'deactivated',
    oktaStatus: 'DEPROVISIONED',
  }),
  person(13, 'zoe', 'Zoe Martin', {
    title: 'Newcomer',
    department: 'Orders',
    oktaStatus: null,
    anypointId: null,
    role: 'in no directory yet (refused)',
  }),
  person(14, 'kit', 'Kit Canary', {
    title: 'Test identity',
    department: 'None',
    slackKind: 'none',
    role: 'the canary',
  }),
];

export const company = {
  domain,
  slackTeamId: 'T00000001',
  slackTeamName: 'Acme',
  oktaAppId: '0oamulesoft0000001',
  anypointOrgId: 'b1111111-0000-4000-8000-000000000001',
  anypointOrgName: 'Acme',
  anypointIdpId: 'c2222222-0000-4000-8000-000000000001',
} as const;

/** Okta groups; `anypoint-*` ones are pushed to the MuleSoft app. */
export const oktaGroups = [
  {
    id: '00gordersread00001',
    name: 'anypoint-orders-read',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
  },
  {
    id: '00gorderswrite0001',
    name: 'anypoint-orders-deploy',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
  },
  {
    id: '00gpayments000001',
    name: 'anypoint-payments-read',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
  },
  {
    id: '00gplatform000001',
    name: 'anypoint-platform-admin',
    type: 'OKTA_GROUP',
    pushed: true,
    members: ['olga'],
  },
  {
    id: '00gcanary00000001',
    name: 'anypoint-canary',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
  },
  {
    id: '00gruled000000001',
    name: 'anypoint-everyone-view',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
    ruled: true,
  },
  {
    id: '00gdashboards0001',
    name: 'anypoint-dashboards',
    type: 'OKTA_GROUP',
    pushed: true,
    members: [] as string[],
  },
  {
    id: '00gappgroup000001',
    name: 'imported-from-ad',
    type: 'APP_GROUP',
    pushed: false,
    members: [] as string[],
  },
  {
    id: '00gbuiltin0000001',
    name: 'Everyone',
    type: 'BUILT_IN',
    pushed: false,
    members: ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia', 'nadia'],
  },
  {
    id: '00gsecurity000001',
    name: 'security-officers',
    type: 'OKTA_GROUP',
    pushed: false,
    members: ['sam', 'sofia'],
  },
] as const satisfies readonly {
  id: string;
  name: string;
  type: string;
  pushed: boolean;
  members: readonly string[];
  ruled?: boolean;
}[];

export const anypointTeams = [
  { id: 'd3333333-0000-4000-8000-000000000001', name: 'Orders API readers', members: [] as string[] },
  { id: 'd3333333-0000-4000-8000-000000000002', name: 'Orders API deployers', members: [] as string[] },
  { id: 'd3333333-0000-4000-8000-000000000003', name: 'Payments API readers', members: [] as string[] },
  { id: 'd3333333-0000-4000-8000-000000000004', name: 'Platform admins', members: ['olga'] },
  { id: 'd3333333-0000-4000-8000-000000000005', name: 'Everyone viewers', members: [] as string[] },
  { id: 'd3333333-0000-4000-8000-000000000006', name: 'Canary', members: [] as string[] },
  { id: 'd3333333-0000-4000-8000-000000000007', name: 'Dashboard viewers', members: [] as string[] },
] as const satisfies readonly { id: string; name: string; members: readonly string[] }[];

/** APIs under management, each with the contact that its Exchange asset names. */
export const anypointApis = [
  { id: 18_972_610, assetId: 'orders-api', name: 'Orders API', version: 'v1', contact: 'olga' },
  { id: 18_972_611, assetId: 'payments-api', name: 'Payments API', version: 'v1', contact: 'sam' },
] as const;

/** The credentials in Anypoint with their owners. Nothing takes them away when their owner leaves. */
export const clientApplications = [
  {
    id: 2_349_040,
    name: 'orders-dashboard',
    clientId: 'c1d0000000000000000000000dashboard',
    clientSecret: 'sandbox-orders-dashboard-secret',
    owner: 'tom',
    api: 'orders-api',
  },
  {
    id: 2_349_041,
    name: 'payments-reconciler',
    clientId: 'c1d000000000000000000000reconciler',
    clientSecret: 'sandbox-payments-reconciler-secret',
    owner: 'tom',
    api: 'payments-api',
  },
] as const;

export const slackChannels = [
  {
    id: 'C00000001',
    name: 'access-requests',
    members: ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia', 'nadia'],
  },
  {
    id: 'C00000002',
    name: 'general',
    members: ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia', 'nadia', 'gus', 'dora', 'zoe', 'vera'],
  },
] as const satisfies readonly { id: string; name: string; members: readonly string[] }[];

/** Slack's user groups, by the keys of their members. */
export const slackUserGroups = [
  { id: 'S00000001', handle: 'oncall-integration', name: 'On call, integration', members: ['erik'] },
] as const satisfies readonly { id: string; handle: string; name: string; members: readonly string[] }[];

/** Credentials of the sandbox world: worthless outside it. */
export const credentials = {
  slackBotToken: 'xoxb-sandbox-latchkey',
  slackAppToken: 'xapp-sandbox-latchkey',
  slackSigningSecret: 'sandbox-signing-secret',
  oktaApiToken: 'sandbox-okta-token',
  oktaHookSecret: 'sandbox-okta-hook-secret',
  oidcClientId: 'sandbox-oidc-client',
  oidcClientSecret: 'sandbox-oidc-secret',
  anypointClientId: 'sandbox-anypoint-client',
  anypointClientSecret: 'sandbox-anypoint-secret',
  modelApiKey: 'sandbox-model-key',
  ticketsToken: 'sandbox-tickets-token',
  scimToken: 'sandbox-scim-token',
  readToken: 'sandbox-read-token',
} as const;

/** The keys that a world takes and sends now; somebody in it may change them. */
export type Keys = Record<keyof typeof credentials, string>;

export const connectedApps = [
  {
    clientId: credentials.anypointClientId,
    clientSecret: credentials.anypointClientSecret,
    name: 'Latchkey',
    owner: 'sofia',
    scopes: ['read:client_applications', 'manage:client_applications'],
  },
  {
    clientId: 'c2d000000000000000000000cideployer',
    clientSecret: 'sandbox-ci-deployer-secret',
    name: 'ci-deployer',
    owner: 'erik',
    scopes: [],
  },
] as const;
