import { credentials } from '../../src/sandbox/seed.ts';

/** What a test does as Okta's administrator, over HTTP: the console under `/okta/sim` and the management API. */
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
  return {
    setPush: (settings: Record<string, unknown>) => send('POST', '/sim/push', settings),
    readPush: () => send('GET', '/sim/push') as Promise<{ pending: number; lastError: string | null }>,
    pushNow: (group?: string) => send('POST', '/sim/push-now', group === undefined ? {} : { group }),
    addMember: (group: string, key: string) => send('POST', `/sim/groups/${group}/members/${key}`),
    removeMember: (group: string, key: string) => send('DELETE', `/sim/groups/${group}/members/${key}`),
    setStatus: (key: string, status: string) => send('POST', `/sim/users/${key}/status`, { status }),
    assign: (key: string, assigned: boolean) => send('POST', '/sim/assign', { key, assigned }),
    setRateLimit: (perMinute: number) => send('POST', '/sim/rate-limit', { perMinute }),
    registerServiceApp: (app: Record<string, unknown>) => send('POST', '/sim/service-apps', app),
    revokeTokens: () => send('POST', '/sim/tokens/revoke'),
    readGroups: () => send('GET', '/sim/groups') as Promise<{ name: string; members: { key: string }[] }[]>,
    createGroup: (name: string) =>
      send('POST', '/api/v1/groups', { profile: { name } }) as Promise<{ id: string }>,
    createUser: (login: string, profile: Record<string, unknown> = {}) =>
      send('POST', '/api/v1/users', {
        profile: { login, email: login, firstName: 'Ann', lastName: 'Other', ...profile },
      }) as Promise<{ id: string }>,
  };
}
