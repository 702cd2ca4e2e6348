import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../src/core/change/change.ts';
import type { Catalogue, Entitlement } from '../../src/core/policy/catalogue.ts';
import { beginAccess } from '../../src/flow/request/begin.ts';
import { letStartComeNearer } from '../../src/sandbox/time-passes.ts';
import { connectDatabase } from '../../src/store/postgres/database.ts';
import type { Stage } from '../stage.ts';
import { type Asked, buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterEach(() => walk.heal());
afterAll(() => stage?.close());

const HOUR = 3_600;
const DAY = 24 * HOUR;
const orders = 'orders-api-read';
const payments = 'payments-api-read';

const ahead = (seconds: number) => new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000);
const goBy = (id: string, seconds: number) => letStartComeNearer(stage.latchkey.context.db, id, seconds);
/** The same while Latchkey is down. */
async function goByMeanwhile(id: string, seconds: number): Promise<void> {
  const database = connectDatabase(stage.databaseUrl);
  await letStartComeNearer(database.db, id, seconds);
  await database.close();
}

const asDate = (at: Date) => `<!date^${Math.floor(at.getTime() / 1_000)}^`;

/** Asked for from later on, and approved. */
async function scheduled(
  as: string,
  what: { entitlement?: string; from: Date; seconds?: number; reason: string },
  by = 'olga',
): Promise<Asked> {
  const asked = await walk.asks(as, { entitlement: orders, seconds: DAY, ...what });
  await walk.click(by, asked.card, 'approve');
  await walk.becomes(asked.id, 'scheduled');
  return asked;
}

const scheduledTimes = async (id: string) => {
  const [row] = await walk.query<{ starts: Date; ends: Date }>(
    `select (doc->'scheduled'->>'startsAt')::timestamptz as starts, (doc->'scheduled'->>'endsAt')::timestamptz as ends
     from changes where id = $1`,
    [id],
  );
  return row as { starts: Date; ends: Date };
};

const grantOf = async (id: string) =>
  (
    await walk.query<{ starts_at: Date; ends_at: Date; warn_at: Date | null }>(
      'select starts_at, ends_at, warn_at from grants where change_id = $1',
      [id],
    )
  )[0];

/** Another catalogue while this runs. */
async function withCatalogue(change: (c: Catalogue) => Catalogue, work: () => Promise<void>): Promise<void> {
  const { catalogue } = stage.latchkey.context;
  const before = catalogue.current();
  catalogue.swap({ catalogue: change(before), rules: catalogue.rules() });
  await catalogue.check();
  try {
    await work();
  } finally {
    catalogue.swap({ catalogue: before, rules: catalogue.rules() });
    await catalogue.check();
  }
}

const changed =
  (key: string, to: Partial<Entitlement>) =>
  (c: Catalogue): Catalogue => ({
    ...c,
    entitlements: c.entitlements.map((e) => (e.key === key ? { ...e, ...to } : e)),
  });

