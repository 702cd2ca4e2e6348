import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, textsIn, wordsOf } from './journey.ts';
import { buttonValueOf, clickPayload, formOf, nowSeconds, requestPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
let before: Record<string, number>;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  // Somebody Latchkey knows, so that nothing but the input is new.
  await walk.openForm('ines');
});
afterAll(() => stage?.close());
beforeEach(async () => {
  await walk.isQuiet();
  before = await walk.rowCounts();
});

const read = 'orders-api-read';

async function nothingChanged(): Promise<void> {
  await walk.isQuiet();
  expect(await walk.rowCounts()).toEqual(before);
}

/** Errors of a form's acknowledgement, by field. */
async function errorsOf(payload: ReturnType<typeof requestPayload>): Promise<Record<string, string>> {
  const { status, body } = await sendRaw(walk, payload);
  expect(status).toBe(200);
  return (JSON.parse(body) as { errors?: Record<string, string> }).errors ?? {};
}

test.each([
  [
    'an entitlement that is not in the catalogue',
    { entitlement: 'root-everywhere', reason: 'Because' },
    'entitlement',
    'There is no such entitlement',
  ],
  ['no reason', { entitlement: read, reason: '' }, 'reason', 'A request needs a reason.'],
  ['a blank reason', { entitlement: read, reason: ' \n\t ' }, 'reason', 'A request needs a reason.'],
  [
    'a reason of 5,000 characters',
    { entitlement: read, reason: 'x'.repeat(5_000) },
    'reason',
    'The reason has 5000 characters; 1000 is the most.',
  ],
  [
    'a ticket of 500 characters',
    { entitlement: read, reason: 'Because', ticket: 'T'.repeat(500) },
    'ticket',
    'A ticket has at most 100 characters.',
  ],
  ...['a\u0000b', 'half \ud800 a pair', '\udc00'].flatMap(
    (text) =>
      [
        [
          `${JSON.stringify(text)} in the reason`,
          { entitlement: read, reason: `Because ${text}` },
          'reason',
          'characters that can’t be stored',
        ],
        [
          `${JSON.stringify(text)} in the ticket`,
          { entitlement: read, reason: 'Because', ticket: text },
          'ticket',
          'characters that can’t be stored',
        ],
      ] as const,
  ),
  [
    'a duration beyond the maximum',
    { entitlement: read, reason: 'Because', seconds: 30 * 86_400 },
    'duration',
    '30 days is longer than the 7 days allowed',
  ],
  [
    'a negative duration',
    { entitlement: read, reason: 'Because', seconds: -1 },
    'duration',
    'That is no duration.',
  ],
  [
    'a duration that is no number',
    { entitlement: read, reason: 'Because', seconds: 'for ever' },
    'duration',
    'That is no duration.',
  ],
  [
    'an entitlement whose group the directory fills by a rule',
    { entitlement: 'everyone-view', reason: 'Because' },
    'entitlement',
    'can’t be given at the moment: the group anypoint-everyone-view can’t be written',
  ],
  [
    'an entitlement for other departments',
    { entitlement: 'orders-api-deploy', reason: 'Because' },
    'entitlement',
    'is not open to Sofia Ricci (Engineering)',
  ],
] as const)(
  'a form with %s is answered under that field and changes nothing',
  async (_what, ask, field, text) => {
    // when
    const errors = await errorsOf(
      requestPayload(ask.entitlement === 'orders-api-deploy' ? 'sofia' : 'ines', ask),
    );

    // then
    expect(Object.keys(errors)).toEqual([field]);
    expect(errors[field]).toContain(text);
    await nothingChanged();
  },
);

