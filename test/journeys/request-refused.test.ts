import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';
import { buttonValueOf, clickPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  // Cards go where guests and strangers are too.
  ({ stage, walk } = await setOut({ catalogue: (c) => ({ ...c, channel: 'general' }) }));
  await walk.request('POST', '/slack/sim/invite', { channel: 'general' });
});
afterAll(() => stage?.close());

const unwelcome = [
  ['a guest', 'gus', 'Guest accounts can’t ask for access or decide on it.'],
  ['a bot', 'bot', 'Bots can’t ask for access or decide on it.'],
  ['somebody of another organisation', 'vera', 'Your account belongs to another organisation.'],
  ['a deactivated account', 'udo', 'This Slack account is deactivated.'],
  [
    'somebody whom the directory does not know',
    'zoe',
    'The identity provider knows nobody with your Slack address.',
  ],
  [
    'somebody deprovisioned there',
    'dora',
    // Whom Entra has deleted it finds under no address.
    inject('idp') === 'entra'
      ? 'The identity provider knows nobody with your Slack address.'
      : 'Your account in the identity provider is not active.',
  ],
] as const;

describe('at /access', () => {
  test.each(unwelcome)('%s is refused in a form that only they see', async (_who, key, text) => {
    // given
    const before = await walk.rowCounts();

    // when
    const form = await walk.openForm(key);

    // then
    expect(form.callback_id).toBe('message');
    expect(wordsOf(form)).toContain(text);
    expect(form.blocks.length).toBeGreaterThan(1);
    expect((await walk.rowCounts()).changes).toBe(before.changes);
  });

  test('a person is offered what they may ask for and nothing else', async () => {
    // when
    const form = await walk.openForm('sofia');

    // then
    expect(wordsOf(form)).toContain('Orders API: read logs');
    expect(wordsOf(form)).not.toContain('deploy to prod');
    // Its group is filled by a rule there: refused when the catalogue was loaded.
    expect(wordsOf(form)).not.toContain('view everything');
  });
});

describe('at the click', () => {
  test.each(unwelcome)('%s decides nothing', async (_who, key, text) => {
    // given
    const reason = `May ${key} decide on this?`;
    const sent = await walk.ask('erik', { entitlement: 'orders-api-read', reason });
    expect(sent.sent).toBe(true);
    const card = await walk.until('the card is out', async () =>
      (await walk.messages('ines', 'general')).find((m) => wordsOf(m).includes(reason)),
    );
    const value = JSON.stringify(buttonValueOf(card));

    // when
    const answer = await sendRaw(walk, clickPayload(key, card, 'approve', value));

    // then
    expect(answer.status).toBe(200);
    await walk.until('the click is settled', async () => {
      const [row] = await walk.query<{ owed: string }>(
        `select count(*) filter (where done_at is null) as owed from outbox where job = 'settleClick'`,
      );
      return row?.owed === '0';
    });
    const change = await walk.changeBecause(reason);
    expect(change?.state).toBe('asking');
    const isThere = ['gus', 'vera', 'zoe', 'dora'].includes(key);
    if (isThere)
      await walk.receives(key, 'why not', (m) => m.ephemeral && m.text.startsWith(text), 'general');
    expect((await walk.whispers('ines', 'general')).join()).not.toContain(text);
    await walk.click('erik', await walk.statusOf('erik', change?.id ?? ''), 'withdraw');
    await walk.becomes(change?.id ?? '', 'withdrawn');
  });

  test('an approver who was deprovisioned since the card went out decides nothing', async () => {
    // given
    const reason = 'Tom leaves while this waits';
    await walk.ask('erik', { entitlement: 'orders-api-read', reason });
    const card = await walk.until('the card is out', async () =>
      (await walk.messages('tom', 'general')).find((m) => wordsOf(m).includes(reason)),
    );
    await walk.directory.sets('tom', 'SUSPENDED');

    // when
    await walk.click('tom', card, 'approve');

    // then
    await walk.receives(
      'tom',
      'that his account is not active',
      (m) => m.ephemeral && m.text.includes('Your account in the identity provider is not active'),
      'general',
    );
    expect((await walk.changeBecause(reason))?.state).toBe('asking');
    await walk.directory.sets('tom', 'ACTIVE');
  });

  test('a request whose beneficiary left meanwhile can’t be approved any more', async () => {
    // given
    const reason = 'Tom leaves while this waits';
    const change = await walk.changeBecause(reason);
    const card = await walk.until('the card is out', async () =>
      (await walk.messages('tom', 'general')).find((m) => wordsOf(m).includes(reason)),
    );
    await walk.directory.sets('erik', 'SUSPENDED');

    // when
    await walk.click('tom', card, 'approve');

    // then
    await walk.receives(
      'tom',
      'that policy no longer allows it',
      (m) => m.ephemeral && m.text.includes('Policy no longer allows this request'),
      'general',
    );
    expect((await walk.change(change?.id ?? '')).state).toBe('asking');
    expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(false);
  });
});