test('what is approved for later is written at its start and not before, and ends as long after it as was asked for', async () => {
  // given
  const from = ahead(2 * DAY);
  const asked = await walk.asks('ines', {
    entitlement: orders,
    seconds: 7 * DAY,
    from,
    reason: 'A planned week',
  });
  const until = new Date(from.getTime() + 7 * DAY * 1_000);

  // then both ends stand on the card
  expect(wordsOf(asked.card)).toContain(`From ${asDate(from)}`);
  expect(wordsOf(asked.card)).toContain(`until ${asDate(until)}`);

  // when it is approved
  await walk.click('olga', asked.card, 'approve');
  await walk.becomes(asked.id, 'scheduled');

  // then it is told from when until when, and nothing is written
  await walk.cardSays(asked, `begins ${asDate(from)}`);
  await walk.receives(
    'ines',
    'that it is approved for later',
    (m) => m.text.includes(`from ${asDate(from)}`) && m.text.includes(`until ${asDate(until)}`),
  );
  expect(buttonsOf(await walk.statusOf('ines', asked.id))).toEqual(['withdraw']);
  expect(await grantOf(asked.id)).toBeUndefined();
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);

  // when somebody runs its job before the time, then it waits on
  const ran = await beginAccess(stage.latchkey.context, { job: 'beginAccess', changeId: asked.id });
  expect('againInMs' in ran && ran.againInMs).toBeGreaterThan(DAY * 1_000);

  // when its start comes
  await goBy(asked.id, 2 * DAY);
  await walk.becomes(asked.id, 'inEffect');

  // then the end is a week after the start, warned of by its length
  const grant = await grantOf(asked.id);
  const seconds = ((grant?.ends_at.getTime() ?? 0) - (grant?.starts_at.getTime() ?? 0)) / 1_000;
  expect(seconds).toBe(7 * DAY);
  expect(grant?.warn_at?.getTime()).toBe((grant?.ends_at.getTime() ?? 0) - DAY * 1_000);
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(true);
  expect(await walk.auditTypes(asked.id)).toEqual(
    expect.arrayContaining(['changeScheduled', 'changeApproved', 'idpWritten', 'changeSeen']),
  );
  // How long it took is counted from its start, not from the approval.
  const { legs } = (await walk.change(asked.id)) as Change;
  expect(new Date(legs.decidedAt ?? 0).getTime()).toBeGreaterThanOrEqual(grant?.starts_at.getTime() ?? 0);
});

test('its job run three times at once, and once more later, gives it once', async () => {
  // given
  const asked = await scheduled('sofia', { from: ahead(DAY), reason: 'Three at once' });

  // when
  await goBy(asked.id, DAY);
  const job = { job: 'beginAccess', changeId: asked.id } as const;
  await Promise.all([1, 2, 3].map(() => beginAccess(stage.latchkey.context, job)));
  await walk.becomes(asked.id, 'inEffect');
  expect(await beginAccess(stage.latchkey.context, job)).toEqual({ done: true });

  // then
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'changeApproved')).toHaveLength(1);
  expect(await walk.query('select 1 from grants where change_id = $1', [asked.id])).toHaveLength(1);
});

describe('before its start', () => {
  test('the requester takes it back, and its start brings nothing', async () => {
    const asked = await scheduled('erik', { from: ahead(DAY), reason: 'Not needed after all' });
    await walk.click('erik', await walk.statusOf('erik', asked.id), 'withdraw');
    await walk.becomes(asked.id, 'withdrawn');
    await goBy(asked.id, DAY);
    await beginAccess(stage.latchkey.context, { job: 'beginAccess', changeId: asked.id });
    expect((await walk.change(asked.id)).state).toBe('withdrawn');
    expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(false);
  });

  test('an approver calls it off with a reason, and who asked is told', async () => {
    const asked = await scheduled('erik', { from: ahead(DAY), reason: 'The freeze begins' });
    const card = await walk.cardSays(asked, '; begins');
    expect(buttonsOf(card)).toEqual(['deny']);
    await walk.clickAndFill('tom', card, 'deny', { reason: { reason: 'The freeze comes first' } });
    await walk.becomes(asked.id, 'denied');
    await walk.receives(
      'erik',
      'that it is called off',
      (m) => m.text.includes('called off before its start') && m.text.includes('The freeze comes first'),
    );
    await walk.cardSays(asked, 'Called off before its start');
  });

  test('the same for the same time is not asked for twice; for another time it is', async () => {
    const from = ahead(5 * DAY);
    await scheduled('ines', { from, entitlement: payments, reason: 'First half' }, 'sam');
    const again = await walk.ask('ines', {
      entitlement: payments,
      seconds: DAY,
      from: new Date(from.getTime() + HOUR * 1_000),
      reason: 'The same again',
    });
    expect(again).toMatchObject({
      sent: false,
      errors: { entitlement: expect.stringMatching(/already, from/) },
    });
    const other = await walk.ask('ines', { entitlement: payments, seconds: HOUR, reason: 'Today already' });
    expect(other).toEqual({ sent: true });
  });

  test('what waits for a decision from later on blocks the same time, and nothing before it', async () => {
    const from = ahead(4 * DAY);
    await walk.asks('nadia', { entitlement: payments, seconds: DAY, from, reason: 'The audit week' });
    const within = new Date(from.getTime() + HOUR * 1_000);
    expect(
      await walk.ask('nadia', { entitlement: payments, seconds: DAY, from: within, reason: 'The same' }),
    ).toMatchObject({
      sent: false,
      errors: {
        entitlement: expect.stringMatching(/for Nadia .* from .* is waiting for a decision already/),
      },
    });
    const now = await walk.asks('nadia', { entitlement: payments, seconds: HOUR, reason: 'A refund today' });
    expect((await walk.change(now.id)).startsAt).toBeUndefined();
    expect(
      await walk.ask('nadia', { entitlement: payments, seconds: HOUR, reason: 'Another one' }),
    ).toMatchObject({ sent: false, errors: { entitlement: expect.stringContaining('already') } });
  });

  test.each([
    ['in the past', -2 * DAY, /has passed/],
    ['too far ahead', 31 * DAY, /30 days ahead at the most/],
  ])('a start %s is refused under its field', async (_, seconds, why) => {
    const sent = await walk.ask('tom', { entitlement: orders, from: ahead(seconds), reason: 'Another time' });
    expect(sent).toMatchObject({ sent: false, errors: { start: expect.stringMatching(why) } });
  });
});

