import Fastify from 'fastify';
import type { Person } from '../../src/sandbox/seed.ts';
import {
  anypointToken,
  type Counts,
  type Kind,
  type Message,
  makeCall,
  type Where,
} from './outside-calls.ts';
import type { Scene } from './scene.ts';
import { abreast } from './traveller.ts';

/** The calls of each step in the order in which Latchkey makes them. What it makes beyond these comes last. */
const steps: { name: string; calls: Kind[] }[] = [
  { name: 'receive', calls: [] },
  { name: 'consider', calls: ['readPerson', 'readPerson', 'searchPeople'] },
  { name: 'tell', calls: ['post', 'post', 'update'] },
  { name: 'summarize', calls: ['advise'] },
  { name: 'settle', calls: ['whoIs', 'searchPeople', 'readPerson', 'readPerson', 'searchPeople'] },
  { name: 'apply', calls: ['readGroups', 'addToGroup'] },
  { name: 'deliver', calls: ['findUser', 'readMembers', 'addToTeam'] },
  { name: 'verify', calls: ['findUser', 'readMembers'] },
];

/**
 * The least a program must do for the same changes: the same outside calls, and one commit a step. It has no rules, no
 * locks, no queue and no repeats. Answers changes a second.
 */
export async function bareLoop(
  scene: Scene,
  people: readonly Person[],
  target: Pick<Where, 'groupId' | 'teamId'>,
  width: number,
  counts: Counts,
): Promise<number> {
  const where: Where = {
    worldUrl: scene.worldUrl,
    anypointToken: await anypointToken(scene.worldUrl),
    ...target,
  };
  await scene.db.query(
    'create table if not exists bare_steps (id bigint generated always as identity primary key, person text, step text, doc jsonb)',
  );
  const commit = (person: Person, step: string) =>
    scene.db.query('insert into bare_steps (person, step, doc) values ($1, $2, $3)', [
      person.key,
      step,
      JSON.stringify(person),
    ]);
  const extra = extraCalls(counts, people.length);

  // Okta pushes to a listener that stores what it is told and nothing more.
  const arrivals = new Map<string, () => void>();
  const { rows } = await scene.db.query<{ id: string; external_id: string }>(
    'select id, external_id from scim_users',
  );
  const oktaIds = new Map(rows.map((row) => [row.id, row.external_id]));
  const app = Fastify();
  app.addContentTypeParser('application/scim+json', { parseAs: 'string' }, (_request, text, done) =>
    done(null, JSON.parse(String(text))),
  );
  app.patch<{ Body: { Operations: { op: string; path?: string; value: unknown }[] } }>(
    '/scim/v2/Groups/:id',
    async (request, reply) => {
      await scene.db.query('insert into bare_steps (step, doc) values ($1, $2)', [
        'push',
        JSON.stringify(request.body),
      ]);
      for (const { op, path, value } of request.body.Operations)
        if (op === 'add' && path === 'members')
          for (const member of value as { value: string }[])
            arrivals.get(oktaIds.get(member.value) ?? '')?.();
      return reply.code(204).send();
    },
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  await scene.world('PUT', '/control/latchkey', { url, scimToken: 'bare-road-token' });

  const startedAt = performance.now();
  await abreast(people, width, async (person) => {
    const pushed = new Promise<void>((resolve) => arrivals.set(person.oktaId, resolve));
    let message: Message = { channel: '#access-requests', ts: null };
    const make = async (kind: Kind) => {
      const body = await makeCall(kind, where, person, message);
      if (kind === 'post' && message.ts === null) message = body as Message;
    };
    for (const { name, calls } of steps) {
      if (name === 'deliver') await pushed;
      for (const kind of calls) await make(kind);
      await commit(person, name);
    }
    for (const kind of extra()) await make(kind);
    await commit(person, 'tell');
  });
  const perSecond = (people.length * 1_000) / (performance.now() - startedAt);
  await app.close();
  return perSecond;
}

/** The calls that Latchkey makes beyond the steps' own, dealt out evenly over the changes. */
function extraCalls(counts: Counts, changes: number): () => Kind[] {
  const planned = steps.flatMap((step) => step.calls);
  const each = Object.entries(counts).map(([kind, n]) => {
    const own = planned.filter((k) => k === kind).length;
    return { kind: kind as Kind, perChange: Math.max(0, n / changes - own), owed: 0 };
  });
  return () =>
    each.flatMap((one) => {
      one.owed += one.perChange;
      const now = Math.floor(one.owed + 1e-9);
      one.owed -= now;
      return Array.from({ length: now }, () => one.kind);
    });
}
