import { z } from 'zod';
import { askedByMany } from '../outbound/asked-by-many.ts';
import { manyOf } from '../outbound/many.ts';
import type { AnypointUser, GroupMapping, MuleSoft, TeamRole, UserTeam } from '../ports/mulesoft.ts';
import type { Page } from '../ports/page.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import { createApplications } from './applications.ts';
import { createMembers, memberPageSchema, membershipOf } from './members.ts';
import { listed, nextOffset } from './pages.ts';
import { readAnswer, Session } from './session.ts';
import { easeMsOf } from './throttle.ts';
import { createUseRecords } from './use-records.ts';

export type AnypointSettings = {
  /** Control plane without the `/accounts/api` part, e.g. `https://anypoint.mulesoft.com`. */
  url: string;
  /** The root organisation, where teams live. */
  orgId: string;
  /** A connected app with the scopes to view users and to administer teams. */
  clientId: string;
  clientSecret: GivenSecret;
  /** One HTTP call, in milliseconds; 10 s unless told. */
  timeoutMs?: number;
};

const TIMEOUT_DEFAULT_MS = 10_000;
/** Largest page of Access Management lists (mulesoft-dx, apis/access-management/api.yaml). */
const PAGE_LIMIT = 500;

/** `idprovider_id` of users with a password of Anypoint's own. */
const LOCAL_PROVIDER = 'mulesoft';

const userSchema = z.object({
  id: z.string().min(1),
  username: z.string(),
  email: z.string().nullish(),
  enabled: z.boolean(),
  deleted: z.boolean().default(false),
  lastLogin: z.string().nullish(),
  idprovider_id: z.string().nullish(),
});
type UserRow = z.infer<typeof userSchema>;

const teamSchema = z.object({ team_id: z.string().min(1), team_name: z.string() });

const teamWithAncestors = teamSchema.extend({ ancestor_team_ids: z.array(z.string()).default([]) });

const roleSchema = z.object({
  role_id: z.string().min(1),
  name: z.string().default(''),
  context_params: z.object({ org: z.string().nullish(), envId: z.string().nullish() }).default({}),
});

const mappingSchema = z.object({
  external_group_name: z.string(),
  membership_type: z.enum(['member', 'maintainer']),
  provider_id: z.string(),
});

const userPageSchema = z.object({ data: z.array(userSchema), total: z.number().optional() });

const userTeamSchema = teamSchema.extend({
  membership_type: z.enum(['member', 'maintainer']),
  is_assigned_via_external_groups: z.boolean(),
});

