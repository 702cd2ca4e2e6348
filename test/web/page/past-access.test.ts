import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '../../../src/core/page/reader.ts';
import type { Browser } from '../../../src/sandbox/browser.ts';
import { type Asked, buttonsOf, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let given: Asked;
/** Before anybody asked, while it was held, and after it was given back. */
let moments: Record<'before' | 'held' | 'after', string>;
let browsers: Record<Role, Browser>;

const moment = async () => {
  await sleep(1_100);
  const now = new Date().toISOString().slice(0, 19);
  await sleep(1_100);
  return now;
};

beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  const before = await moment();
  given = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  await walk.isGiven('erik', { entitlement: 'payments-api-read', reason: 'a failed payout' }, 'sam');
  const held = await moment();
  const status = await walk.statusOf('ines', given.id);
  expect(buttonsOf(status)).toContain('release');
  await walk.click('ines', status, 'release');
  await walk.endsAs(given.id, 'inEffect');
  const after = await moment();
  moments = { before, held, after };
  const signed = await Promise.all(
    (['employee', 'owner', 'auditor', 'admin'] as const).map(
      async (role) => [role, await signedIn(stage.latchkey.url, cast[role])] as const,
    ),
  );
  browsers = Object.fromEntries(signed) as typeof browsers;
});
afterAll(() => stage?.close());

const page = async (role: Role, query: Record<string, string>) =>
  await browsers[role].open(`${stage.latchkey.url}/web/past-access?${new URLSearchParams(query)}`);
const rows = async (query: Record<string, string>) => {
  const answer = await fetch(`${stage.latchkey.url}/api/past-access?${new URLSearchParams(query)}`, {
    headers: { authorization: 'Bearer read-token-for-tests' },
  });
  const body = (await answer.json()) as { pastAccess: Record<string, unknown>[]; next: string | null };
  return { status: answer.status, ...body };
};

describe('who had what at a moment', () => {
  test('a person has nothing before they asked, had it with its reason and its approver, and has not after', async () => {
    const whose = { person: 'ines@acme.example' };
    expect((await rows({ ...whose, at: moments.before })).pastAccess).toEqual([]);
    expect((await rows({ ...whose, at: moments.after })).pastAccess).toEqual([]);
    expect((await rows({ ...whose, at: moments.held })).pastAccess).toMatchObject([
      {
        person: 'Ines Moreau',
        entitlement: 'orders-api-read',
        stood: 'held',
        couldReach: 'yes',
        changeId: given.id,
        why: expect.stringMatching(/^asked for by Ines Moreau: “stuck orders”; approved by \S+/),
      },
    ]);
    const text = textOf(await page('auditor', { ...whose, at: moments.held }));
    expect(text).toContain('“stuck orders”; approved by');
  });

  test('an entitlement, its group and its team, by name or id, each find the same people', async () => {
    const target = (await walk.change(given.id)).target;
    const { pastAccess: byKey } = await rows({ entitlement: 'orders-api-read', at: moments.held });
    expect(byKey.map(({ person }) => person)).toContain('Ines Moreau');
    for (const of of [
      { group: target?.groupId },
      { group: target?.groupName },
      { team: target?.teamId },
      { team: target?.teamName.toUpperCase() },
    ] as Record<string, string>[])
      expect([of, (await rows({ ...of, at: moments.held })).pastAccess]).toEqual([of, byKey]);
    expect((await rows({ team: 'no such team', at: moments.held })).pastAccess).toEqual([]);
  });

  test('CSV says the same, and everybody’s list goes on at the moment at which it began', async () => {
    const { pastAccess: all } = await rows({ at: moments.held, limit: '500' });
    expect(new Set(all.map(({ person }) => person)).size).toBeGreaterThan(2);
    const found: unknown[] = [];
    let after: string | null = '';
    while (after !== null) {
      const portion = await rows({ limit: '1', after, ...(after === '' ? { at: moments.held } : {}) });
      found.push(...portion.pastAccess);
      after = portion.next;
    }
    const inOrder = (some: readonly unknown[]) => some.map((one) => JSON.stringify(one)).toSorted();
    expect(inOrder(found)).toEqual(inOrder(all));
    const csv = await browsers.admin.open(`${stage.latchkey.url}/web/past-access.csv?at=${moments.held}`);
    expect(csv.html.trim().split('\r\n')).toHaveLength(all.length + 1);
  });

  test('a day is its first moment; what is not over yet nobody knows', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    expect(textOf(await page('admin', { at: tomorrow }))).toContain('That moment is not over yet');
    const day = moments.held.slice(0, 10);
    expect((await rows({ person: 'ines', at: day })).pastAccess).toEqual(
      (await rows({ person: 'ines', at: `${day}T00:00:00Z` })).pastAccess,
    );
    for (const at of ['2026-02-30', '2026-13-01', 'yesterday', '2026-03-03T24:00', '0001-01-01'])
      expect([at, (await rows({ at })).status]).toEqual([at, 400]);
  });
});

describe('whose past somebody sees', () => {
  test.each([
    ['employee', [true, false]],
    ['owner', [true, false]],
    ['auditor', [true, true]],
    ['admin', [true, true]],
  ] as const)('%s', async (role, sees) => {
    const names = async (query: Record<string, string>) => {
      const { html } = await page(role, { at: moments.held, ...query });
      return ['Ines Moreau', 'Erik Lind'].map((name) => html.includes(`data-label="Person">${name}<`));
    };
    const [own, others] = sees;
    expect(await names({ person: 'acme' })).toEqual([own, others]);
    expect(await names({ entitlement: 'orders-api-read' })).toEqual([own, false]);
    expect(await names({ entitlement: 'payments-api-read' })).toEqual([false, others]);
    // Who asks about nobody in particular and does not see all asks about themselves.
    expect(await names({})).toEqual([own && role !== 'owner', others]);
  });
});
