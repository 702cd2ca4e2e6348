import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { World } from '../emulator.ts';
import { company } from '../seed.ts';
import { readBody } from './answers.ts';
import { type AuditLog, administrator, signInClaim } from './audit.ts';
import { type MembershipType, type Organization, type Team, typeOf, type User } from './state.ts';
import type { Throttle } from './throttle.ts';

const LAG_MS_MAX = 3_600_000;

const lagSchema = z.strictObject({
  ms: z.int().min(0).max(LAG_MS_MAX),
  /** Name or id of the only team that lags. */
  team: z.string().optional(),
});
const throttleSchema = z.strictObject({
  perMinute: z.int().min(0).nullable(),
  as: z.union([z.literal(429), z.literal(503)]).default(429),
});
const useSchema = z
  .strictObject({ at: z.iso.datetime().optional(), api: z.string().min(1).max(100).optional() })
  .prefault({});

const signInSchema = z
  .strictObject({
    /**
     * The group claim that the IdP sends, `okta` or `entra`: as that one would now, `idp`: the names of the groups there, of those that are Latchkey's; absent: the sign-in carries none and moves no
     * membership.
     */
    groups: z.union([z.array(z.string()), z.enum(['idp', 'okta', 'entra'])]).optional(),
    /** The name the IdP sends, when it is no longer the e-mail address. */
    username: z.string().min(1).optional(),
    /** Invited, with a password of Anypoint's own: whoever takes the invitation chooses the user name. */
    local: z.boolean().optional(),
  })
  .default({});
const memberSchema = z
  .strictObject({ membershipType: z.enum(['member', 'maintainer']).default('member') })
  .default({ membershipType: 'member' });

const mappedSchema = z.array(
  z.strictObject({
    group: z.string().min(1),
    as: z.enum(['member', 'maintainer']).default('member'),
    provider: z.string().min(1).default(company.anypointIdpId),
  }),
);
/** Whether what a claim gave outlives a direct removal. */
const claimsSchema = z.strictObject({ keepsClaimed: z.boolean() });

type OfMember = { Params: { name: string; key: string } };

/** People's acts in Anypoint's own pages, and the true state whatever the API's reads see. Never under faults. */
export function consoleRoutes(app: FastifyInstance, parts: ConsoleParts): void {
  pageRoutes(app, parts);
  troubleRoutes(app, parts);
  signInRoute(app, parts);
  lastUseRoute(app, parts);
  memberRoutes(app, parts);
  claimRoutes(app, parts);
}

export type ConsoleParts = {
  world: World;
  organization: Organization;
  audit: AuditLog;
  throttle: Throttle;
};

function userOf(organization: Organization, keyOrId: string): User | null {
  return organization.user(keyOrId) ?? organization.userOfPerson(keyOrId);
}

function teamOf(organization: Organization, nameOrId: string): Team | null {
  return organization.team(nameOrId) ?? organization.teams().find((team) => team.name === nameOrId) ?? null;
}

function pageRoutes(app: FastifyInstance, { organization }: ConsoleParts): void {
  /** Where Latchkey sends people for their first sign-in; here somebody else presses the button for them. */
  app.get('/login', async (_request, reply) =>
    reply
      .type('text/html')
      .send(
        '<!doctype html><title>Anypoint, sandbox</title><p>This is where somebody would sign in to Anypoint. In the <a href="/">sandbox</a> press <em>Sign in to Anypoint</em> beside their change on the right.</p>',
      ),
  );
  app.get('/sim/teams', async () => organization.teams().map((team) => trueState(organization, team)));
}

/** How far reads are behind, and how many calls are answered. */
function troubleRoutes(app: FastifyInstance, { world, organization, throttle }: ConsoleParts): void {
  app.get('/sim/lag', async () => ({ ms: organization.lagMs }));
  app.post('/sim/lag', async (request, reply) => {
    const body = await readBody(lagSchema, request, reply);
    if (body === null) return reply;
    const team = body.team === undefined ? null : teamOf(organization, body.team);
    if (body.team !== undefined && team === null)
      return reply.code(404).send({ error: `no team ${body.team}` });
    organization.lagMs = body.ms;
    organization.lagTeamId = team?.id ?? null;
    world.changed();
    return body;
  });

  app.get('/sim/throttle', async () => throttle.settings);
  app.post('/sim/throttle', async (request, reply) => {
    const body = await readBody(throttleSchema, request, reply);
    if (body === null) return reply;
    throttle.set(body);
    world.changed();
    return body;
  });
}

function signInRoute(app: FastifyInstance, { world, organization, audit }: ConsoleParts): void {
  app.post<{ Params: { key: string } }>('/sim/users/:key/sign-in', async (request, reply) => {
    const person = world.people.find(({ key }) => key === request.params.key);
    if (person === undefined) return reply.code(404).send({ message: 'Nobody has this key' });
    const body = await readBody(signInSchema, request, reply);
    if (body === null) return reply;
    const username = body.username ?? organization.userOfPerson(person.key)?.username ?? person.email;
    const user = organization.signIn(person, username, body.local);
    const groups = typeof body.groups === 'string' ? world.claimOf?.(person.key, body.groups) : body.groups;
    if (groups !== undefined) applyClaim(organization, audit, user, groups);
    return { userId: user.id, username: user.username };
  });
}

