import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { Fault } from '../../../src/core/fault.ts';
import type { PersonId } from '../../../src/core/ids.ts';
import { createRounds, makeDigestFor, makeDueDigests } from '../../../src/flow/digest/make.ts';
import { idpsOf } from '../../../src/flow/idps/idps.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import type { IdentityProvider } from '../../../src/ports/identity-provider.ts';
import { recordBaselineMember } from '../../../src/store/baseline.ts';
import { readLines } from '../../../src/store/digests.ts';
import { readPerson, rememberPerson } from '../../../src/store/people.ts';
import { linkPerson } from '../../../src/store/person-links.ts';
import { certifiedLines } from '../../../src/store/review-certificates.ts';
import { target } from '../../core/given.ts';
import { freshDatabase } from '../../database.ts';
import { approved, idpPerson, received } from '../../store/given.ts';

const DAY = 86_400_000;
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
const people = new Map<string, PersonId>();
const id = (login: string) => people.get(login) as PersonId;

/** Ines and Erik report to Tom; Tom reports to a manager who has left. Olga owns everything; Sam is the admin. */
beforeAll(async () => {
  fresh = await freshDatabase();
  const { db } = fresh.database;
  await sql`insert into installation (belongs_to, since) values ('test', now() - interval '60 days')`.execute(
    db,
  );
  const folk = {
    olga: { timeZone: zoneNow() },
    sam: { timeZone: 'No/Such_Zone' },
    left: { timeZone: zoneNow(), status: 'deprovisioned' as const },
    tom: { timeZone: zoneNow(), manager: 'left' },
    ines: { manager: 'tom' },
    erik: { manager: 'TOM@acme.example' },
    nobody: { timeZone: zoneNow() },
  };
  for (const [login, rest] of Object.entries(folk)) {
    people.set(login, (await rememberPerson(db, 'okta', idpPerson(login, rest))).id);
    await linkPerson(db, id(login), 'anypoint', `anypoint-${login}`);
  }
});
afterAll(() => fresh.close());

/**
 * Hours ahead of UTC of a zone in which it is about noon: digests of that day are due there. Taken once, so that an hour
 * or a day that ends while this runs changes nothing.
 */
const offset = Math.max(-12, Math.min(14, 12 - new Date().getUTCHours()));
const weekdayThere = new Date(Date.now() + offset * 3_600_000).getUTCDay() || 7;

function zoneNow(): string {
  return `Etc/GMT${offset >= 0 ? '-' : '+'}${Math.abs(offset)}`;
}

const entitlement = (key: string, tier: string, conflicts: string[] = []) => ({
  key,
  tier,
  owner: 'olga@acme.example',
  conflicts: conflicts.map((other) => ({ with: other, because: null })),
});
const context = () =>
  ({
    db: fresh.database.db,
    nudge: () => {},
    log: { warn() {}, error() {} },
    idps: idpsOf({
      system: 'okta',
      name: 'Okta',
      findPeopleByEmail: async () => [],
    } as unknown as IdentityProvider),
    chat: { system: 'slack', findByEmail: async () => null, whoIs: async () => null },
    catalogue: {
      current: () => ({
        admins: ['sam@acme.example'],
        canary: null,
        digest: { weekday: weekdayThere, minute: 0, unusedSeconds: 30 * 86_400 },
        entitlements: [entitlement('orders', 'low', ['admin']), entitlement('admin', 'critical', ['orders'])],
      }),
      status: (key: string) => ({ status: 'ready', target: { ...target, groupId: `group-${key}` } }),
    },
  }) as never as Parameters<typeof makeDueDigests>[0];

async function granted(
  login: string,
  entitlementKey: string,
  from: number,
  to: number,
): Promise<ChangeEvent['changeId']> {
  const startsAt = new Date(Date.now() - from * DAY);
  const request = received(id(login), { entitlementKey, at: startsAt });
  const yes = approved(request.changeId, startsAt, (from + to) * 86_400);
  await commit(fresh.database.db, async () => ({
    result: null,
    events: [request, { ...yes, target: { ...target, groupId: `group-${entitlementKey}` } }],
  }));
  return request.changeId;
}