test('a denial with characters that can’t be stored is answered under its reason', async () => {
  const asked = await walk.asks('erik', { entitlement: read, reason: 'To be denied oddly' });
  const refused = await walk.clickAndFill('tom', asked.card, 'deny', { reason: { reason: 'No\u0000' } });
  const view = await walk.topView('tom');
  if (view === null) throw new Error('the form was closed');
  const again = await walk.submit('tom', view, { reason: { reason: 'No \ud83d' } });
  for (const answer of [refused, again])
    expect(answer).toMatchObject({
      sent: false,
      errors: { reason: expect.stringContaining('characters that can’t be stored') },
    });
  expect((await walk.change(asked.id)).state).toBe('asking');
  expect(await walk.submit('tom', view, { reason: { reason: 'No' } })).toEqual({ sent: true });
  await walk.becomes(asked.id, 'denied');
});

test('a second request for the same thing while the first waits is told so', async () => {
  // given
  const asked = await walk.asks('nadia', { entitlement: read, reason: 'The first of two' });
  await walk.isQuiet();
  before = await walk.rowCounts();

  // when
  const errors = await errorsOf(requestPayload('nadia', { entitlement: read, reason: 'The second of two' }));

  // then
  expect(errors.entitlement).toContain('is waiting for a decision already');
  await nothingChanged();
  await walk.click('nadia', await walk.statusOf('nadia', asked.id), 'withdraw');
  await walk.becomes(asked.id, 'withdrawn');
});

test('markup and mentions in a reason are shown as they are typed and never interpreted', async () => {
  // given
  const reason = '<!channel> <@U0000003> *bold* <https://evil.example|click> & `code` :tada:';

  // when
  const asked = await walk.asks('erik', { entitlement: read, reason, ticket: '<!here> *T-1*' });
  await walk.cardSays(asked, 'Advice of the model');
  await walk.clickAndFill('tom', asked.card, 'deny', { reason: { reason: `No: ${reason}` } });
  await walk.becomes(asked.id, 'denied');
  await walk.isQuiet();

  // then it stands letter by letter, as a quotation, which Slack never parses
  const messages = [
    ...(await walk.messages('tom', 'access-requests')),
    ...(await walk.messages('erik', 'dm')),
  ].filter((m) => m.metadata?.event_payload?.marker?.startsWith(asked.id));
  const texts = messages.flatMap((m) => textsIn(m.blocks));
  expect(texts.filter((t) => t.type === 'text' && t.text.includes(reason)).length).toBeGreaterThan(2);
  const quoted = messages.flatMap((m) => m.blocks).filter((b) => JSON.stringify(b).includes('evil.example'));
  for (const block of quoted)
    expect(block).toMatchObject({ type: 'rich_text', elements: [{ type: 'rich_text_quote' }] });

  // and in nothing that Slack interprets, notification texts included
  const interpreted = [
    ...texts.filter((t) => t.type === 'mrkdwn').map((t) => t.text),
    ...messages.map((m) => m.text),
  ].join('\n');
  for (const word of ['<!channel>', '<!here>', 'evil.example', '*bold*', '`code`', ':tada:', '*T-1*'])
    expect(interpreted).not.toContain(word);
});

test('a request with a forged signature is refused', async () => {
  // when
  const payload = requestPayload('ines', { entitlement: read, reason: 'Forged' });
  const answer = await sendRaw(walk, payload, { signature: `v0=${'0'.repeat(64)}` });
  const unsigned = await sendRaw(walk, payload, { signature: '' });

  // then
  expect([answer.status, unsigned.status]).toEqual([401, 401]);
  await nothingChanged();
});

test.each([
  ['old', -301],
  ['future', 301],
])('a request with an %s timestamp is refused although its signature is right', async (_which, offset) => {
  // when
  const answer = await sendRaw(walk, requestPayload('ines', { entitlement: read, reason: 'Another time' }), {
    timestamp: nowSeconds() + offset,
  });

  // then
  expect(answer.status).toBe(401);
  await nothingChanged();
});