/** MuleSoft Anypoint through Access Management. Throws Faults `mulesoft.*`; see the port for what each call means. */
export function createAnypoint(settings: AnypointSettings): MuleSoft {
  const { url, orgId, clientId, clientSecret, timeoutMs = TIMEOUT_DEFAULT_MS } = settings;
  const session = new Session({ url, clientId, clientSecret, timeoutMs });
  const organization = `/accounts/api/organizations/${encodeURIComponent(orgId)}`;
  const membersOf = (teamId: string) => `${organization}/teams/${encodeURIComponent(teamId)}/members`;

  const rows = <T>(path: string, row: z.ZodType<T>, query: Record<string, string> = {}) =>
    listed(session, {
      path,
      query,
      limit: PAGE_LIMIT,
      schema: z.object({ data: z.array(row), total: z.number().optional() }),
      rows: ({ data, total }) => ({ rows: data, total }),
    });

  /** One page by offset, which is what `from` says. Rows that come and go meanwhile shift the others. */
  async function pageOf<T>(
    path: string,
    schema: z.ZodType<{ data: T[]; total?: number | undefined }>,
    query: Record<string, string>,
    from: string | null,
  ): Promise<Page<T> & { total?: number }> {
    const offset = Number(from ?? 0);
    const answer = await session.call({
      method: 'GET',
      path,
      query: { ...query, limit: String(PAGE_LIMIT), offset: String(offset) },
    });
    const { data, total } = readAnswer(schema, answer, path);
    const next = nextOffset(path, { offset, rows: data.length, total });
    return {
      rows: data,
      next: next === null ? null : String(next),
      easeMs: easeMsOf(answer.headers),
      ...(total === undefined ? {} : { total }),
    };
  }

  async function pageOfMembers(teamId: string, from: string | null) {
    const page = await pageOf(membersOf(teamId), memberPageSchema, { identity_type: 'user' }, from);
    const rows = page.rows
      .filter((row) => row.identity_type === 'user')
      .map((row) => ({ userId: row.id, ...membershipOf(row) }));
    return { ...page, rows };
  }

  const pageOfUsers = (from: string | null) =>
    pageOf(`${organization}/users`, userPageSchema, { type: 'all' }, from);

  async function searchUsers(names: ReadonlySet<string>): Promise<UserRow[]> {
    const found: UserRow[] = [];
    // `type=all`: the default, `host`, leaves out everybody who signs in through an identity provider.
    for (const search of names)
      for await (const user of rows(`${organization}/users`, userSchema, { type: 'all', search }))
        found.push(user);
    return found;
  }

  /** By the names of each. Of many at the same time the list of all users is read, if that takes fewer calls. */
  const usersNamed = askedByMany<ReadonlySet<string>, UserRow[]>(
    () => 'users',
    async (asked) => {
      const byName = new Map<string, UserRow[]>(
        asked.flatMap((names) => [...names].map((name) => [name, []])),
      );
      const all = await manyOf(asked.length, pageOfUsers, (user) =>
        namesOf(user).some((name) => byName.has(name)),
      );
      if (all === null)
        return await Promise.all(asked.map((names) => searchUsers(names).catch((error: Error) => error)));
      for (const user of all) for (const name of new Set(namesOf(user))) byName.get(name)?.push(user);
      return asked.map((names) => [...names].flatMap((name) => byName.get(name) ?? []));
    },
  );

  return {
    async findUsers({ email, login }) {
      // An empty one would match every user without an e-mail address.
      const wanted = new Set([email, login].map((name) => name.toLowerCase()).filter((name) => name !== ''));
      const found = new Map<string, UserRow>();
      for (const user of await usersNamed(wanted))
        if (!user.deleted && isWanted(user, wanted)) found.set(user.id, user);
      return [...found.values()]
        .sort((a, b) => likelihood(b, wanted) - likelihood(a, wanted) || lastLoginMs(b) - lastLoginMs(a))
        .map((user) => asUser(user, isSameName(user.username, login) ? 'username' : 'email'));
    },

    async readUser(userId) {
      const path = `${organization}/users/${encodeURIComponent(userId)}`;
      const answer = await session.call({ method: 'GET', path }, [404]);
      if (answer.status === 404) return null;
      const { deleted, ...user } = readAnswer(userSchema, answer, path);
      return deleted ? null : asUser({ ...user, deleted }, 'email');
    },

    async findTeam(name) {
      for await (const team of rows(`${organization}/teams`, teamWithAncestors, { search: name }))
        if (team.team_name === name)
          return { id: team.team_id, name: team.team_name, ancestorIds: team.ancestor_team_ids };
      return null;
    },

    async rolesOf(teamId) {
      const roles: TeamRole[] = [];
      for await (const role of rows(`${organization}/teams/${encodeURIComponent(teamId)}/roles`, roleSchema))
        roles.push({
          id: role.role_id,
          name: role.name,
          orgId: role.context_params.org ?? null,
          environmentId: role.context_params.envId ?? null,
        });
      return roles;
    },

    async groupMappingsOf(teamId) {
      const path = `${organization}/teams/${encodeURIComponent(teamId)}/groupmappings`;
      const mappings: GroupMapping[] = [];
      for await (const row of rows(path, mappingSchema))
        mappings.push({
          externalGroupName: row.external_group_name,
          membershipType: row.membership_type,
          providerId: row.provider_id,
        });
      return mappings;
    },

    pageOfMembers,

    async pageOfUsers(from) {
      const page = await pageOfUsers(from);
      const rows = page.rows.flatMap((row) =>
        row.deleted ? [] : [{ id: row.id, username: row.username, isFederated: isFederated(row) }],
      );
      return { ...page, rows };
    },

    ...createMembers(session, { organization, pageLimit: PAGE_LIMIT }, pageOfMembers),

    async listTeamsOf(userId) {
      const teams: UserTeam[] = [];
      for await (const row of rows(
        `${organization}/users/${encodeURIComponent(userId)}/teams`,
        userTeamSchema,
      ))
        teams.push({
          id: row.team_id,
          name: row.team_name,
          membershipType: row.membership_type,
          isAssignedViaExternalGroups: row.is_assigned_via_external_groups,
        });
      return teams;
    },

    useRecords: createUseRecords(session, orgId),

    ...createApplications(session, { orgId, clientId }),

    async check() {
      const path = `${organization}/teams`;
      const answer = await session.call({ method: 'GET', path, query: { limit: '1' } });
      readAnswer(z.object({ data: z.array(teamSchema) }), answer, path);
    },
  };
}

function namesOf({ username, email }: UserRow): string[] {
  return [username.toLowerCase(), email?.toLowerCase() ?? ''];
}

function isWanted(user: UserRow, wanted: ReadonlySet<string>): boolean {
  return namesOf(user).some((name) => wanted.has(name));
}

function isSameName(a: string, b: string): boolean {
  return b !== '' && a.toLowerCase() === b.toLowerCase();
}

/** Nothing said is not "through the identity provider". */
function isFederated({ idprovider_id: provider }: UserRow): boolean {
  return (provider ?? LOCAL_PROVIDER) !== LOCAL_PROVIDER;
}

/** An e-mail in a profile proves little; a user name of the identity provider's proves most. */
function likelihood(user: UserRow, wanted: ReadonlySet<string>): number {
  const isNamed = wanted.has(user.username.toLowerCase());
  return (isNamed ? 4 : 0) + (isFederated(user) ? 2 : 0) + (user.enabled ? 1 : 0);
}

function lastLoginMs(user: UserRow): number {
  const ms = Date.parse(user.lastLogin ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}

function asUser(row: UserRow, matchedBy: AnypointUser['matchedBy']): AnypointUser {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? '',
    enabled: row.enabled,
    isFederated: isFederated(row),
    provider: row.idprovider_id ?? null,
    matchedBy,
    ...(lastLoginMs(row) === 0 ? {} : { lastSignInAt: new Date(lastLoginMs(row)) }),
  };
}
