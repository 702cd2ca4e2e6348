import { expect } from 'vitest';
import { createListener } from '../../src/flow/drift/poll-idp-log.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import { ENTRA_ISSUER, SECOND_FACTOR_CONTEXT } from '../../src/sandbox/entra/sign-in.ts';
import { enterpriseApp } from '../../src/sandbox/entra/synchronization-api.ts';
import type { FaultSpec } from '../../src/sandbox/fault-plan.ts';
import { credentials } from '../../src/sandbox/seed.ts';

type Request = <T>(method: string, path: string, body?: unknown) => Promise<T>;
type Fields = {
  department?: string;
  title?: string;
  manager?: string;
  login?: string;
  email?: string;
  timezone?: string;
};
type Hired = { firstName: string; lastName: string; login: string; email?: string; department?: string };
export type Status = 'ACTIVE' | 'SUSPENDED' | 'DEPROVISIONED';
type Group = { id: string; name: string; members: { key: string | null; email: string }[] };
type User = { id: string; key: string | null; email: string; login: string };

/**
 * The identity provider of a journey: what its administrators and people do there, what Latchkey asks of it, and how it
 * misbehaves. One set of words for each of them, so that a journey has the same text wherever it is played.
 */
export type Directory = {
  system: 'okta' | 'entra';
  /** As sentences call it. */
  name: 'Okta' | 'Entra';
  /** The IdP's own ids, by the sandbox's key and by name. */
  idOf(key: string): Promise<string>;
  groupId(name: string): Promise<string>;
  users(): Promise<User[]>;
  groups(): Promise<Group[]>;

  /** By hand; `by`: the key of the administrator. */
  adds(group: string, key: string, by?: string): Promise<void>;
  removes(group: string, key: string, by?: string): Promise<void>;
  renames(group: string, name: string): Promise<void>;
  /** Deprovisioned in Entra is deleted, and active again restored. */
  sets(key: string, status: Status): Promise<void>;
  /** For good. */
  deletes(key: string): Promise<void>;
  changes(key: string, fields: Fields): Promise<void>;
  /** A new account; answers its id. */
  hires(person: Hired): Promise<string>;
  /** Provisions these people by SCIM, though no group gives them anything. */
  provisions(keys: readonly string[]): Promise<void>;
  /** Tells of somebody whom nothing was told of yet. */
  arrives(key: string): Promise<void>;
  signsIn(key: string, country: string): Promise<void>;

  /** Puts all of these in, or takes them out, as an import does. Nothing is told before `push` is over. */
  moves(group: string, keys: readonly string[], isMember: boolean, push: () => Promise<void>): Promise<void>;
  /** Pushes by SCIM stand still, or go on. */
  pausePush(isPaused: boolean): Promise<void>;
  /** All that is there is pushed once more. */
  pushesAll(group?: string): Promise<void>;
  /** Nobody tells Latchkey anything: by no push, no notification, no log. */
  silence(): Promise<void>;
  /** As in the beginning: it tells everything. */
  speaks(): Promise<void>;
  /** What is told at once is lost, so only its log says who did something. */
  tellsByLogAlone(): Promise<void>;
  /** What only Okta does (`onOktaAlone`): it assigns people to the app one by one, and forgets to push removals. */
  assigns(key: string, assigned: boolean): Promise<void>;
  forgetsRemovals(): Promise<void>;

  /** Requests of this kind that have reached it. */
  asked(call: Call): Promise<{ status: number | null }[]>;
  /** Where people sign in afresh: its issuer, and what is on record of somebody who did with two factors. */
  signIn: { issuer: string; twoFactors: { acr: string; amr?: string[] } };
  /** Requests of Latchkey, as faults name them. */
  calls: Record<Call, Pick<FaultSpec, 'vendor' | 'method' | 'path'>>;
};

/**
 * `write`: somebody into a group; `remove`: out of it. `members`: the list of a group’s members. `audits`: the log that
 * says who did it.
 */
export type Call =
  | 'any'
  | 'write'
  | 'remove'
  | 'people'
  | 'groups'
  | 'members'
  | 'groupsOf'
  | 'signIns'
  | 'log'
  | 'audits'
  | 'signInToken';

/** Entra is asked here to push at once. */
const ON_DEMAND = `/servicePrincipals/${enterpriseApp.servicePrincipalId}/synchronization/jobs/${enterpriseApp.jobId}/provisionOnDemand`;

type World = { worldUrl: string; request: Request; context: (() => Context) | undefined };

export function directoryOf(system: 'okta' | 'entra', world: World): Directory {
  return system === 'okta' ? okta(world) : entra(world);
}

type Calls = Directory['calls'];