const linesOf = async (login: string) => {
  const { rows } = await sql<{
    id: string;
  }>`select id from digests where person_id = ${id(login)} and kind = 'personal'`.execute(fresh.database.db);
  expect(rows).toHaveLength(1);
  const lines = await readLines(fresh.database.db, rows[0]?.id ?? '', { after: 0, limit: 100 });
  return lines.map((line) => [line.personName, line.entitlementKey, ...line.kinds]);
};

test('each owner and each manager gets what is theirs, once; who has nothing to read gets nothing', async () => {
  const { db } = fresh.database;
  await sql`insert into usage_sources (source, system, since, checked_at) values ('anypointUsers', 'anypoint', 'epoch', now())`.execute(
    db,
  );
  await sql`insert into usage_records (source, system, external_id, last_at) values
    ('anypointUsers', 'anypoint', 'anypoint-ines', now() - interval '1 day'),
    ('anypointUsers', 'anypoint', 'anypoint-erik', now() - interval '80 days')`.execute(db);
  await granted('ines', 'orders', 2, 40);
  await granted('erik', 'orders', 60, 3);
  await granted('ines', 'admin', 20, 40);
  await granted('tom', 'orders', 20, 40);
  await commit(db, async ({ tx, now }) => {
    await recordBaselineMember(
      tx,
      { personId: id('nobody'), groupId: 'group-orders', groupName: 'orders' },
      now,
    );
    return { result: null };
  });

  // Two replicas at once.
  await Promise.all([makeDueDigests(context()), makeDueDigests(context())]);

  expect(await linesOf('olga')).toEqual([
    ['ines', 'admin', 'conflict', 'privileged'],
    ['ines', 'orders', 'conflict', 'new'],
    ['erik', 'orders', 'unused', 'ending'],
    ['nobody', 'orders', 'unused', 'before'],
  ]);
  expect(await linesOf('tom')).toEqual([
    ['ines', 'admin', 'conflict', 'privileged'],
    ['ines', 'orders', 'conflict', 'new'],
    ['erik', 'orders', 'unused', 'ending'],
  ]);
  const made = await db.selectFrom('digests').select(['person_id', 'kind']).execute();
  // Not the one who has left, nor those who own nothing and manage nobody.
  expect(
    made
      .filter((d) => d.kind === 'personal')
      .map((d) => d.person_id)
      .sort(),
  ).toEqual([id('olga'), id('tom')].sort());
  const jobs = await sql<{
    n: number;
  }>`select count(*)::int as n from outbox where payload->>'about' = 'digest'`.execute(db);
  expect(jobs.rows[0]?.n).toBe(made.length);
  const entries = await sql<{
    n: number;
  }>`select count(*)::int as n from audit where type = 'digestMade'`.execute(db);
  expect(entries.rows[0]?.n).toBe(made.length);

  expect(await makeDueDigests(context())).toEqual({ made: 0, said: 0 });

  // A week later it comes again; what was kept meanwhile is not asked about again.
  await sql`update digest_lines set answer = jsonb_build_object('verb', 'keep', 'at', now())
    where person_id = ${id('erik')}`.execute(db);
  await sql`update digests set week = week - 7`.execute(db);
  expect((await makeDueDigests(context())).said).toBe(2);
  const { rows } = await sql<{
    kinds: string[];
  }>`select kinds from digest_lines l join digests d on d.id = l.digest_id
    where d.person_id = ${id('tom')} and l.person_id = ${id('erik')} order by d.week`.execute(db);
  expect(rows.map(({ kinds }) => kinds)).toEqual([['unused', 'ending'], ['ending']]);
});

