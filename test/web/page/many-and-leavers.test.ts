import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EntitlementKey, MassChangeId, PersonId } from '../../../src/core/ids.ts';
import type { MassChangeEvent } from '../../../src/core/mass-change/mass-change.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import type { Browser } from '../../../src/sandbox/browser.ts';
import { eventually } from '../../eventually.ts';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let given: Asked;
let admin: Browser;
let owner: Browser;
let employee: Browser;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  given = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  [admin, owner, employee] = (await Promise.all(
    [cast.admin, cast.owner, 'erik'].map((key) => signedIn(stage.latchkey.url, key)),
  )) as [Browser, Browser, Browser];
});
afterAll(() => stage?.close());

const at = (path: string) => `${stage.latchkey.url}/web${path}`;

/** Found with many others, as `checkGroup` puts it onto a card. */
async function card(key: string, people: readonly string[]): Promise<string> {
  const massChangeId = randomUUID() as MassChangeId;
  const base = { massChangeId, at: new Date(), actor: { part: 'latchkey' } } as const;
  const ids = await walk.query<{ id: PersonId }>(
    'select id from people where email = any($1) order by email',
    [people.map((one) => `${one}@acme.example`)],
  );
  const items = ids.map(({ id }) => ({ key: id, personId: id, note: 'put in by a script' }));
  const about = {
    scope: `group of ${key}`,
    entitlementKey: key as EntitlementKey,
    target: null,
    owner: null,
  };
  const events: MassChangeEvent[] = [
    { ...base, type: 'massOpened', kind: 'finding', ...about, moved: null },
    { ...base, type: 'massGrew', items },
  ];
  await commit(stage.latchkey.context.db, async () => ({ result: null, events }));
  return massChangeId;
}

describe('many at once', () => {
  let orders: string;
  let payments: string;
  beforeAll(async () => {
    await walk.openForm('tom');
    await walk.openForm('erik');
    orders = await card('orders-api-read', ['tom', 'erik']);
    payments = await card('payments-api-read', ['tom']);
  });

  test('what is held stands on a list of its own with how many it is about, and the findings lead to it', async () => {
    const list = textOf(await admin.open(at('/mass-changes?is=open')));
    expect(list).toMatch(/2 people were put into group of orders-api-read/);
    expect(list).toMatch(/1 person was put into group of payments-api-read/);
    expect(textOf(await admin.open(at('/findings')))).toContain('2 more cards are about many at once');
    expect(textOf(await admin.open(at('/mass-changes?kind=lost')))).toContain('Nothing has happened');
  });

  test('who is on a card is listed, with what became of each, as CSV too', async () => {
    const people = textOf(await admin.open(at(`/mass-change-items?card=${orders}`)));
    expect(people).toMatch(/Erik Lind .*not decided put in by a script/);
    await walk.query(
      "update mass_change_items set outcome = 'kept' where mass_change_id = $1 and note is not null and person_id = (select id from people where email = 'tom@acme.example')",
      [orders],
    );
    const kept = await admin.open(at(`/mass-change-items.csv?card=${orders}&outcome=kept`));
    expect(kept.html.trim().split('\r\n').slice(1).join()).toMatch(
      /,tom@acme.example,.*,kept,put in by a script,/,
    );
    expect(textOf(await admin.open(at(`/mass-change-items?card=${orders}&outcome=open`)))).not.toContain(
      'tom@',
    );
  });

  test('an owner sees what is about their own, and somebody else nothing', async () => {
    expect(textOf(await owner.open(at('/mass-changes')))).toContain('group of orders-api-read');
    expect(textOf(await owner.open(at('/mass-changes')))).not.toContain('payments');
    expect(textOf(await owner.open(at(`/mass-change-items?card=${payments}`)))).toContain('not yours to see');
    expect(textOf(await employee.open(at(`/mass-change-items?card=${orders}`)))).toContain(
      'not yours to see',
    );
  });
});

describe('a leaver', () => {
  test('has a page with each leg and its time, and with what was taken away', async () => {
    await walk.directory.sets('ines', 'DEPROVISIONED');
    await eventually(
      'their teams are gone',
      async () =>
        (await walk.query("select from offboardings where doc->'legs'->>'teams' is not null")).length > 0,
    );
    const list = await admin.open(at('/cases'));
    const path = /href="\/web(\/cases\/[0-9a-f-]{36})"/.exec(list.html)?.[1] ?? '';
    const page = await admin.open(at(path));
    const text = textOf(page);
    for (const words of [
      'Ines Moreau leaves',
      'Deactivated in Okta',
      'out of the groups',
      'out of the teams in MuleSoft',
      'their requests are closed',
    ])
      expect(text).toContain(words);
    expect(page.html).toContain(given.id);
    expect((await owner.open(at(path))).status).toBe(403);
    for (const id of [randomUUID(), 'x']) expect((await admin.open(at(`/cases/${id}`))).status).toBe(404);
  });
});
