import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterEach(() => walk.heal());
afterAll(() => stage?.close());

const read = 'orders-api-read';
const posts = () => walk.requests({ vendor: 'slack', path: 'chat.postMessage' });

async function messagesOf(id: string): Promise<string[]> {
  const seen = [
    ...(await walk.messages('sofia', 'access-requests')),
    ...(await walk.messages('ines', 'dm')),
    ...(await walk.messages('erik', 'dm')),
    ...(await walk.messages('sam', 'dm')),
  ];
  return seen.flatMap((m) => {
    const marker = m.metadata?.event_payload?.marker;
    return marker?.startsWith(id) ? [marker] : [];
  });
}

test('Slack says 429 to a post: Latchkey waits as it was told and posts once', async () => {
  // given
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'status', status: 429, times: 1 });

  // when
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Slack wants us to wait' });

  // then
  const [refused, next] = await posts();
  expect(refused?.status).toBe(429);
  expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  await walk.click('olga', asked.card, 'approve');
  await walk.becomes(asked.id, 'inEffect');
  await walk.cardSays(asked, 'In effect in MuleSoft');
});

test('a post that timed out after it was posted is found again: no doubled card', async () => {
  // given the first post, which is the card, is never answered
  await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'timeoutAfterWrite', times: 1 });

  // when
  const asked = await walk.asks('erik', { entitlement: read, reason: 'Posted but not answered' });
  await walk.until(
    'the other messages are out too',
    async () => (await messagesOf(asked.id)).includes(`${asked.id}:beneficiary`),
    25_000,
  );

  // then (cardSays refuses a second card)
  await walk.click('olga', asked.card, 'approve');
  await walk.becomes(asked.id, 'inEffect');
  await walk.cardSays(asked, 'In effect in MuleSoft');
  await walk.isQuiet();
  const markers = await messagesOf(asked.id);
  expect(markers).toHaveLength(new Set(markers).size);
}, 60_000);

test('a reply in a thread that timed out after it was posted is not doubled either', async () => {
  // given
  const asked = await walk.asks('sam', { entitlement: read, reason: 'A reply without an answer' });
  await walk.until('the requester has a message', () => walk.statusOf('sam', asked.id));
  await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'timeoutAfterWrite', times: 1 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  await walk.until(
    'both replies are out',
    async () => {
      const markers = await messagesOf(asked.id);
      return markers.includes(`${asked.id}:card:seen`) && markers.includes(`${asked.id}:beneficiary:seen`);
    },
    25_000,
  );
  await walk.isQuiet();
  const markers = await messagesOf(asked.id);
  expect(markers).toHaveLength(new Set(markers).size);
}, 60_000);

test('Slack is down: access is decided, given and told of when it is back', async () => {
  // given
  const asked = await walk.asks('tom', { entitlement: read, reason: 'Slack goes down after the click' });

  // when
  await walk.fault({ vendor: 'slack', path: 'chat\\.', kind: 'status', status: 503 });
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('tom', 'Orders API readers')).toBe(true);

  // when
  await walk.heal();

  // then
  await walk.cardSays(asked, 'In effect in MuleSoft', 30_000);
  await walk.receives('tom', 'that it is in effect', (m) => m.text.includes('is in effect in MuleSoft'));
}, 60_000);

test('Slack is down when Latchkey starts: it starts, serves SCIM and catches up with the cards', async () => {
  // given a request whose card can’t be posted
  const reason = 'Asked while Slack takes no posts';
  await walk.fault({ vendor: 'slack', path: 'chat\\.', kind: 'status', status: 503 });
  const sent = await walk.ask('nadia', { entitlement: read, reason });
  expect(sent.sent).toBe(true);
  await walk.until(
    'it is put to approvers',
    async () => (await walk.changeBecause(reason))?.state === 'asking',
  );
  await walk.fault({ vendor: 'slack', kind: 'status', status: 503 });

  // when
  await stage.restart();

  // then
  const ready = await fetch(`${stage.latchkey.url}/readyz`);
  expect(ready.status).toBe(200);

  // when
  await walk.heal();

  // then
  const id = (await walk.changeBecause(reason))?.id ?? '';
  await walk.until('the card is out', async () => (await messagesOf(id)).includes(`${id}:card`), 45_000);
  expect((await messagesOf(id)).filter((marker) => marker === `${id}:card`)).toHaveLength(1);
}, 90_000);

test('a card that somebody deleted is posted anew', async () => {
  // given
  const asked = await walk.asks('sofia', { entitlement: read, reason: 'Its card was deleted' });
  const { channel, ts } = asked.card;
  await fetch(`${stage.world.url}/slack/api/chat.delete`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${credentials.slackBotToken}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ channel, ts }),
  });

  // when
  const status = await walk.statusOf('sofia', asked.id);
  await walk.click('sofia', status, 'withdraw');

  // then
  const cards = async () =>
    (await walk.messages('tom', 'access-requests')).filter(
      (m) => m.metadata?.event_payload?.marker === `${asked.id}:card`,
    );
  await walk.until('a new card is out', async () => (await cards()).length === 1);
  expect((await cards())[0]?.ts).not.toBe(ts);
  await walk.isQuiet();
});

test('a channel that Latchkey is not in: nothing is dropped, and /readyz names it', async () => {
  // given
  const elsewhere = await setOut({ catalogue: (catalogue) => ({ ...catalogue, channel: 'general' }) });
  try {
    // when
    const reason = 'Nobody invited Latchkey';
    await elsewhere.walk.ask('ines', { entitlement: read, reason });

    // then its requester is told of it all the same
    const id = await elsewhere.walk.until('it is stored', async () =>
      elsewhere.walk.changeBecause(reason).then((c) => c?.id),
    );
    await elsewhere.walk.statusOf('ines', id);
    await elsewhere.walk.until('/readyz says what fails', async () => {
      const ready = await fetch(`${elsewhere.stage.latchkey.url}/readyz`, {
        headers: { authorization: 'Bearer read-token-for-tests' },
      });
      const { failing } = (await ready.json()) as { failing: Record<string, number> };
      return failing['slack.forbidden (not_in_channel)'] === 1;
    });
    expect(
      await elsewhere.walk.query(`select 1 from outbox where key = $1 and done_at is null`, [
        `updateMessages:${id}`,
      ]),
    ).toHaveLength(1);
  } finally {
    await elsewhere.stage.close();
  }
});
