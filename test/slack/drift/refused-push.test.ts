import { expect, test } from 'vitest';
import { refusedPushNotices } from '../../../src/slack/drift/refused-push.ts';
import type { RefusedPush } from '../../../src/store/refused-pushes.ts';

const at = new Date('2026-11-29T10:00:00Z');
const push = (n: number, settledAt: Date | null = null): RefusedPush => ({
  id: `id-${n}`,
  notice_id: 'notice',
  kind: 'user',
  resource_id: `resource-${n}`,
  name: `user${n}@acme.example <!channel>`,
  held: 'deactivation',
  client: 'okta',
  request: 'PATCH refused with 412',
  why: 'the resource is at version W/"2"',
  times: n + 1,
  first_at: at,
  last_at: at,
  settled_at: settledAt,
});
const sam = { name: 'sam@acme.example', accountId: 'U1' };
const lost = { name: 'lost@acme.example', accountId: null };

test('a refused push is one message to each admin: what happened, why, what to do; then that it is over', () => {
  const view = { idpName: 'Okta', pushes: [push(0), push(1)], channel: 'access', admins: [sam, lost] };
  const [notice, ...others] = refusedPushNotices(view);
  expect(others).toEqual([]);
  expect(notice?.to).toEqual({ account: 'U1' });
  expect(notice?.content.text).toMatch(/had to refuse 2 pushes.*asked.*What to do:.*\/access offboard/s);
  const shown = JSON.stringify(notice?.content.blocks);
  expect(shown).toContain(
    'deactivation, PATCH refused with 412 from okta, 2 times: the resource is at version',
  );
  expect(notice?.content.blocks?.at(-1)).toMatchObject({ text: { type: 'plain_text' } });
  const over = refusedPushNotices({ ...view, pushes: [push(0, at), push(1, at)] });
  expect(over[0]?.content.text).toMatch(/has come through/);
  expect(over[0]?.content.blocks).toHaveLength(1);
});

test('with no admin in chat it is said in the channel', () => {
  const view = { idpName: 'Okta', pushes: [push(0)], channel: 'access', admins: [lost] };
  expect(refusedPushNotices(view).map(({ to }) => to)).toEqual([{ channel: 'access' }]);
});
