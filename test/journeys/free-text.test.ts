import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

/** Whenever this is run, that is more than an hour away and less than a week. */
const FREE_TEXT = 'I need to read orders API logs in prod until tomorrow for INC-4711';
type Element = Record<string, unknown> & { initial_option?: { value: string; text: { text: string } } };
const elementOf = (view: SeenView, block: string) =>
  view.blocks.find((b) => b.block_id === block)?.element as Element | undefined;
const mode = (name: string) => walk.request('POST', '/model/sim/mode', { mode: name });

test('a request in free text fills the form in; nothing is asked for until the person sends it', async () => {
  // when
  const requests = async () => (await walk.rowCounts()).changes;
  const view = await walk.openForm('ines', FREE_TEXT);

  // then
  expect(view.callback_id).toBe('request');
  expect(wordsOf({ blocks: view.blocks })).toContain('nothing is asked for until you press Ask');
  expect(elementOf(view, 'entitlement')?.initial_option?.value).toBe('orders-api-read');
  expect(elementOf(view, 'ticket')?.initial_value).toBe('INC-4711');
  // Her wanting it is no reason for it: the form asks her why.
  expect(elementOf(view, 'reason')?.initial_value).toBeUndefined();
  const seconds = Number(elementOf(view, 'duration')?.initial_option?.value);
  expect(seconds % 3_600).toBe(0);
  expect(seconds).toBeLessThanOrEqual(604_800);
  expect(wordsOf({ blocks: view.blocks })).toMatch(/until <!date\^\d+\^/);
  expect(await requests()).toBe(0);

  // when they say why, and send it
  const reason = 'Orders of yesterday are stuck';
  expect(await walk.submit('ines', view, { reason: { reason } })).toEqual({ sent: true });
  const change = await walk.until('it is stored', () => walk.changeBecause(reason));
  expect(change).toMatchObject({
    entitlementKey: 'orders-api-read',
    ticket: 'INC-4711',
    requestedSeconds: seconds,
  });
});

test('until a ticket is closed, as they wrote, is chosen in the form; they can tick it off', async () => {
  const chosen = (view: SeenView) => elementOf(view, 'endsWithTicket')?.initial_options;
  const view = await walk.openForm('tom', 'orders api logs in prod until INC-4711 is closed');
  expect(elementOf(view, 'ticket')?.initial_value).toBe('INC-4711');
  expect(chosen(view)).toMatchObject([{ value: 'ends' }]);
  expect(wordsOf({ blocks: view.blocks })).toContain('Until INC-4711 is closed, as you wrote');
  expect(elementOf(view, 'duration')).toBeDefined();
  const reason = 'Refunds until it is closed';
  expect(await walk.submit('tom', view, { reason: { reason } })).toEqual({ sent: true });
  const change = await walk.until('it is stored', () => walk.changeBecause(reason));
  expect(change).toMatchObject({ ticket: 'INC-4711', endsWithTicket: true });

  // Which of two, nobody guesses; and a ticket that is only named is no end.
  for (const words of ['orders api logs, INC-4711 and INC-4712, until it is closed', FREE_TEXT]) {
    const open = await walk.openForm('tom', words);
    expect(chosen(open)).toBeUndefined();
    expect(elementOf(open, 'endsWithTicket')).toBeDefined();
    expect(wordsOf({ blocks: open.blocks })).not.toContain('is closed, as you wrote');
  }

  // when no model answers, the words are read all the same
  await mode('down');
  const alone = await walk.openForm('tom', 'orders api logs in prod until INC-4712 is resolved');
  expect(elementOf(alone, 'ticket')?.initial_value).toBe('INC-4712');
  expect(chosen(alone)).toMatchObject([{ value: 'ends' }]);
  await mode('scripted');
});

test.each(['slow', 'down', 'refuse', 'off-schema'])(
  'model %s: the form comes all the same, says so, and keeps what was written',
  async (name) => {
    await mode(name);
    // What was read once is known: other words.
    const freeText = `${FREE_TEXT}, ${name}`;
    const view = await walk.openForm('erik', freeText);
    expect(view.callback_id).toBe('request');
    expect(wordsOf({ blocks: view.blocks })).toContain('Latchkey could not read that by itself just now');
    expect(elementOf(view, 'entitlement')?.initial_option).toBeUndefined();
    expect(wordsOf({ blocks: view.blocks })).toContain(`You wrote: ${freeText}`);
    expect(elementOf(view, 'reason')?.initial_value).toBeUndefined();
    expect(elementOf(view, 'ticket')?.initial_value).toBe('INC-4711');
    const options = elementOf(view, 'entitlement')?.options as { value: string }[] | undefined;
    expect(options?.[0]?.value).toBe('orders-api-read');
    await mode('scripted');
  },
);