describe('decided late', () => {
  test('after its start it begins at once, and the end stays', async () => {
    const from = ahead(HOUR);
    const asked = await walk.asks('nadia', {
      entitlement: orders,
      seconds: DAY,
      from,
      reason: 'Approved late',
    });
    await goBy(asked.id, 2 * HOUR);
    await walk.click('olga', asked.card, 'approve');
    const change = await walk.until('it is approved', async () => {
      const now = await walk.change(asked.id);
      return now.grant !== null && now;
    });
    const left = (new Date(change.grant?.endsAt ?? 0).getTime() - Date.now()) / HOUR / 1_000;
    expect(left).toBeGreaterThan(22.9);
    expect(left).toBeLessThan(23.1);
  });
});

describe('at its start', () => {
  test('as something else than was approved, people are asked anew; who approves then gives what is left', async () => {
    const asked = await scheduled('tom', { from: ahead(DAY), reason: 'It becomes something else' });
    const { ends } = await scheduledTimes(asked.id);
    await withCatalogue(changed(orders, { gives: 'something else altogether' }), async () => {
      await goBy(asked.id, DAY);
      const change = await walk.becomes(asked.id, 'asking');
      expect(change).toMatchObject({ round: 2, decision: null, approvals: [] });
      expect(await walk.isInGroup('tom', 'anypoint-orders-read')).toBe(false);
      const card = await walk.cardSays(asked, 'Something else altogether'.toLowerCase());
      await walk.click('olga', card, 'approve');
      await walk.becomes(asked.id, 'inEffect');
      expect((await grantOf(asked.id))?.ends_at.getTime()).toBe(ends.getTime() - DAY * 1_000);
    });
  });

  test('what left the catalogue is refused with the reason', async () => {
    const asked = await scheduled('olga', { from: ahead(DAY), reason: 'It leaves the catalogue' }, 'sofia');
    await withCatalogue(
      (c) => ({ ...c, entitlements: c.entitlements.filter((e) => e.key !== orders) }),
      async () => {
        await goBy(asked.id, DAY);
        const change = await walk.becomes(asked.id, 'refused');
        expect(change.refusal?.text).toContain('left the catalogue');
      },
    );
    await walk.cardSays(asked, 'it no longer fits');
  });

  test('who may not have it any more is refused', async () => {
    const asked = await scheduled('olga', { from: ahead(DAY), reason: 'Not open to him any more' }, 'sofia');
    await withCatalogue(changed(orders, { requestableBy: { people: ['sofia@acme.example'] } }), async () => {
      await goBy(asked.id, DAY);
      await walk.becomes(asked.id, 'refused');
    });
    expect(await walk.isInGroup('olga', 'anypoint-orders-read')).toBe(false);
  });

  test('an IdP that does not answer delays it, told once, and it begins when it does', async () => {
    const asked = await scheduled('olga', { from: ahead(DAY), reason: 'The directory is away' }, 'sofia');
    await walk.fault({ ...walk.directory.calls.people, kind: 'status', status: 503 });
    await goBy(asked.id, DAY);
    await walk.cardSays(asked, 'can’t be checked now', 20_000);
    expect((await walk.change(asked.id)).state).toBe('scheduled');
    await walk.heal();
    await walk.becomes(asked.id, 'inEffect', 60_000);
    expect((await walk.auditTypes(asked.id)).filter((type) => type === 'startDelayed')).toHaveLength(1);
  });

  test('after its end it lapses and says so, as after a long time down', async () => {
    const asked = await scheduled('sam', {
      from: ahead(DAY),
      seconds: HOUR,
      reason: 'Down for the whole of it',
    });
    await stage.restart(() => goByMeanwhile(asked.id, DAY + 2 * HOUR));
    await walk.becomes(asked.id, 'lapsed');
    await walk.receives('sam', 'that it lapsed', (m) => m.text.includes('over before it could begin'));
    expect(await grantOf(asked.id)).toBeUndefined();
  });

  test('after a time down in the middle of it, it begins late and its end stays', async () => {
    const asked = await scheduled('sam', { from: ahead(DAY), seconds: DAY, reason: 'Down for half of it' });
    await stage.restart(() => goByMeanwhile(asked.id, DAY + DAY / 2));
    await walk.becomes(asked.id, 'inEffect');
    const left = ((await grantOf(asked.id))?.ends_at.getTime() ?? 0) - Date.now();
    expect(left / HOUR / 1_000).toBeGreaterThan(11.9);
    expect(left / HOUR / 1_000).toBeLessThan(12.1);
  });
});

