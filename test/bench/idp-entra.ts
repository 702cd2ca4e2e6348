import { USER_QUERY } from '../../src/idp/entra/answers.ts';
import { call } from '../../src/outbound/call.ts';
import { entraApp } from '../../src/sandbox/entra/token.ts';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import type { BenchIdp } from './idp.ts';
import { groupIds } from './idp-groups.ts';

/** Both loops wait for a cycle alike, and a long wait would hide what Latchkey takes. Entra's own is 40 minutes. */
const CYCLE_MS = 20;
/** As the catalogue says it. */
const SIGN_IN_WITHIN_MS = 12 * 3_600_000;
/** The most rows of a page. */
const PAGE = 999;

/** Three questions at once: mail, sign-in name, other addresses. */
const searchByAddress = ['searchPeople', 'searchPeople', 'searchPeople'] as const;

export const entra: BenchIdp = {
  system: 'entra',
  settings(worldUrl) {
    const settings = sandboxSettings(worldUrl, 'entra');
    // With it Latchkey asks Entra to push at once. Entra allows that five times in ten seconds, which would limit all.
    delete settings.ENTRA_PROVISIONING_APP;
    return settings;
  },
  listener: (url, scimToken) => ({ url, systems: ['entra'], scimToken: 'none', entraScimToken: scimToken }),
  async hurry(world) {
    // No notifications, as Okta calls no hook here. They would reach Latchkey while the bare loop is timed.
    await world('POST', '/entra/sim/settings', { limit: null, lagMs: 0, lose: true });
    // Its dialect is Entra's own, without the compliance flag.
    await world('POST', '/entra/sim/sync', { cycleMs: CYCLE_MS, externalId: 'objectId', isCompliant: false });
  },
  async hasPushed(world) {
    const { lastRun } = await world<{ lastRun: { state: string } | null }>('GET', '/entra/sim/sync');
    return lastRun?.state === 'Succeeded';
  },
  kinds: {
    searchPeople: ['GET', /\/users$/],
    readPerson: ['GET', /\/users\/[^/]+$/],
    readSignIn: ['GET', /\/auditLogs\/signIns$/],
    readGroups: ['GET', /\/users\/[^/]+\/memberOf$/],
    addToGroup: ['POST', /\/groups\/[^/]+\/members\/\$ref$/],
  },
  steps: {
    // The manager is looked for by the name that they sign in with.
    consider: ['readPerson', 'readSignIn', 'searchPeople', searchByAddress],
    settle: [searchByAddress, 'readPerson', 'searchPeople', searchByAddress],
    // What was written is read back until it is seen.
    apply: ['readGroups', 'addToGroup', 'readGroups'],
  },
  async open({ worldUrl, world }) {
    const token = await tokenFor(worldUrl);
    const people = await world<{ id: string; key: string | null }[]>('GET', '/entra/sim/users');
    const ids = new Map(people.map(({ id, key }) => [key, id]));
    const graph = (method: 'GET' | 'POST', path: string, body?: unknown) => ({
      method,
      url: `${worldUrl}/entra/v1.0${path}`,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });
    const idOf = ({ key }: { key: string }) => {
      const id = ids.get(key);
      if (id === undefined) throw new Error(`Entra has no ${key}`);
      return id;
    };
    return {
      idOf,
      groupId: await groupIds(world, 'entra'),
      request(kind, { person, groupId, nth }) {
        if (kind === 'searchPeople') {
          const filter = encodeURIComponent(filtersFor(person.email)[nth % 3] ?? '');
          return graph('GET', `/users?$filter=${filter}&${USER_QUERY}`);
        }
        if (kind === 'readPerson') return graph('GET', `/users/${idOf(person)}?${USER_QUERY}`);
        if (kind === 'readSignIn') return graph('GET', `/auditLogs/signIns?${signInsOf(idOf(person))}`);
        if (kind === 'readGroups')
          return graph('GET', `/users/${idOf(person)}/memberOf?$select=id&$top=${PAGE}`);
        return graph('POST', `/groups/${groupId}/members/$ref`, {
          '@odata.id': `${worldUrl}/entra/v1.0/directoryObjects/${idOf(person)}`,
        });
      },
    };
  },
  async addsSince({ worldUrl }, since) {
    // The path of such a write does not say whom it adds. Entra's own log does.
    const filter = `activityDisplayName eq 'Add member to group' and activityDateTime ge ${new Date(since).toISOString()}`;
    const answer = await call('idp', {
      method: 'GET',
      url: `${worldUrl}/entra/v1.0/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}&$top=${PAGE}`,
      headers: { authorization: `Bearer ${await tokenFor(worldUrl)}` },
      timeoutMs: 10_000,
    });
    const { value, ...rest } = answer.body as Audits;
    if (answer.status !== 200 || '@odata.nextLink' in rest)
      throw new Error(`not all of Entra's log: ${answer.status}`);
    return value.map(({ activityDateTime, targetResources }) => ({
      personId: targetResources.find(({ type }) => type === 'User')?.id ?? '',
      at: Date.parse(activityDateTime),
    }));
  },
  async takeOut(world, group, keys) {
    for (const key of keys) await world('POST', '/entra/sim/members', { group, key, isMember: false });
    // A cycle carries what differs from what was carried before. So whoever listens has to be told that they are out.
    await world('POST', '/entra/sim/sync/run');
  },
};

type Audits = { value: { activityDateTime: string; targetResources: { id: string; type: string }[] }[] };

function filtersFor(email: string): string[] {
  return [
    `mail eq '${email}'`,
    `userPrincipalName eq '${email}'`,
    `proxyAddresses/any(a:a eq 'smtp:${email}')`,
  ];
}

function signInsOf(personId: string): string {
  const since = new Date(Date.now() - SIGN_IN_WITHIN_MS).toISOString();
  const filter = `userId eq '${personId}' and status/errorCode eq 0 and createdDateTime ge ${since}`;
  return `$filter=${encodeURIComponent(filter)}&$top=1`;
}

async function tokenFor(worldUrl: string): Promise<string> {
  const { tenantId, clientId, clientSecret } = entraApp;
  const answer = await call('idp', {
    method: 'POST',
    url: `${worldUrl}/entra/login/${tenantId}/oauth2/v2.0/token`,
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${worldUrl}/entra/.default`,
    }),
    timeoutMs: 10_000,
  });
  return (answer.body as { access_token: string }).access_token;
}