function lookups(request: Request, prefix: string, calls: Calls) {
  const users = () => request<User[]>('GET', `${prefix}/users`);
  const groups = () => request<Group[]>('GET', `${prefix}/groups`);
  return {
    users,
    groups,
    calls,
    asked: (call: Call) => {
      const { vendor, method, path } = calls[call];
      const query = {
        vendor,
        ...(method === undefined ? {} : { method }),
        ...(path === undefined ? {} : { path }),
      };
      return request<{ status: number | null }[]>('GET', `/control/requests?${new URLSearchParams(query)}`);
    },
    async idOf(key: string) {
      const found = (await users()).find((user) => user.key === key);
      if (found === undefined) throw new Error(`the directory knows nobody as ${key}`);
      return found.id;
    },
    async groupId(name: string) {
      const found = (await groups()).find((group) => group.name === name);
      if (found === undefined) throw new Error(`the directory has no group ${name}`);
      return found.id;
    },
  };
}

const callsOfOkta: Calls = {
  any: { vendor: 'okta' },
  write: { vendor: 'okta', method: 'PUT', path: '/groups/.*/users/' },
  remove: { vendor: 'okta', method: 'DELETE', path: '/groups/.*/users/' },
  people: { vendor: 'okta', method: 'GET', path: '/api/v1/users' },
  groups: { vendor: 'okta', method: 'GET', path: '^/api/v1/groups$' },
  members: { vendor: 'okta', method: 'GET', path: '/groups/[^/]+/users$' },
  groupsOf: { vendor: 'okta', method: 'GET', path: '/users/.*/groups' },
  signIns: { vendor: 'okta', path: '/logs' },
  log: { vendor: 'okta', path: '^/api/v1/logs' },
  audits: { vendor: 'okta', path: '^/api/v1/logs' },
  signInToken: { vendor: 'okta', path: '/oauth2/v1/sign-in/token' },
};