describe('beside what must be kept apart', () => {
  const deploy = 'orders-api-deploy';
  const admin = 'platform-admin';

  test('what is approved for later counts as held: the other card says so, and rules that refuse both refuse it', async () => {
    // given
    const later = await walk.asks('erik', {
      entitlement: admin,
      seconds: HOUR,
      from: ahead(DAY),
      reason: 'Administration from tomorrow',
    });
    await walk.click('sam', later.card, 'approve');
    await walk.until('sam has approved', async () => (await walk.change(later.id)).approvals.length === 1);
    await walk.click('olga', later.card, 'approve');
    await walk.becomes(later.id, 'scheduled');

    // when
    await walk.ask('erik', { entitlement: deploy, seconds: HOUR, reason: 'Deploying today' });

    // then
    const change = await walk.until('it is decided', async () => {
      const found = await walk.changeBecause('Deploying today');
      return found?.state === 'refused' && found;
    });
    expect(change.refusal?.text).toContain(
      'whoever administers the platform is not given what must be kept apart',
    );
  });
});

test('the parts of a bundle share the start', async () => {
  // given
  const from = ahead(3 * DAY);
  await walk.ask('erik', { entitlement: 'bundle:order-support', from, reason: 'Support from then on' });

  // then
  const parts = await walk.until('both are asked for', async () => {
    const all = await walk.query<{ starts: Date }>(
      `select (doc->>'startsAt')::timestamptz as starts from changes where doc->>'reason' = $1`,
      ['Support from then on'],
    );
    return all.length === 2 && all;
  });
  expect(parts.map(({ starts }) => starts.getTime())).toEqual([from.getTime(), from.getTime()]);
});

test('who leaves before the start gets nothing', async () => {
  // given
  const { id } = (await walk.changeBecause('Administration from tomorrow')) as Change;
  expect((await walk.change(id)).state).toBe('scheduled');

  // when
  await walk.directory.sets('erik', 'DEPROVISIONED');

  // then
  await walk.becomes(id, 'closed');
  await goBy(id, DAY);
  await beginAccess(stage.latchkey.context, { job: 'beginAccess', changeId: id });
  expect((await walk.change(id)).state).toBe('closed');
  expect(await grantOf(id)).toBeUndefined();
});