test('an interaction that is replayed letter by letter is refused', async () => {
  // given a click that counted
  const asked = await walk.asks('ines', { entitlement: 'platform-admin', reason: 'Replayed' });
  const body = formOf(clickPayload('sam', asked.card, 'approve', JSON.stringify(buttonValueOf(asked.card))));
  const timestamp = nowSeconds();
  const first = await sendRaw(walk, null, { body, timestamp });
  await walk.cardSays(asked, 'Approved by Sam Whitaker');
  await walk.isQuiet();
  before = await walk.rowCounts();

  // when
  const replayed = await sendRaw(walk, null, { body, timestamp });

  // then
  expect([first.status, replayed.status]).toEqual([200, 401]);
  await nothingChanged();
});

test.each([
  ['a payload that is no JSON', 'payload=%7Bnot+json', 400],
  [
    'a button of ours with a value that is not ours',
    formOf(
      clickPayload(
        'tom',
        { channel: 'C0000001', ts: '1.2', text: '' } as never,
        'approve',
        'DROP TABLE changes',
      ),
    ),
    200,
  ],
  [
    'a button that names no change of ours',
    formOf(clickPayload('tom', { channel: 'C0000001', ts: '1.2', text: '' } as never, 'approve', 'null')),
    200,
  ],
] as const)('%s changes nothing', async (_what, body, status) => {
  // when
  const answer = await sendRaw(walk, null, { body });

  // then
  expect(answer.status).toBe(status);
  await nothingChanged();
});

test('a click on a change that does not exist is told so', async () => {
  // when
  const card = await walk.card('tom');
  const value = JSON.stringify({ change: '00000000-0000-4000-8000-000000000000', round: 1 });
  await sendRaw(walk, clickPayload('tom', card, 'approve', value));

  // then
  await walk.receives(
    'tom',
    'that Latchkey does not know it',
    (m) => m.ephemeral && m.text.includes('Latchkey does not know this request.'),
    'access-requests',
  );
});

const scim = (method: string, path: string, body: string | null, token: string | null) =>
  fetch(`${stage.latchkey.url}/scim/v2${path}`, {
    method,
    headers: {
      'content-type': 'application/scim+json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === null ? {} : { body }),
  });

test.each([
  ['no token', null],
  ['a wrong token', 'not-the-token-at-all'],
  ['the token and a letter more', `${credentials.scimToken}x`],
])('SCIM with %s is refused', async (_what, token) => {
  // when
  const read = await scim('GET', '/Users', null, token);
  const write = await scim('POST', '/Users', JSON.stringify({ userName: 'mallory@acme.example' }), token);

  // then
  expect([read.status, write.status]).toEqual([401, 401]);
  expect(await write.json()).toMatchObject({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: '401',
  });
  await nothingChanged();
});

test.each([
  ['a body that is no JSON', 'POST', '/Users', '{"userName":'],
  ['a user without a name', 'POST', '/Users', '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}'],
  ['a filter that can’t be read', 'GET', '/Users?filter=userName%20eqq%20%22x%22', null],
  ['a patch without operations', 'PATCH', '/Groups/00000000-0000-4000-8000-000000000000', '{}'],
])('SCIM with %s is a clear error', async (_what, method, path, body) => {
  // when
  const answer = await scim(method, path, body, credentials.scimToken);

  // then
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  const error = (await answer.json()) as { schemas: string[]; detail?: string };
  expect(error.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error']);
  expect(error.detail).toMatch(/\w{3,}/);
  await nothingChanged();
});

test('a form that is sent twice is one request', async () => {
  // given
  const payload = requestPayload('tom', { entitlement: read, reason: 'Sent twice' });

  // when
  const answers = [
    await sendRaw(walk, payload, { timestamp: nowSeconds() - 1 }),
    await sendRaw(walk, payload, { timestamp: nowSeconds() }),
  ];

  // then
  expect(answers.map((a) => a.body)).toEqual(['', '']);
  expect(await walk.query(`select 1 from changes where doc->>'reason' = 'Sent twice'`)).toHaveLength(1);
  const card = await walk.card('tom', (m) => wordsOf(m).includes('Sent twice'));
  expect(wordsOf(card)).toContain('*Why*\nSent twice');
});
