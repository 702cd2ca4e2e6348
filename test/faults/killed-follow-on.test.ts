import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { eventually } from '../eventually.ts';
import { type Asked, type Journey, wordsOf } from '../journeys/journey.ts';
import { type Killable, setKillable } from './killable.ts';

/**
 * What follows from a commit is leased with it and begun by the same process, which nobody else knows of. The process is
 * killed with that half done. Here nothing makes the lease run out but time.
 */
const PATIENCE_MS = 120_000;
const LEASE_AND_MORE_MS = 40_000;
const READ = { entitlement: 'orders-api-read', group: 'anypoint-orders-read', team: 'Orders API readers' };
const ONCE = ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'changeSeen'];

let killable: Killable;
let walk: Journey;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, crowdPerson(0), crowdPerson(1)] });
  walk = killable.walk;
}, PATIENCE_MS);
afterEach(() => walk.heal());
afterAll(() => killable?.close());

type Row = { leases: number; leased: boolean; leftMs: number };

const openRow = async (job: string) => {
  const rows = await walk.query(
    `select leases, leased, (extract(epoch from next_at - clock_timestamp()) * 1000)::int as "leftMs"
     from outbox where job = $1 and done_at is null`,
    [job],
  );
  return (rows as Row[])[0];
};

async function inEffectOnce(key: string, asked: Asked): Promise<void> {
  await walk.becomes(asked.id, 'inEffect', LEASE_AND_MORE_MS);
  await killable.isWhole();
  const types = await walk.auditTypes(asked.id);
  for (const once of ONCE) expect(types.filter((type) => type === once)).toEqual([once]);
  expect(wordsOf(await walk.cardNow(asked))).toContain('In effect in MuleSoft');
  expect(await walk.isInTeam(key, READ.team)).toBe(true);
}

/** The row was leased once, by the commit that it follows from, and the lease is whole. */
async function isLeasedByItsCommit(job: string): Promise<void> {
  const row = await openRow(job);
  expect(row).toMatchObject({ leased: true, leases: 1 });
  expect(row?.leftMs).toBeGreaterThan(5_000);
}

test.each([
  {
    what: 'the write to Okta, which the decision has put into the queue',
    job: 'applyToIdp',
    who: crowdPerson(0).key,
    slow: { vendor: 'okta' as const, method: 'PUT', path: '/users/' },
  },
  {
    what: 'the delivery to Anypoint, which the push has called for',
    job: 'deliverToTeam',
    who: crowdPerson(1).key,
    slow: { vendor: 'anypoint' as const, method: 'PUT', path: '/members/' },
  },
])(
  'killed with $what, half done, it is taken up when its lease has run out, and done once',
  async ({ job, who, slow }) => {
    // given
    const asked = await walk.asks(who, { entitlement: READ.entitlement, reason: `Killed at ${job}` });
    const before = (await walk.requests(slow)).length;
    await walk.fault({ ...slow, kind: 'latency', ms: 5_000 });
    await walk.click('tom', asked.card, 'approve');
    await walk.until('it is on its way', async (saw) => saw((await walk.requests(slow)).length) > before);
    await isLeasedByItsCommit(job);

    // when
    await killable.latchkey.kill();
    await walk.heal();
    const left = (await openRow(job))?.leftMs ?? 0;
    await killable.latchkey.start();

    // then nobody has touched it before
    expect(left).toBeGreaterThan(0);
    await eventually(
      'its lease has run out and it was leased again',
      async () => (await openRow(job))?.leases !== 1,
      LEASE_AND_MORE_MS,
    );
    await inEffectOnce(who, asked);
  },
  PATIENCE_MS,
);
