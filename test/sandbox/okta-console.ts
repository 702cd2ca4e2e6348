import { credentials } from '../../src/sandbox/seed.ts';

/** A test's acts as Okta's administrator, over HTTP: the console under `/okta/sim` and the management API. */
export function oktaConsole(worldUrl: string) {
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${worldUrl}/okta${path}`, {
      method,
      headers: {
        authorization: `SSWS ${credentials.oktaApiToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const as = (by: string | undefined) => (by === undefined ? '' : `?by=${by}`);
  return {
    setPush: (settings: Record<string, unknown>) => send('POST', '/sim/push', settings),
    readPush: () => send('GET', '/sim/push') as Promise<{ pending: number; lastError: string | null }>,
    pushNow: (group?: string) => send('POST', '/sim/push-now', group === undefined ? {} : { group }),
    /** `by`: the key of the administrator who does it. */
    addMember: (group: string, key: string, by?: string) =>
      send('POST', `/sim/groups/${group}/members/${key}${as(by)}`),
    removeMember: (group: string, key: string, by?: string) =>
      send('DELETE', `/sim/groups/${group}/members/${key}${as(by)}`),
    renameGroup: (group: string, name: string, by?: string) =>
      send('PUT', `/sim/groups/${group}${as(by)}`, { name }),
    setStatus: (key: string, status: string) => send('POST', `/sim/users/${key}/status`, { status }),
    changeProfile: (key: string, profile: { department?: string; title?: string; manager?: string }) =>
      send('POST', `/sim/users/${key}/profile`, profile),
    /** `country` null: Okta can't tell from where. */
    signIn: (key: string, country: string | null, result: 'SUCCESS' | 'FAILURE' = 'SUCCESS') =>
      send('POST', `/sim/users/${key}/sign-in`, { country, result }),
    clearSessions: (key: string) => send('DELETE', `/sim/users/${key}/sessions`),
    deleteUser: (key: string) => send('DELETE', `/sim/users/${key}`),
    setHooks: (settings: Record<string, unknown>) => send('POST', '/sim/hooks', settings),
    readHooks: () => send('GET', '/sim/hooks') as Promise<{ pending: number; lost: number }>,
    setLogLag: (lagMs: number) => send('POST', '/sim/log', { lagMs }),
    createHook: (uri: string, secret: string, items: readonly string[]) =>
      send('POST', '/api/v1/eventHooks', {
        name: 'a hook',
        events: { type: 'EVENT_TYPE', items },
        channel: {
          type: 'HTTP',
          version: '1.0.0',
          config: { uri, authScheme: { type: 'HEADER', key: 'Authorization', value: secret } },
        },
      }) as Promise<{ id: string }>,
    verifyHook: (id: string) =>
      send('POST', `/api/v1/eventHooks/${id}/lifecycle/verify`) as Promise<{ verificationStatus: string }>,
    assign: (key: string, assigned: boolean) => send('POST', '/sim/assign', { key, assigned }),
    setRateLimit: (perMinute: number) => send('POST', '/sim/rate-limit', { perMinute }),
    registerServiceApp: (app: Record<string, unknown>) => send('POST', '/sim/service-apps', app),
    revokeTokens: () => send('POST', '/sim/tokens/revoke'),
    readGroups: () => send('GET', '/sim/groups') as Promise<{ name: string; members: { key: string }[] }[]>,
    readGroupsByApi: () => send('GET', '/api/v1/groups?limit=1'),
    createGroup: (name: string) =>
      send('POST', '/api/v1/groups', { profile: { name } }) as Promise<{ id: string }>,
    createUser: (login: string, profile: Record<string, unknown> = {}) =>
      send('POST', '/api/v1/users', {
        profile: { login, email: login, firstName: 'Ann', lastName: 'Other', ...profile },
      }) as Promise<{ id: string }>,
  };
}