function okta({ request, worldUrl, context: contextNow }: World): Directory {
  const post = async (path: string, body?: unknown) => void (await request('POST', `/okta/sim${path}`, body));
  const as = (by?: string) => (by === undefined ? '' : `?by=${by}`);
  const vendor = 'okta';
  return {
    system: 'okta',
    name: 'Okta',
    ...lookups(request, '/okta/sim', callsOfOkta),
    signIn: {
      issuer: `${worldUrl}/okta`,
      twoFactors: { acr: 'urn:okta:loa:2fa:any', amr: ['pwd', 'otp', 'mfa'] },
    },
    adds: (group, key, by) => post(`/groups/${group}/members/${key}${as(by)}`),
    removes: async (group, key, by) =>
      void (await request('DELETE', `/okta/sim/groups/${group}/members/${key}${as(by)}`)),
    renames: async (group, name) => void (await request('PUT', `/okta/sim/groups/${group}`, { name })),
    sets: (key, status) => post(`/users/${key}/status`, { status }),
    deletes: async (key) => void (await request('DELETE', `/okta/sim/users/${key}`)),
    changes: (key, fields) => post(`/users/${key}/profile`, fields),
    async hires(profile) {
      const made = await fetch(`${worldUrl}/okta/api/v1/users?activate=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `SSWS ${credentials.oktaApiToken}` },
        body: JSON.stringify({ profile: { email: profile.login, ...profile } }),
      });
      if (made.status !== 200) throw new Error(`Okta makes nobody: ${made.status} ${await made.text()}`);
      return ((await made.json()) as { id: string }).id;
    },
    async provisions(keys) {
      for (const key of keys) for (const assigned of [false, true]) await post('/assign', { key, assigned });
    },
    async arrives(key) {
      for (const assigned of [false, true]) await post('/assign', { key, assigned });
    },
    assigns: (key, assigned) => post('/assign', { key, assigned }),
    forgetsRemovals: () => post('/push', { drop: 'remove' }),
    signsIn: (key, country) => post(`/users/${key}/sign-in`, { country }),
    async moves(group, keys, isMember, push) {
      await post('/push', { paused: true });
      await post('/hooks', { paused: true });
      await post('/log', { lagMs: 600_000 });
      const method = isMember ? 'POST' : 'DELETE';
      for (const key of keys) await request(method, `/okta/sim/groups/${group}/members/${key}`);
      await push();
      await post('/log', { lagMs: 0 });
      await post('/hooks', { paused: false });
      await post('/push', { paused: false });
    },
    pausePush: (paused) => post('/push', { paused }),
    pushesAll: (group) => post('/push-now', group === undefined ? {} : { group }),
    async silence() {
      await post('/push', { drop: 'all' });
      await post('/hooks', { lose: true });
      await request('POST', '/control/faults', { vendor, path: '/logs', kind: 'status', status: 500 });
    },
    async speaks() {
      await post('/push', { drop: 'none', paused: false });
      await post('/hooks', { lose: false });
    },
    async tellsByLogAlone() {
      await post('/hooks', { lose: true });
      const context = contextNow?.() as { eventHooks?: ReadonlySet<string> } | undefined;
      if (context !== undefined) context.eventHooks = new Set();
    },
  };
}

const callsOfEntra: Calls = {
  any: { vendor: 'entra' },
  write: { vendor: 'entra', method: 'POST', path: '/groups/[^/]+/members/[$]ref$' },
  remove: { vendor: 'entra', method: 'DELETE', path: '/groups/[^/]+/members/[^/]+/[$]ref$' },
  people: { vendor: 'entra', method: 'GET', path: '/users' },
  groups: { vendor: 'entra', method: 'GET', path: '^/groups$' },
  members: { vendor: 'entra', method: 'GET', path: '/groups/[^/]+/members$' },
  groupsOf: { vendor: 'entra', method: 'GET', path: '/users/[^/]+/' },
  signIns: { vendor: 'entra', path: '/auditLogs/signIns' },
  log: { vendor: 'entra', path: '/delta$' },
  audits: { vendor: 'entra', path: '/auditLogs/directoryAudits' },
  signInToken: { vendor: 'entra', path: '/oauth2/v2.0/sign-in/token' },
};

/**
 * Entra tells when it is asked, and its provisioning runs now and then. A journey does not wait for that time: what
 * somebody does by hand is told, and carried by a cycle, right after it.
 */
function entra({ request, worldUrl, context: contextNow }: World): Directory {
  let isPaused = false;
  let isSilent = false;
  const post = async <T>(path: string, body?: unknown) =>
    await request<T>('POST', `/entra/sim${path}`, body ?? {});
  async function told(): Promise<void> {
    if (isSilent) return;
    if (!isPaused) await post('/sync/run');
    const context = contextNow?.();
    const { log } = context?.idps.all.find((idp) => idp.system === 'entra') ?? {};
    if (context === undefined || log === undefined) return;
    const listen = createListener(context, { system: 'entra', log });
    // Without an answer it is asked again in its time.
    await context.locks.withLock(`IdP log ${log.eventSource}`, listen).catch(() => {});
  }
  const member = async (group: string, key: string, isMember: boolean, by?: string) => {
    await post('/members', { group, key, isMember, ...(by === undefined ? {} : { by }) });
    await told();
  };
  const happens = async (key: string, happening: string, fields?: object) => {
    await post('/users', { key, happening, ...(fields === undefined ? {} : { fields }) });
    await told();
  };
  const found = lookups(request, '/entra/sim', callsOfEntra);
  return {
    system: 'entra',
    name: 'Entra',
    ...found,
    signIn: { issuer: `${worldUrl}${ENTRA_ISSUER}`, twoFactors: { acr: SECOND_FACTOR_CONTEXT } },
    adds: (group, key, by) => member(group, key, true, by),
    removes: (group, key, by) => member(group, key, false, by),
    async renames(group, name) {
      await post('/groups/rename', { group, name });
      await told();
    },
    async sets(key, status) {
      const isThere = (await found.users()).some((user) => user.key === key);
      if (status === 'DEPROVISIONED') return await happens(key, 'deleted');
      if (!isThere) await happens(key, 'restored');
      await happens(key, status === 'ACTIVE' ? 'unblocked' : 'blocked');
    },
    async deletes(key) {
      await happens(key, 'deleted');
      await happens(key, 'purged');
    },
    changes: (key, fields) => happens(key, 'updated', fields),
    async hires({ firstName, lastName, login, email, department }) {
      const { id } = await post<{ id: string }>('/users/new', {
        key: login.split('@')[0],
        userPrincipalName: login,
        displayName: `${firstName} ${lastName}`,
        mail: email ?? login,
        proxyAddresses: [`SMTP:${email ?? login}`],
        department: department ?? null,
      });
      return id;
    },
    async provisions(keys) {
      const members = await Promise.all(keys.map((key) => found.idOf(key)));
      await post('/groups/new', { displayName: 'people-of-the-app', members });
      await post('/sync/assignments', { group: 'people-of-the-app', isAssigned: true });
      await told();
    },
    arrives: (key) => happens(key, 'updated'),
    assigns: () => expect.fail('Entra assigns groups'),
    forgetsRemovals: () => expect.fail('Entra remembers what it has carried'),
    signsIn: async (key, countryOrRegion) =>
      void (await post('/sign-ins', {
        key,
        createdDateTime: new Date().toISOString(),
        appId: 'an app',
        status: { errorCode: 0 },
        location: { countryOrRegion },
      })),
    async moves(group, keys, isMember, push) {
      await post('/settings', { paused: true });
      for (const key of keys) await post('/members', { group, key, isMember });
      await push();
      await post('/settings', { paused: false });
      await told();
    },
    async pausePush(paused) {
      isPaused = paused;
      await post('/sync', { isPaused: paused });
      await post('/settings', { refuse: paused ? { status: 503, below: ON_DEMAND } : null });
      if (!paused) await told();
    },
    async pushesAll() {
      if (!isSilent && !isPaused) await post('/sync/run');
    },
    async silence() {
      isSilent = true;
      await post('/settings', { lose: true, refuse: { status: 503, below: '/groups/delta' } });
    },
    async speaks() {
      isSilent = false;
      isPaused = false;
      await post('/settings', { lose: false, refuse: null });
      await post('/sync', { isPaused: false });
      await told();
    },
    tellsByLogAlone: async () => void (await post('/settings', { lose: true })),
  };
}