/** Somebody used Anypoint, now or in the past: signed in, or changed something of an API too. */
function lastUseRoute(app: FastifyInstance, { world, organization, audit }: ConsoleParts): void {
  app.post<{ Params: { key: string } }>('/sim/users/:key/use', async (request, reply) => {
    const body = await readBody(useSchema, request, reply);
    if (body === null) return reply;
    const user = organization.userOfPerson(request.params.key);
    if (user === null) return reply.code(409).send({ message: 'This person has no user in Anypoint' });
    const at = body.at === undefined ? Date.now() : Date.parse(body.at);
    user.lastLogin = at;
    if (body.api !== undefined)
      audit.work({ id: user.id, name: user.username }, { id: `api-${body.api}`, name: body.api }, at);
    world.changed();
    return reply.code(204).send();
  });
}

function memberRoutes(app: FastifyInstance, { organization, audit }: ConsoleParts): void {
  app.post<OfMember>('/sim/teams/:name/members/:key', async (request, reply) => {
    const body = await readBody(memberSchema, request, reply);
    if (body === null) return reply;
    const team = teamOf(organization, request.params.name);
    if (team === null) return reply.code(404).send({ message: 'There is no such team' });
    const user = userOf(organization, request.params.key);
    if (user === null)
      return reply.code(409).send({ message: 'This person has never signed in to Anypoint and has no user' });
    organization.setMember(team.id, user.id, { explicit: body.membershipType });
    audit.team(administrator, 'Edit', team, {
      subaction: 'Add Members',
      payload: [{ id: user.id, membership_type: body.membershipType }],
    });
    return reply.code(204).send();
  });

  app.delete<OfMember>('/sim/teams/:name/members/:key', async (request, reply) => {
    const team = teamOf(organization, request.params.name);
    const user = userOf(organization, request.params.key);
    if (team === null || user === null || organization.member(team.id, user.id) === null)
      return reply.code(404).send({ message: 'Not a member of this team' });
    organization.removeMember(team.id, user.id);
    audit.team(administrator, 'Edit', team, { subaction: 'Remove Members', payload: [user.id] });
    return reply.code(204).send();
  });
}

/** Which groups of the IdP give which teams at a sign-in, as an administrator sets it. */
function claimRoutes(app: FastifyInstance, { organization, audit }: ConsoleParts): void {
  app.put<{ Params: { name: string } }>('/sim/teams/:name/mappings', async (request, reply) => {
    const body = await readBody(mappedSchema, request, reply);
    if (body === null) return reply;
    const team = teamOf(organization, request.params.name);
    if (team === null) return reply.code(404).send({ message: 'There is no such team' });
    const mappings = body.map(({ group, as, provider }) => ({
      membership_type: as,
      external_group_name: group,
      provider_id: provider,
    }));
    organization.changeTeam(team, { mappings });
    audit.team(administrator, 'Edit', team, {
      subaction: 'Edit external group mapping',
      payload: { data: mappings, total: mappings.length },
    });
    return reply.code(204).send();
  });
  app.post('/sim/claims', async (request, reply) => {
    const body = await readBody(claimsSchema, request, reply);
    if (body === null) return reply;
    organization.keepsClaimed = body.keepsClaimed;
    return body;
  });
}

/** Memberships by claim become exactly what the mappings make of it; the most permissive mapping wins. */
function applyClaim(organization: Organization, audit: AuditLog, user: User, groups: string[]): void {
  for (const team of organization.teams()) {
    const types = team.mappings
      .filter((m) => m.provider_id === company.anypointIdpId && groups.includes(m.external_group_name))
      .map((m) => m.membership_type);
    const external: MembershipType | null = types.includes('maintainer') ? 'maintainer' : (types[0] ?? null);
    const before = organization.member(team.id, user.id);
    if ((before?.external ?? null) === external) continue;
    organization.setMember(team.id, user.id, { external });
    if (external === null)
      audit.team(signInClaim, 'Edit', team, { subaction: 'Remove Members', payload: [user.id] });
    else
      audit.team(signInClaim, 'Edit', team, {
        subaction: 'Add Members',
        payload: [{ id: user.id, membership_type: external }],
      });
  }
}

function trueState(organization: Organization, team: Team) {
  const now = Date.now();
  const rows = organization.members(team.id);
  const keyOf = (userId: string) => organization.user(userId)?.key ?? null;
  return {
    id: team.id,
    name: team.name,
    members: rows.flatMap(({ userId, truth, visibleAt }) => {
      const user = organization.user(userId);
      if (truth === null || user === null) return [];
      return [
        {
          key: keyOf(userId),
          name: `${user.firstName} ${user.lastName}`.trim(),
          email: user.email,
          userId,
          membershipType: typeOf(truth),
          external: truth.explicit === null,
          ...(visibleAt > now ? { visibleAt: new Date(visibleAt).toISOString() } : {}),
        },
      ];
    }),
    /** Gone in truth, still shown by the API's reads until then. */
    leaving: rows
      .filter(({ truth }) => truth === null)
      .map(({ userId, visibleAt }) => ({
        key: keyOf(userId),
        userId,
        visibleAt: new Date(visibleAt).toISOString(),
      })),
  };
}
