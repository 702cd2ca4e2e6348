import { expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import type { ChangeView } from '../../../src/flow/messages/change-view.ts';
import { rulingBlocks } from '../../../src/slack/change-card/rulings.ts';
import { policyNotices } from '../../../src/slack/policy/alarm.ts';
import { anybody, asking, asks, person, T0 } from '../../core/given.ts';

const odd = '<!channel> & *bold* <https://evil.example|here>';
const blocksOf = (change: Change) => JSON.stringify(rulingBlocks({ change } as ChangeView));

test('nothing out of the ordinary, nothing said', () => {
  expect(rulingBlocks({ change: asking() } as ChangeView)).toEqual([]);
});

test('conflicts, holds, what failed and who is not asked are each said with their clause', () => {
  const said = blocksOf(
    asking({
      verdict: {
        ...asks,
        conflicts: [{ with: 'b' as EntitlementKey, title: 'B', how: 'held', because: null, text: 'holds B' }],
        holds: [{ needs: 'stepUp', text: 'administration', clause: 'AC-5', rule: 'r' }],
        unsure: ['late: late needs the hour, which is not known'],
      },
      plan: {
        ...anybody,
        excludedByPolicy: [{ id: person('sam'), name: 'Sam', why: 'contractors do not', clause: 'AC-9' }],
      },
    }),
  );
  expect(said).toContain('*Separation of duties:* holds B.');
  expect(said).toContain('Whoever approves signs in afresh:* administration (AC-5).');
  expect(said).toContain('so it is yours to judge: late: late needs the hour, which is not known.');
});

test('no words of a policy, a title or a person become a mention or a link', () => {
  const said = blocksOf(
    asking({
      verdict: {
        ...asks,
        conflicts: [{ with: 'b' as EntitlementKey, title: odd, how: 'held', because: odd, text: odd }],
        holds: [{ needs: 'person', text: odd, clause: odd }],
        unsure: [odd],
      },
      plan: { ...anybody, excludedByPolicy: [{ id: person('sam'), name: odd, why: odd, clause: odd }] },
    }),
  );
  expect(said).not.toContain('<');
});

test('a broken policy is one message to each admin in chat, or one in the channel; mistakes are plain text', () => {
  const trouble = {
    id: 't',
    since: T0,
    mistakes: Array.from({ length: 12 }, (_, i) => `${odd} ${i}`),
    mendedAt: null,
  };
  const sam = { name: 'Sam', accountId: 'U1' };
  const lost = { name: 'Lost', accountId: null };
  const notices = policyNotices({ trouble, channel: 'access', admins: [sam, lost] });
  expect(notices.map((n) => n.to)).toEqual([{ account: 'U1' }]);
  expect(notices[0]?.content.blocks[1]).toMatchObject({ text: { type: 'plain_text' } });
  expect(JSON.stringify(notices)).toContain('and 4 more');
  expect(policyNotices({ trouble, channel: 'access', admins: [lost] }).map((n) => n.to)).toEqual([
    { channel: 'access' },
  ]);
  const [mended] = policyNotices({ trouble: { ...trouble, mendedAt: T0 }, channel: 'access', admins: [sam] });
  expect(mended?.key).toBe(notices[0]?.key);
  expect(mended?.content.text).toContain('is in force');
});
