import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CURSOR_TIMEOUT_SECONDS, createCursors } from '../../../src/scim/cursor.ts';
import { type StartedScim, startScim, TOKEN } from '../start-scim.ts';

let scim: StartedScim;
const titles = ['b', null, 'A', 'b', null, 'c', 'a'];
let ids: string[];
beforeAll(async () => {
  scim = await startScim();
  ids = [];
  for (const [n, title] of titles.entries())
    ids.push(
      await scim.createUser(`user${n}@acme.example`, {
        ...(title === null ? {} : { title }),
        ...(n % 2 === 0 ? { active: false } : {}),
      }),
    );
  await scim.createGroup('mulesoft-dev');
});
afterAll(() => scim.close());

type Resource = { id: string };
const page = async (path: string, query: Record<string, string | number>) => {
  const text = new URLSearchParams(Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])));
  const { status, body } = await scim.call('GET', `${path}?${text}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};
const idsOf = (body: { Resources: Resource[] }) => body.Resources.map((r) => r.id);

/** Every page there is, walked forward; each must have what index paging has. */
async function walk(path: string, query: Record<string, string | number>) {
  const pages = [await page(path, { ...query, cursor: '' })];
  for (let last = pages[0]; last.nextCursor !== undefined; last = pages.at(-1))
    pages.push(await page(path, { ...query, cursor: last.nextCursor }));
  return pages;
}

describe('RFC 9865, paging by cursor', () => {
  it('RFC 9865 §2: walks forward and back over the same pages, for every order, filter and size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/Users', ''),
        fc.constantFrom(undefined, 'title', 'active', 'userName', 'meta.created', 'id', 'externalId'),
        fc.constantFrom('ascending', 'descending'),
        fc.constantFrom(undefined, 'title pr', 'active eq true'),
        fc.integer({ min: 1, max: 9 }),
        async (path, sortBy, sortOrder, filter, count) => {
          const query = {
            sortOrder,
            count,
            ...(sortBy === undefined ? {} : { sortBy }),
            ...(filter === undefined ? {} : { filter }),
          };
          const whole = idsOf(await page(path, { ...query, count: 100 }));
          const pages = await walk(path, query);
          expect(pages.flatMap(idsOf)).toEqual(whole);
          for (const one of pages)
            expect(one).toMatchObject({ totalResults: whole.length, itemsPerPage: one.Resources.length });
          let back = pages.at(-1);
          const seen = [back];
          while (back.previousCursor !== undefined) {
            back = await page(path, { ...query, cursor: back.previousCursor });
            seen.unshift(back);
          }
          expect(seen.flatMap(idsOf)).toEqual(whole);
          expect(seen[0].previousCursor).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('RFC 9865 §2, §4: says how in ServiceProviderConfig, and has neither startIndex nor cursors where they don’t belong', async () => {
    const { body: config } = await scim.call('GET', '/ServiceProviderConfig');
    expect(config.pagination).toEqual({
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: 200,
      cursorTimeout: CURSOR_TIMEOUT_SECONDS,
    });
    const byCursor = await page('/Users', { cursor: '', count: 2 });
    expect(byCursor.startIndex).toBeUndefined();
    expect(byCursor.previousCursor).toBeUndefined();
    expect(byCursor.nextCursor).toMatch(/^[\w-]+$/);
    const byIndex = await page('/Users', { count: 2 });
    expect(byIndex).toMatchObject({ startIndex: 1 });
    expect(byIndex.nextCursor).toBeUndefined();
  });

  it('RFC 9865 §3: works in .search', async () => {
    const first = await scim.call('POST', '/Users/.search', { cursor: '', count: 4 });
    const second = await scim.call('POST', '/Users/.search', { cursor: first.body.nextCursor, count: 4 });
    expect([...idsOf(first.body), ...idsOf(second.body)]).toEqual(ids);
    expect(second.body.nextCursor).toBeUndefined();
  });

  it('RFC 9865 §2: shows whoever is there all the time exactly once, whoever comes and goes meanwhile', async () => {
    const extra = await Promise.all([0, 1, 2].map((n) => scim.createUser(`early${n}@acme.example`)));
    const first = await page('/Users', { cursor: '', count: 3, sortBy: 'userName' });
    // Before the cursor one goes and one comes, behind it one goes: by index two would be skipped or shown twice.
    await scim.call('DELETE', `/Users/${extra[0]}`);
    await scim.createUser('aaa@acme.example');
    const seen = idsOf(first);
    for (let next = first.nextCursor; next !== undefined; ) {
      const body = await page('/Users', { cursor: next, count: 3, sortBy: 'userName' });
      seen.push(...idsOf(body));
      next = body.nextCursor;
    }
    expect(seen.filter((id) => id !== extra[0]).sort()).toEqual([...ids, extra[1], extra[2]].sort());
    expect(new Set(seen).size).toBe(seen.length);
    await sql`delete from scim_users where user_name like 'early%' or user_name like 'aaa%'`.execute(
      scim.database.db,
    );
  });

  it('RFC 9865 §2: goes on behind a resource that was deleted since', async () => {
    const extra = await scim.createUser('zz@acme.example', { title: '0' });
    const first = await page('/Users', { cursor: '', count: 1, sortBy: 'title' });
    expect(idsOf(first)).toEqual([extra]);
    await scim.call('DELETE', `/Users/${extra}`);
    const second = await page('/Users', { cursor: first.nextCursor, count: 1, sortBy: 'title' });
    expect(idsOf(second)).toEqual([ids[2]]);
  });

  it('RFC 9865 §2.1: refuses a cursor that is not ours, is changed, or belongs to another query: invalidCursor', async () => {
    const { nextCursor } = await page('/Users', { cursor: '', count: 2, filter: 'active eq true' });
    const changed = `${nextCursor.slice(0, -3)}${nextCursor.endsWith('AAA') ? 'BBB' : 'AAA'}`;
    for (const query of [
      'cursor=nonsense',
      `cursor=${'x'.repeat(300)}`,
      `cursor=${changed}&filter=active eq true`,
      `cursor=${nextCursor}`,
      `cursor=${nextCursor}&filter=active eq false`,
      `cursor=${nextCursor}&filter=active eq true&sortBy=title`,
    ]) {
      const { body } = await scim.call('GET', `/Users?${encodeURI(query)}`);
      expect(body, query).toMatchObject({ status: '400', scimType: 'invalidCursor' });
    }
    const elsewhere = await scim.call('GET', `?cursor=${nextCursor}&filter=active eq true`);
    expect(elsewhere.body.scimType).toBe('invalidCursor');
  });

  it('RFC 9865 §2.1: refuses an old cursor: expiredCursor', async () => {
    const longAgo = new Date(Date.now() - (CURSOR_TIMEOUT_SECONDS + 60) * 1_000);
    const cursor = createCursors(TOKEN).seal(
      { direction: 'forward', key: null, createdAt: '2026-01-01 00:00:00+00', id: ids[0] as string },
      JSON.stringify(['/Users', null, null, 'ascending']),
      longAgo,
    );
    const { body } = await scim.call('GET', `/Users?cursor=${cursor}`);
    expect(body).toMatchObject({ status: '400', scimType: 'expiredCursor' });
  });

  it.each(['0', '-1', 'many', '1.5'])(
    'RFC 9865 §2.1: refuses count=%s with a cursor: invalidCount',
    async (count) => {
      const { body } = await scim.call('GET', `/Users?cursor=&count=${count}`);
      expect(body).toMatchObject({ status: '400', scimType: 'invalidCount' });
    },
  );
});