test('a rule that its last reviewer objected to is named to the admins, while the catalogue still has it', async () => {
  // given
  const { db } = fresh.database;
  const doc = JSON.stringify({ name: 'November' });
  const campaign = async (said: Record<string, 'keep' | 'object'>, daysAgo: number) => {
    const { rows } = await sql<{ id: string }>`
      insert into campaigns (id, state, version, opened_at, entitlement_keys, doc)
      values (gen_random_uuid(), 'closed', 1, now(), '{}', ${doc}::jsonb) returning id`.execute(db);
    const campaignId = rows[0]?.id ?? '';
    for (const [i, [key, decision]] of Object.entries(said).entries())
      await sql`
        insert into campaign_lines (campaign_id, n, kind, entitlement_key, group_id, facts, insight, decision, comment, decided_by_name, decided_at)
        values (${campaignId}, ${i + 1}, 'rule', ${key}, ${`group-${key}`}, ${JSON.stringify({ title: key })}::jsonb, 'rule',
          ${decision}, 'Support does not need it', 'Olga', now() - ${daysAgo}::int * interval '1 day')`.execute(
        db,
      );
    return campaignId;
  };
  const last = await campaign({ orders: 'object', admin: 'object', gone: 'object' }, 1);
  await campaign({ orders: 'keep' }, 90);
  await campaign({ admin: 'keep' }, 0);

  // when
  const base = context();
  const ruled = (key: string) => ({ ...entitlement(key, 'low'), birthright: { departments: ['Orders'] } });
  const current = { ...base.catalogue.current(), entitlements: [ruled('orders'), ruled('admin')] };
  const catalogue = { ...base.catalogue, current: () => current as never, status: base.catalogue.status };
  const sam = await readPerson(db, id('sam'));
  if (sam === null) throw new Error('Sam is not known');
  await makeDigestFor({ ...base, catalogue }, sam);

  // then only what stands, of what there is; the certificate has all of it
  const { rows } = await sql<{ objections: unknown }>`
    select doc->'objections' as objections from digests where kind = 'security' order by made_at desc limit 1`.execute(
    db,
  );
  expect(rows[0]?.objections).toEqual([
    {
      entitlementKey: 'orders',
      title: 'orders',
      by: 'Olga',
      campaign: 'November',
      comment: 'Support does not need it',
    },
  ]);
  expect(await certifiedLines(db, last, 0, 10)).toMatchObject(
    ['orders', 'admin', 'gone'].map((entitlementKey) => ({
      kind: 'rule',
      entitlementKey,
      decision: 'object',
      comment: 'Support does not need it',
      decidedBy: 'Olga',
    })),
  );
});

test('whose time zone the directory does not have is asked of in Slack; while it can’t be asked they wait', async () => {
  // given an owner without a time zone
  const { db } = fresh.database;
  const zoe = (await rememberPerson(db, 'okta', idpPerson('zoe'))).id;
  await linkPerson(db, zoe, 'slack', 'U-ZOE');
  const base = context();
  const hers = { ...base.catalogue.current().entitlements[0], owner: 'zoe@acme.example' };
  const catalogue = {
    ...base.catalogue,
    current: () => ({ ...base.catalogue.current(), entitlements: [hers] }) as never,
  };
  const made = async () =>
    await db
      .selectFrom('digests')
      .select(['time_zone', 'zone_from'])
      .where('person_id', '=', zoe)
      .where('kind', '=', 'personal')
      .execute();
  const look = async (whoIs: (id: string) => Promise<unknown>) =>
    await makeDueDigests({ ...base, catalogue, chat: { ...base.chat, whoIs } as never });

  // when Slack is away
  await look(() => Promise.reject(new Fault('slack.unavailable', 'away', { retryable: true })));

  // then
  expect(await made()).toEqual([]);

  // when it is back
  const asked: string[] = [];
  const whoIs = async (id: string) => {
    asked.push(id);
    return { timeZone: zoneNow() };
  };
  await look(whoIs);
  await look(whoIs);

  // then she was asked of once, and the digest came by that time
  expect(await made()).toEqual([{ time_zone: zoneNow(), zone_from: 'chat' }]);
  expect(asked.filter((id) => id === 'U-ZOE')).toHaveLength(1);
});

test('once all are made, who manages somebody since is looked for some time later', async () => {
  const { db } = fresh.database;
  const rounds = createRounds(context());
  await rounds();
  await rememberPerson(db, 'okta', idpPerson('newlead', { timeZone: zoneNow() }));
  await rememberPerson(db, 'okta', idpPerson('newcomer', { manager: 'newlead' }));
  expect(await rounds()).toEqual({ made: 0, said: 0 });

  const later = createRounds(context(), { lookAgainMs: 0 });
  expect((await later()).made).toBe(1);
  await rememberPerson(db, 'okta', idpPerson('laterlead', { timeZone: zoneNow() }));
  await rememberPerson(db, 'okta', idpPerson('latecomer', { manager: 'laterlead' }));
  expect((await later()).made).toBe(1);
});
