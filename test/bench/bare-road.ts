import Fastify from 'fastify';
import type { Person } from '../../src/sandbox/seed.ts';
import type { BenchIdp } from './idp.ts';
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

type Step = { name: string; calls: readonly (Kind | readonly Kind[])[] };

/** The calls of each step in the order in which Latchkey makes them. What it makes beyond these comes last. */
function stepsWith({ steps }: BenchIdp): Step[] {
  return [
    { name: 'receive', calls: [] },
    { name: 'consider', calls: steps.consider },
    { name: 'tell', calls: ['post', 'post', 'update'] },
    { name: 'summarize', calls: ['advise'] },
    { name: 'settle', calls: ['whoIs', ...steps.settle] },
    { name: 'apply', calls: steps.apply },
    { name: 'deliver', calls: ['findUser', 'readMembers', 'addToTeam'] },
    { name: 'verify', calls: ['findUser', 'readMembers'] },
  ];
}

type Listener = Awaited<ReturnType<typeof bareListener>>;

/** From now on the identity provider pushes to a listener that stores what it is told and nothing more. */
export async function bareListener(scene: Scene) {
  await scene.db.query(
    'create table if not exists bare_steps (id bigint generated always as identity primary key, person text, step text, doc jsonb)',
  );
  const arrivals = new Map<string, () => void>();
  const { rows } = await scene.db.query<{ id: string; external_id: string }>(
    'select id, external_id from scim_users',
  );
  const idpIds = new Map(rows.map((row) => [row.id, row.external_id]));
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
      // Okta writes "add", Entra "Add".
      for (const { op, path, value } of request.body.Operations)
        if (op.toLowerCase() === 'add' && path === 'members')
          for (const member of value as { value: string }[]) arrivals.get(idpIds.get(member.value) ?? '')?.();
      return reply.code(204).send();
    },
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  await scene.world('PUT', '/control/latchkey', scene.idp.listener(url, 'bare-road-token'));
  return {
    /** Until it is told that this person came in. */
    arrival: (idpId: string) => new Promise<void>((resolve) => arrivals.set(idpId, resolve)),
    close: () => app.close(),
  };
}

/**
 * The least a program must do for the same changes: the same outside calls, and one commit a step. It has no rules, no
 * locks, no queue and no repeats. Answers changes a second.
 */
export async function bareLoop(
  scene: Scene,
  people: readonly Person[],
  options: { group: string; teamId: string; width: number; counts: Counts; listener: Listener },
): Promise<number> {
  const { group, teamId, width, counts, listener } = options;
  const idp = await scene.idp.open(scene);
  const where: Where = {
    worldUrl: scene.worldUrl,
    idp,
    anypointToken: await anypointToken(scene.worldUrl),
    groupId: idp.groupId(group),
    teamId,
  };
  const commit = (person: Person, step: string) =>
    scene.db.query('insert into bare_steps (person, step, doc) values ($1, $2, $3)', [
      person.key,
      step,
      JSON.stringify(person),
    ]);
  const steps = stepsWith(scene.idp);
  const extra = extraCalls(steps, counts, people.length);

  const startedAt = performance.now();
  await abreast(people, width, async (person) => {
    const pushed = listener.arrival(idp.idOf(person));
    let message: Message = { channel: '#access-requests', ts: null };
    const make = async (kind: Kind, nth = 0) => {
      const body = await makeCall(kind, where, { person, message, nth });
      if (kind === 'post' && message.ts === null) message = body as Message;
    };
    for (const { name, calls } of steps) {
      if (name === 'deliver') await pushed;
      for (const one of calls)
        if (typeof one === 'string') await make(one);
        else await Promise.all(one.map(make));
      await commit(person, name);
    }
    for (const kind of extra()) await make(kind);
    await commit(person, 'tell');
  });
  return (people.length * 1_000) / (performance.now() - startedAt);
}

/** The calls that Latchkey makes beyond the steps' own, dealt out evenly over the changes. */
function extraCalls(steps: readonly Step[], counts: Counts, changes: number): () => Kind[] {
  const planned = steps.flatMap((step) => step.calls.flat());
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
