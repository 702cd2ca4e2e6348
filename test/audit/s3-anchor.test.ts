import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createS3Anchor, type S3Given } from '../../src/audit/s3-anchor.ts';
import { createOutsideAnchoring } from '../../src/flow/audit/outside-anchors.ts';
import {
  LOCKED_BUCKET,
  OPEN_BUCKET,
  type S3Emulator,
  s3Keys,
  startS3,
} from '../../src/sandbox/s3/emulator.ts';
import { keepAnchor } from '../../src/store/audit-anchors.ts';
import { auditTroubles } from '../../src/store/audit-troubles.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

const YEAR_MS = 365 * 86_400_000;
const note = 'latchkey.example/audit\n21\nAAAA\n\n— latchkey.example/audit AAAA\n';
let s3: S3Emulator;
let given: S3Given;
beforeAll(async () => {
  s3 = await startS3();
  given = { endpoint: s3.url, region: 'eu-west-1', credentials: s3Keys };
});
afterAll(() => s3.close());
afterEach(() => {
  s3.refuse(null);
  s3.hang(false);
  s3.objects.clear();
});

const anchor = (bucket = LOCKED_BUCKET, more: S3Given = {}) =>
  createS3Anchor({ bucket, prefix: 'latchkey/', keepMs: YEAR_MS }, { ...given, ...more });

describe('a checkpoint in S3', () => {
  // The sum is what kopia/kopia#913, s3tools/s3cmd#1436 and drakkan/sftpgo#1336 were refused without.
  test('is locked against everybody for the time that was set, with the sum that S3 wants of it', async () => {
    const now = new Date();
    expect(await anchor()({ size: 21, note }, now)).toBeNull();
    expect([...s3.objects]).toEqual([
      [
        'latchkey/000000000000021.txt',
        {
          body: note,
          mode: 'COMPLIANCE',
          until: new Date(now.getTime() + YEAR_MS),
        },
      ],
    ]);
  });

  test('is put there once, whoever comes later, also with more signatures', async () => {
    await anchor()({ size: 21, note }, new Date());
    expect(
      await anchor()({ size: 21, note: `${note}— witness.example/auditor BBBB\n` }, new Date()),
    ).toBeNull();
    expect(s3.objects.get('latchkey/000000000000021.txt')?.body).toBe(note);
  });

  test('that is another than the one that is there tells of a trail that was made anew', async () => {
    await anchor()({ size: 21, note }, new Date());
    const other = note.replace('AAAA', 'BBBB');
    expect(await anchor()({ size: 21, note: other }, new Date())).toMatch(/another checkpoint of 21 entries/);
    expect(s3.objects.get('latchkey/000000000000021.txt')?.body).toBe(note);
  });

  test.each([
    ['a bucket without object lock', () => anchor(OPEN_BUCKET), /make one with object lock/],
    ['no such bucket', () => anchor('audit-nowhere'), /see its name and the region/],
    [
      'an unknown key',
      () => anchor(LOCKED_BUCKET, { credentials: { ...s3Keys, accessKeyId: 'AKIAOTHER' } }),
      /does not know the credentials/,
    ],
    [
      'nobody there',
      () => anchor(LOCKED_BUCKET, { endpoint: 'http://127.0.0.1:9' }),
      /does not answer \(ECONNREFUSED\)/,
    ],
  ])('%s: it is said what to do', async (_what, made, words) => {
    expect(await made()({ size: 1, note }, new Date())).toMatch(words);
  });

  test.each([
    [403, 'AccessDenied', /s3:PutObjectRetention/],
    [503, 'SlowDown', /tried again/],
    [409, 'ConditionalRequestConflict', /tried again/],
    [301, 'PermanentRedirect', /AWS_REGION/],
    [403, 'RequestTimeTooSkewed', /NTP/],
  ])('S3 answers %i %s: it is said what to do', async (status, code, words) => {
    s3.refuse({ status, code });
    expect(await anchor()({ size: 1, note }, new Date())).toMatch(words);
  });
});

describe('a place that is away', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
  });
  afterAll(() => fresh.close());

  test('is told of until it is back, and holds up no other', async () => {
    const { db } = fresh.database;
    await db
      .transaction()
      .execute((tx) => keepAnchor(tx, { id: randomUUID(), size: 21, note, madeAt: new Date() }));
    const other: number[] = [];
    const anchoring = createOutsideAnchoring({ db, log: pino({ level: 'silent' }) }, [
      { name: 'S3', put: anchor() },
      {
        name: 'other',
        async put({ size }) {
          other.push(size);
          return null;
        },
      },
    ]);
    s3.refuse({ status: 403, code: 'AccessDenied' });
    await anchoring();
    expect(other).toEqual([21]);
    expect(await auditTroubles(db)).toMatchObject([
      { part: 'S3', why: expect.stringMatching(/may not use it/) },
    ]);
    s3.refuse(null);
    await anchoring();
    expect(await auditTroubles(db)).toEqual([]);
    expect(s3.objects.size).toBe(1);
    await anchoring();
    expect(other).toEqual([21]);
  });
});