test('a hostile model can put nothing into the form that the person did not write', async () => {
  await mode('hostile');
  const view = await walk.openForm('erik', 'read payments api logs, Trace payouts');
  expect(wordsOf({ blocks: view.blocks })).toContain('It is not clear which access you mean');
  expect(JSON.stringify(view.blocks)).not.toMatch(/evil|CHG-90210|CISO|platform-admin-for-ever/);
  expect(wordsOf({ blocks: view.blocks })).toContain('You wrote: read payments api logs, Trace payouts');
  await mode('scripted');
});

test('whoever is named gets it: told for sure it is filled in, and else it is asked, never silently oneself', async () => {
  // given Nadia is known by name
  await walk.openForm('nadia');

  // when
  const view = await walk.openForm('erik', 'orders API logs for Nadia because she is on call this week');

  // then
  expect(elementOf(view, 'for')?.initial_user).toBe(slackIdOf('nadia'));
  expect(wordsOf({ blocks: view.blocks })).toContain(`For <@${slackIdOf('nadia')}>, as you wrote.`);
  expect(elementOf(view, 'reason')?.initial_value).toBe('because she is on call this week');

  // when it is sent, then it is for her
  expect(await walk.submit('erik', view, { entitlement: { entitlement_select: 'orders-api-read' } })).toEqual(
    {
      sent: true,
    },
  );
  const change = await walk.until('it is stored', () =>
    walk.changeBecause('because she is on call this week'),
  );
  expect(change.personId).not.toBe(change.requesterId);

  // and of whom it can't be told the form asks, and does not go without
  const unknown = await walk.openForm('erik', 'orders API logs for Ludmilla because she is new');
  expect(unknown.blocks.find((b) => b.block_id === 'for')?.optional).toBe(false);
  expect(wordsOf({ blocks: unknown.blocks })).toContain('Latchkey knows nobody called Ludmilla.');
});

test('what is wanted for ever is offered for as long as there is, and the form says so', async () => {
  const view = await walk.openForm('tom', 'read orders API logs in prod forever, to trace the stuck ones');
  expect(wordsOf({ blocks: view.blocks })).toContain(
    '7 days is the longest there is; nothing is given for ever',
  );
  expect(elementOf(view, 'duration')?.initial_option?.value).toBe('604800');
});

test('the plain form, and the words that mean something else, are as before', async () => {
  const view = await walk.openForm('tom');
  expect(view.callback_id).toBe('request');
  expect(view.blocks.some((b) => b.block_id === 'read')).toBe(false);
});

test('why a request got a no is told from the record, with clauses, and only to those whose it is', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: 'payments-api-read', reason: 'Look at payouts' });
  await walk.clickAndFill('sam', asked.card, 'deny', { reason: { reason: 'Use the dashboard instead.' } });
  await walk.becomes(asked.id, 'denied');
  const why = async (as: string, text: string) => {
    const known = new Set((await walk.messages(as, 'access-requests')).map((m) => m.ts));
    await walk.request('POST', '/slack/sim/command', {
      as,
      command: '/access',
      channel: 'access-requests',
      text,
    });
    return wordsOf(
      await walk.until('an answer', async () =>
        (await walk.messages(as, 'access-requests')).find((m) => m.ephemeral && !known.has(m.ts)),
      ),
    );
  };

  // then
  await mode('down');
  const told = await why('ines', 'why');
  expect(told).toContain('Sam Whitaker denied it.');
  expect(told).toContain('Use the dashboard instead.');
  expect(told).toMatch(/What the rules said: .*\(AC-3\)/);
  expect(told).not.toContain(asked.id.slice(0, 8));
  expect(await why('ines', `why ${asked.id.slice(0, 8)}`)).toContain('Sam Whitaker denied it.');
  expect(await why('erik', `why ${asked.id.slice(0, 8)}`)).toContain('not one of your requests');
  // A refusal names its owner by mention, or by name where they were not met in Slack yet; never by an address.
  await walk.query(
    `update changes set state = 'refused', doc = doc || jsonb_build_object('state', 'refused', 'refusal',
      '{"refused": true, "reason": "notEligible", "text": "It is not open to you.",
        "next": "Ask its owner, olga@acme.example.", "people": ["olga@acme.example"]}'::jsonb) where id = $1`,
    [asked.id],
  );
  const refused = await why('ines', 'why');
  expect([`Ask its owner, <@${slackIdOf('olga')}>.`, 'Ask its owner, Olga Brandt.']).toContain(
    /Ask its owner, .*\./.exec(refused)?.[0],
  );
  expect(refused).not.toContain('@acme.example');
  await mode('scripted');
});
