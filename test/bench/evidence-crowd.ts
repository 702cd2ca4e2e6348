import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Change } from '../../src/core/change/change.ts';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import { evolve } from '../../src/core/change/evolve.ts';
import type { PersonId } from '../../src/core/ids.ts';
import { type Db, openDatabase } from '../../src/store/postgres/database.ts';
import { target } from '../core/given.ts';
import { access, on, POLICY, type Somebody } from '../evidence/quarter.ts';

/** Accesses written in one statement. */
const AT_ONCE = 1_000;
/** Of so many, one is held at the end of the quarter still. */
const HELD_ONE_OF = 5;
/** Days of the quarter on which something begins, so that all ends within it. */
const DAYS = 80;
const EACH = 25;

/**
 * A quarter of about so many changes: accesses with their ends, each with its audit entries and with what the identity
 * provider told of it. Answers how many changes there are.
 */
export async function fillQuarter(url: string, changes: number): Promise<number> {
  const database = await openDatabase(url);
  const accesses = Math.ceil(changes / (2 - 1 / HELD_ONE_OF));
  let written = 0;
  try {
    const { db } = database;
    const [approver, ...people] = await crowdOf(db, Math.ceil(accesses / EACH) + 1);
    await sql`insert into policies (fingerprint, texts, loaded_at) values (${POLICY}, '{"policy.md": ""}', ${on(-1)})`.execute(
      db,
    );
    for (let from = 0; from < accesses; from += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, accesses - from) }, (_, i) => {
        const n = from + i;
        const who = people[n % people.length] as Somebody;
        const one = access(who, approver as Somebody, on(n % DAYS, n % 24, n % 3_600));
        return n % HELD_ONE_OF === 0
          ? { ...one, events: one.events.slice(0, 6), isHeld: true }
          : { ...one, isHeld: false };
      });
      written += await write(
        db,
        some.flatMap(({ events }) => events),
      );
      await tell(
        db,
        some.flatMap(({ events, writtenAt, goneWrittenAt, isHeld }) => {
          const [received] = events as [ChangeEvent & { type: 'changeReceived' }];
          const told = { personId: received.personId };
          return [
            { ...told, at: writtenAt, direction: 'added' },
            ...(isHeld ? [] : [{ ...told, at: goneWrittenAt, direction: 'removed' }]),
          ];
        }),
      );
    }
    await sql`analyze`.execute(db);
    return written;
  } finally {
    await database.close();
  }
}

async function crowdOf(db: Db, count: number): Promise<Somebody[]> {
  const people = Array.from({ length: count }, (_, n) => ({
    id: randomUUID() as PersonId,
    name: `Bench ${n}`,
    email: `p${n}@bench.example`,
  }));
  await sql`insert into people (id, email, login, name, status)
    select id, email, email, name, 'active' from jsonb_to_recordset(${JSON.stringify(people)}::jsonb) as p (id uuid, email text, name text)`.execute(
    db,
  );
  return people;
}

/** The states and entries that these events leave, as commit writes them. */
async function write(db: Db, events: readonly ChangeEvent[]): Promise<number> {
  const changes = new Map<string, Change>();
  for (const event of events) changes.set(event.changeId, evolve(changes.get(event.changeId) ?? null, event));
  const docs = [...changes.values()];
  const entries = events.map(({ changeId, type, at, actor, ...data }) => ({
    change_id: changeId,
    type,
    at,
    actor,
    data,
  }));
  await db.transaction().execute(async (tx) => {
    await sql`insert into changes (id, state, version, kind, entitlement_key, person_id, requester_id, revoke_id, group_id, team_id, requested_at, doc)
      select (d->>'id')::uuid, d->>'state', (d->>'version')::int, d->>'kind', d->>'entitlementKey', (d->>'personId')::uuid,
        (d->>'requesterId')::uuid, (d->>'revokeId')::uuid, d->'target'->>'groupId', d->'target'->>'teamId', (d->>'requestedAt')::timestamptz, d
      from jsonb_array_elements(${JSON.stringify(docs)}::jsonb) d`.execute(tx);
    await sql`insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at, ended_at)
      select (d->'grant'->>'id')::uuid, (d->>'id')::uuid, (d->>'personId')::uuid, d->>'entitlementKey', d->'target'->>'groupId', d->'target'->>'teamId',
        (d->'grant'->>'startsAt')::timestamptz, (d->'grant'->>'endsAt')::timestamptz, (d->'ended'->>'at')::timestamptz
      from jsonb_array_elements(${JSON.stringify(docs.filter(({ grant }) => grant !== null))}::jsonb) d`.execute(
      tx,
    );
    await sql`insert into audit (at, type, change_id, actor, data)
      select (e->>'at')::timestamptz, e->>'type', (e->>'change_id')::uuid, e->'actor', e->'data'
      from jsonb_array_elements(${JSON.stringify(entries)}::jsonb) with ordinality as t (e, n) order by n`.execute(
      tx,
    );
  });
  return docs.length;
}

async function tell(
  db: Db,
  told: readonly { personId: string; at: Date; direction: string }[],
): Promise<void> {
  const rows = told.map((one) => ({ ...one, key: randomUUID() }));
  // Anypoint's log tells the same, by its own ids of people.
  await sql`insert into person_links (system, external_id, person_id, verified_at)
    select distinct 'anypoint', 'a-' || "personId", "personId", now() from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t ("personId" uuid)
    on conflict do nothing`.execute(db);
  await sql`insert into team_events (key, team_id, team_name, account, direction, actor, at)
    select key, ${target.teamId}, ${target.teamName}, 'a-' || "personId", direction, '{"id":"app","name":"Latchkey"}', at + interval '5 seconds'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t (key text, at timestamptz, direction text, "personId" uuid)`.execute(
    db,
  );
  await sql`insert into observed (key, event_source, payload, occurred_at, received_at, processed_at, outcome, person_id, group_id)
    select key, 'oktaLog', jsonb_build_object('kind', 'membership', 'direction', direction), at, at, at, 'expected', "personId", ${target.groupId}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t (key text, at timestamptz, direction text, "personId" uuid)`.execute(
    db,
  );
}
