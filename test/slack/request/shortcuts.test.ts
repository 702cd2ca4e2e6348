import { expect, test } from 'vitest';
import { reasonBecause } from '../../../src/slack/request/shortcuts.ts';

test('the reason holds the link whole, however long the message is', () => {
  const link = 'https://acme.slack.com/archives/C1/p1';
  const reason = reasonBecause('x'.repeat(4_000), link);
  expect(reason).toHaveLength(1_000);
  expect(reason.endsWith(`\nBecause of this message: ${link}`)).toBe(true);
  expect(reasonBecause('', link)).toBe(`Because of this message: ${link}`);
  expect(reasonBecause('words', null)).toBe('words');
});
