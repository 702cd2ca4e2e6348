import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import type { BenchIdp } from './idp.ts';
import { groupIds } from './idp-groups.ts';

/** As the catalogue says it. */
const SIGN_IN_WITHIN_MS = 12 * 3_600_000;

export const okta: BenchIdp = {
  system: 'okta',
  settings: (worldUrl) => sandboxSettings(worldUrl, 'okta'),
  listener: (url, scimToken) => ({ url, scimToken }),
  async hurry(world) {
    await world('POST', '/okta/sim/rate-limit', { perMinute: 10_000_000 });
    await world('POST', '/okta/sim/push', { latencyMs: 0, jitterMs: 0 });
  },
  async hasPushed(world) {
    return (await world<{ pending: number }>('GET', '/okta/sim/push')).pending === 0;
  },
  kinds: {
    searchPeople: ['GET', /\/users$/],
    readPerson: ['GET', /\/users\/[^/]+$/],
    readSignIn: ['GET', /\/logs$/],
    readGroups: ['GET', /\/users\/[^/]+\/groups$/],
    addToGroup: ['PUT', /\/groups\//],
  },
  steps: {
    consider: ['readPerson', 'readSignIn', 'readPerson', 'searchPeople'],
    settle: ['searchPeople', 'readPerson', 'readPerson', 'searchPeople'],
    apply: ['readGroups', 'addToGroup'],
  },
  async open({ worldUrl, world }) {
    const api = (method: 'GET' | 'PUT', path: string) => ({
      method,
      url: `${worldUrl}/okta/api/v1${path}`,
      headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
    });
    return {
      idOf: (person) => person.oktaId,
      groupId: await groupIds(world, 'okta'),
      request(kind, { person, groupId }) {
        const search = new URLSearchParams({ search: `profile.email eq "${person.email}"`, limit: '200' });
        if (kind === 'searchPeople') return api('GET', `/users?${search}`);
        if (kind === 'readPerson') return api('GET', `/users/${person.oktaId}`);
        if (kind === 'readSignIn') return api('GET', `/logs?${signInsOf(person.oktaId)}`);
        if (kind === 'readGroups') return api('GET', `/users/${person.oktaId}/groups`);
        return api('PUT', `/groups/${groupId}/users/${person.oktaId}`);
      },
    };
  },
  async addsSince({ world }, since) {
    const seen = await world<{ path: string; at: number }[]>(
      'GET',
      '/control/requests?vendor=okta&method=PUT',
    );
    return seen
      .filter(({ path, at }) => path.includes('/groups/') && at >= since)
      .map(({ path, at }) => ({ personId: path.split('/').at(-1) ?? '', at }));
  },
  async takeOut(world, group, keys) {
    await world('POST', '/okta/sim/push', { drop: 'all' });
    for (const key of keys) await world('DELETE', `/okta/sim/groups/${group}/members/${key}`);
    await world('POST', '/okta/sim/push', { drop: 'none' });
  },
};

function signInsOf(personId: string): URLSearchParams {
  return new URLSearchParams({
    filter: `eventType eq "user.session.start" and outcome.result eq "SUCCESS" and actor.id eq "${personId}"`,
    since: new Date(Date.now() - SIGN_IN_WITHIN_MS).toISOString(),
    sortOrder: 'DESCENDING',
    limit: '1',
  });
}
