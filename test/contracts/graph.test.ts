import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type {
  Group,
  SignIn,
  SynchronizationJob,
  SynchronizationJobApplicationParameters,
  SynchronizationSchema,
  User,
} from '@microsoft/microsoft-graph-types';
import { describe, expect, test } from 'vitest';
import { GROUP_QUERY, USER_QUERY } from '../../src/idp/entra/answers.ts';
import { enterpriseApp } from '../../src/sandbox/entra/synchronization-api.ts';
import { entraAsSeeded } from '../idp/entra/start-entra.ts';

/**
 * Microsoft publishes types of Graph v1.0 and no OpenAPI description that would fit here. Each list below is checked by
 * the compiler against those types, and by the tests against what goes over the wire.
 */
const ofUser = [
  'id',
  'userPrincipalName',
  'mail',
  'proxyAddresses',
  'displayName',
  'jobTitle',
  'department',
  'accountEnabled',
  'userType',
  'createdDateTime',
  'manager',
] as const satisfies readonly (keyof User)[];
const ofGroup = [
  'id',
  'displayName',
  'description',
  'groupTypes',
  'mailEnabled',
  'securityEnabled',
  'onPremisesSyncEnabled',
  'isAssignableToRole',
  'isManagementRestricted',
  'visibility',
] as const satisfies readonly (keyof Group)[];
const ofSignIn = [
  'id',
  'createdDateTime',
  'userId',
  'appId',
  'status',
  'location',
] as const satisfies readonly (keyof SignIn)[];

const entra = entraAsSeeded();
const INES = 'e0000000-0000-4000-8000-000000000001';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';

async function graph<T>(path: string, body?: unknown): Promise<T> {
  const form = new URLSearchParams({
    client_id: '7a000000-0000-4000-8000-000000000001',
    client_secret: 'sandbox-entra-client-secret',
    scope: `${entra.url}/entra/.default`,
    grant_type: 'client_credentials',
  });
  const tokenUrl = `${entra.url}/entra/login/7e000000-0000-4000-8000-000000000001/oauth2/v2.0/token`;
  const { access_token } = (await (await fetch(tokenUrl, { method: 'POST', body: form })).json()) as {
    access_token: string;
  };
  const response = await fetch(`${entra.url}/entra/v1.0${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await response.json()) as T;
}
const namesIn = (query: string) => /\$select=([\w,]+)/.exec(query)?.[1]?.split(',') ?? [];

describe('what Latchkey asks for is what Microsoft publishes', () => {
  test('of a person, their manager beside them', () => {
    expect([...namesIn(USER_QUERY), 'manager']).toEqual(ofUser);
    expect(USER_QUERY).toMatch(/&\$expand=manager\(\$select=id,userPrincipalName,mail\)$/);
  });

  test('of a group', () => {
    expect(namesIn(GROUP_QUERY)).toEqual(ofGroup);
  });

  test('of the enterprise app, to carry a membership', async () => {
    // The published shape; the compiler holds it.
    const parameters = [
      {
        ruleId: '33f7c90d-bf71-41b1-bda6-aaf0ddbee5d8#V2',
        subjects: [
          {
            objectId: ORDERS_READ,
            objectTypeName: 'Group',
            links: { members: [{ objectId: INES, objectTypeName: 'User' }] },
          },
        ],
      },
    ] satisfies SynchronizationJobApplicationParameters[];
    let sent: unknown;
    const { servicePrincipalId } = enterpriseApp;
    const seen = (message: unknown) => {
      const { request } = message as { request: { path: string; body: unknown } };
      if (request.path.endsWith('/provisionOnDemand')) sent = JSON.parse(String(request.body));
    };
    subscribe('undici:request:create', seen);
    try {
      await entra.idp({ provisioning: { servicePrincipalId } }).provisioning?.carry(ORDERS_READ, [INES]);
    } finally {
      unsubscribe('undici:request:create', seen);
    }
    expect(sent).toEqual({ parameters });
  });
});

describe('what the sandbox’s Entra answers is what Microsoft publishes', () => {
  test('users and groups, and no more than was asked for', async () => {
    const user = await graph<User>(`/users/${INES}?${USER_QUERY}`);
    expect(Object.keys(user).sort()).toEqual([...ofUser].sort());
    const group = await graph<Group>(`/groups/${ORDERS_READ}?${GROUP_QUERY}`);
    expect(Object.keys(group).sort()).toEqual([...ofGroup].sort());
    const unasked = [
      'businessPhones',
      'displayName',
      'givenName',
      'jobTitle',
      'mail',
      'mobilePhone',
      'officeLocation',
      'preferredLanguage',
      'surname',
      'userPrincipalName',
      'id',
    ];
    for (const name of Object.keys(await graph<User>(`/users/${INES}`))) expect(unasked).toContain(name);
  });

  test('sign-ins', async () => {
    await entra.portal('/sign-ins', {
      key: 'ines',
      createdDateTime: new Date().toISOString(),
      appId: 'app',
      status: { errorCode: 0 },
      location: { countryOrRegion: 'DE' },
    });
    const { value } = await graph<{ value: SignIn[] }>('/auditLogs/signIns');
    expect(Object.keys(value[0] ?? {}).sort()).toEqual([...ofSignIn].sort());
  });

  test('the provisioning job and its rules', async () => {
    const base = `/servicePrincipals/${enterpriseApp.servicePrincipalId}/synchronization/jobs`;
    const { value } = await graph<{ value: SynchronizationJob[] }>(base);
    const [job] = value;
    expect(job?.schedule?.state satisfies 'Active' | 'Disabled' | 'Paused' | undefined).toBe('Active');
    expect(
      job?.status?.code satisfies 'NotConfigured' | 'NotRun' | 'Active' | 'Paused' | 'Quarantine' | undefined,
    ).toBe('Active');
    const schema = await graph<SynchronizationSchema>(`${base}/${job?.id}/schema`);
    expect(schema.synchronizationRules?.[0]?.objectMappings?.map((one) => one.sourceObjectName)).toEqual([
      'User',
      'Group',
    ]);
  });

  test('a refusal', async () => {
    expect(await graph(`/groups/${INES}`)).toEqual({
      error: {
        code: 'Request_ResourceNotFound',
        message: `Resource '${INES}' does not exist or one of its queried reference-property objects are not present.`,
        innerError: {
          date: expect.any(String),
          'request-id': expect.any(String),
          'client-request-id': expect.any(String),
        },
      },
    });
  });
});
