import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  // given both of the bundle are for the same people to decide
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => {
      const orders = catalogue.entitlements.find(({ key }) => key === 'orders-api-read');
      if (orders === undefined) throw new Error('no orders-api-read');
      const { owner, approvers } = orders;
      return {
        ...catalogue,
        entitlements: catalogue.entitlements.map((e) =>
          e.key === 'payments-api-read' ? { ...e, owner, approvers } : e,
        ),
      };
    },
  }));
});
afterAll(() => stage?.close());

const BUNDLE = 'bundle:order-support';

async function askedTogether(as: string, reason: string) {
  expect(await walk.ask(as, { entitlement: BUNDLE, reason })).toEqual({ sent: true });
  const both = await walk.until('both are put to approvers', async () => {
    const rows = await walk.query<{ id: string; state: string }>(
      `select id, state from changes where doc->>'reason' = $1 order by (doc->'joint'->>'place')::int`,
      [reason],
    );
    return rows.length === 2 && rows.every(({ state }) => state === 'asking') && rows.map(({ id }) => id);
  });
  const cards = async () =>
    (await walk.messages('sofia', 'access-requests')).filter(
      (m) => m.threadTs === null && wordsOf(m).includes(reason),
    );
  const card = await walk.until('one card has both', async () => {
    const all = await cards();
    return all.length === 1 && wordsOf(all[0] as (typeof all)[0]).includes('two accesses') && all[0];
  });
  return { both, card, cards };
}

test('what the same people decide is one card, approved with one click, and each goes its own way', async () => {
  // when
  const { both, card, cards } = await askedTogether('ines', 'Orders that were paid twice');

  // then
  const words = wordsOf(card);
  expect(words).toContain('asks for two accesses for 1 day');
  expect(words).toContain('Orders API: read logs and messages in prod');
  expect(words).toContain('Payments API: read logs in prod');
  expect(buttonsOf(card).filter((id) => id === 'approve_all')).toHaveLength(1);
  expect(buttonsOf(card).filter((id) => id === 'approve')).toHaveLength(2);

  // when
  await walk.click('tom', card, 'approve_all');

  // then both are in effect, on the same card, each with its reply
  for (const id of both) await walk.becomes(id, 'inEffect');
  await walk.until('the card says so of both', async () => {
    const [now] = await cards();
    return now !== undefined && (wordsOf(now).match(/In effect in MuleSoft/g) ?? []).length === 2;
  });
  await walk.isQuiet();
  const all = await cards();
  expect(all).toHaveLength(1);
  const replies = (await walk.messages('sofia', 'access-requests')).filter(
    (m) => m.threadTs === card.ts && m.text.includes('is in effect in MuleSoft'),
  );
  expect(replies).toHaveLength(2);
  expect(await walk.isInTeam('ines', 'Orders API readers')).toBe(true);
  expect(await walk.isInTeam('ines', 'Payments API readers')).toBe(true);
});

test('each of it can be decided by itself', async () => {
  // given
  const { both, card, cards } = await askedTogether('erik', 'Only one of these two');
  const [first = '', second = ''] = both;

  // when
  await walk.clickAndFill('olga', card, 'deny', { reason: { reason: 'Not this one' } });

  // then
  await walk.becomes(first, 'denied');
  expect((await walk.change(second)).state).toBe('asking');
  const now = await walk.until('the card says so', async () => {
    const [one] = await cards();
    return one !== undefined && wordsOf(one).includes('Denied by Olga Brandt') && one;
  });
  expect(buttonsOf(now)).not.toContain('approve_all');
  expect(buttonsOf(now).filter((id) => id === 'approve')).toHaveLength(1);
  await walk.click('olga', now, 'approve');
  await walk.becomes(second, 'inEffect');
});
