import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  // given both of the bundle are for the same people to decide
  ({ stage, walk } = await setOut({
    objectiveMs: 2_000,
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
  await walk.isQuiet();
});
afterEach(async () => {
  await walk.heal();
  await walk.directory.speaks();
});
afterAll(() => stage?.close());

const BUNDLE = 'bundle:order-support';
const ORDERS = 'Orders API: read logs and messages in prod';
const PAYMENTS = 'Payments API: read logs in prod';

type Asked = { jointId: string; orders: string; payments: string; card: CardSeen };

async function asksForBoth(as: string, reason: string, forWhom?: string): Promise<Asked> {
  const what = { entitlement: BUNDLE, reason, ...(forWhom === undefined ? {} : { for: forWhom }) };
  expect(await walk.ask(as, what)).toEqual({ sent: true });
  const [orders, payments] = await walk.until('both are put to approvers', async () => {
    const rows = await walk.query<{ id: string; joint: string; state: string; card_of: string | null }>(
      `select id, joint_id as joint, state, doc->>'cardOf' as card_of from changes where doc->>'reason' = $1
       order by entitlement_key`,
      [reason],
    );
    return rows.length === 2 && rows.every(({ state }) => state === 'asking') && rows;
  });
  if (orders === undefined || payments === undefined) throw new Error('not both');
  const card = await walk.until('the one card has both', async () =>
    (await walk.messages('sofia', 'access-requests')).find(
      (m) => m.threadTs === null && wordsOf(m).includes(reason) && wordsOf(m).includes('two accesses'),
    ),
  );
  return { jointId: orders.joint, orders: orders.id, payments: payments.id, card };
}

/** Every message of their own that somebody has about it, replies included. */
async function toldOf({ jointId, orders, payments }: Asked, as: string): Promise<CardSeen[]> {
  return (await walk.messages(as, 'dm')).filter((m) => {
    const marker = m.metadata?.event_payload?.marker ?? '';
    return [jointId, orders, payments].some((id) => marker.startsWith(id));
  });
}

async function says(asked: Asked, as: string, words: string | RegExp): Promise<CardSeen> {
  return await walk.until(`${as} reads ${words} in one message`, async (saw) => {
    const all = (await toldOf(asked, as)).filter((m) => m.threadTs === null);
    if (all.length > 1) throw new Error(`${all.length} messages, not one`);
    const [one] = all;
    const said = saw(one === undefined ? '' : wordsOf(one));
    return (typeof words === 'string' ? said.includes(words) : words.test(said)) && one;
  });
}

/** The words about one of the two: from its title on to the next. */
function about(message: CardSeen, title: string): string {
  const words = wordsOf(message).split('\n').slice(1).join('\n');
  const rest = words.slice(words.indexOf(`*${title}*`) + title.length);
  const ends = [ORDERS, PAYMENTS].map((other) => rest.indexOf(`*${other}*`)).filter((at) => at >= 0);
  return rest.slice(0, ends.length === 0 ? undefined : Math.min(...ends));
}

test('who asks for a bundle has one message, right for each of it, with what can be done about each', async () => {
  // when
  const asked = await asksForBoth('ines', 'Orders and payments, one message');

  // then
  const waiting = await walk.until('both can be taken back', async () => {
    const message = await says(asked, 'ines', 'You asked for *two accesses for 1 day*');
    return buttonsOf(message).length === 4 && message;
  });
  expect(buttonsOf(waiting)).toEqual(['nudge', 'withdraw', 'nudge', 'withdraw']);

  // when one is approved, and the other denied
  await walk.clickAndFill('olga', asked.card, 'deny', { reason: { reason: 'Payments are not yours' } });
  const [given, no] = await walk.until('one is denied', async () => {
    const [orders, payments] = [await walk.change(asked.orders), await walk.change(asked.payments)];
    if (orders.state === 'denied') return [asked.payments, asked.orders];
    return payments.state === 'denied' && [asked.orders, asked.payments];
  });
  const titleOf = (id: string | undefined) => (id === asked.orders ? ORDERS : PAYMENTS);
  const half = await says(asked, 'ines', 'Denied by Olga Brandt');
  expect(about(half, titleOf(no))).toContain('Payments are not yours');
  expect(about(half, titleOf(given))).toContain('Waiting for');
  expect(half.ts).toBe(waiting.ts);

  // when the other is given, and given back
  const card = await walk.until('the card has one left', async () => {
    const found = (await walk.messages('olga', 'access-requests')).find((m) => m.ts === asked.card.ts);
    return found !== undefined && !buttonsOf(found).includes('approve_all') && found;
  });
  await walk.click('olga', card, 'approve');
  await walk.becomes(given ?? '', 'inEffect');
  const held = await says(asked, 'ines', 'In effect in MuleSoft');
  expect(about(held, titleOf(given))).toContain('In effect in MuleSoft');
  expect(buttonsOf(held)).toEqual(['extend', 'release']);
  await walk.click('ines', held, 'release');
  await walk.endsAs(given ?? '', 'inEffect');
  const over = await says(asked, 'ines', 'given back early; gone from MuleSoft');
  expect(buttonsOf(over)).toEqual([]);
  expect(over.ts).toBe(waiting.ts);

  // and the card says so too, and each outcome was told once, in the thread
  await walk.until('the card says so', async () => {
    const found = (await walk.messages('olga', 'access-requests')).find((m) => m.ts === asked.card.ts);
    return found !== undefined && wordsOf(found).includes('given back early; gone from MuleSoft');
  });
  await walk.isQuiet();
  const replies = (await toldOf(asked, 'ines')).filter((m) => m.threadTs !== null);
  expect(new Set(replies.map((m) => m.threadTs))).toEqual(new Set([waiting.ts]));
  const markers = replies.map((m) => m.metadata?.event_payload?.marker?.split(':').at(-1));
  expect(markers.toSorted()).toEqual(['denied', 'gone', 'seen']);
}, 60_000);

test('late parts are alarmed of in the thread of the card that has them all', async () => {
  // given
  const asked = await asksForBoth('erik', 'Both, and Okta does not push');
  await walk.directory.pausePush(true);

  // when
  await walk.click('olga', asked.card, 'approve_all');

  // then
  const inThread = async (words: string) =>
    (await walk.messages('olga', 'access-requests')).filter(
      (m) => m.threadTs === asked.card.ts && m.text.includes(words),
    );
  await walk.until('both are alarmed of', async (saw) => {
    const all = await inThread('was not seen in MuleSoft within');
    return saw(all.map((m) => m.text)).length === 2;
  });
  const said = (await inThread('was not seen in MuleSoft within')).map((m) => m.text).join('\n');
  expect(said).toContain(ORDERS);
  expect(said).toContain(PAYMENTS);

  // when
  await walk.directory.pausePush(false);

  // then the same messages say that it is over
  await walk.until('both are cleared', async () => (await inThread('Alarm cleared')).length === 2);
  expect(await inThread('was not seen in MuleSoft within')).toEqual([]);
}, 60_000);

test('asked for somebody else, both have one message; it stays right after a restart', async () => {
  // given
  const asked = await asksForBoth('tom', 'For Ines, from her manager', slackIdOf('ines'));
  await says(asked, 'tom', 'You asked, for ');
  const hers = await says(asked, 'ines', 'asked, for you, for *two accesses for 1 day*');

  // when
  await stage.restart();
  await walk.click('olga', asked.card, 'approve_all');
  for (const id of [asked.orders, asked.payments]) await walk.becomes(id, 'inEffect');

  // then
  const now = await says(asked, 'ines', /In effect in MuleSoft[\s\S]*In effect in MuleSoft/);
  expect(now.ts).toBe(hers.ts);
  await says(asked, 'tom', /In effect in MuleSoft[\s\S]*In effect in MuleSoft/);
}, 90_000);

test('deleted by hand, the one message is posted anew; a reply in its thread answers the question that is open', async () => {
  // given
  const asked = await asksForBoth('tom', 'Both, and a question about it');
  const first = await says(asked, 'tom', PAYMENTS);
  const { channel, ts } = first;
  await fetch(`${stage.world.url}/slack/api/chat.delete`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${credentials.slackBotToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ channel, ts }),
  });

  // when
  await walk.clickAndFill('olga', asked.card, 'question_ask', { words: { words: 'Which orders?' } });

  // then
  const anew = await says(asked, 'tom', 'Which orders?');
  expect(anew.ts).not.toBe(ts);
  expect(buttonsOf(anew).filter((id) => id === 'question_answer')).toHaveLength(1);

  // when
  await walk.request('POST', '/slack/sim/message', {
    as: 'tom',
    channel: anew.channel,
    threadTs: anew.ts,
    text: 'The ones of Monday',
  });

  // then
  await walk.until('the card has the answer', async () => {
    const found = (await walk.messages('olga', 'access-requests')).find((m) => m.ts === asked.card.ts);
    return found !== undefined && wordsOf(found).includes('The ones of Monday');
  });
}, 60_000);
