import type { HomeView, KnownBlock, ModalView } from '@slack/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Catalogue } from '../../src/core/policy/catalogue.ts';
import type { Views } from '../../src/flow/cards.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { allSamples, formsOf, viewSamples } from '../../src/sandbox/messages/all-samples.ts';
import type { Sample } from '../../src/sandbox/messages/sample.ts';
import { blockComplaints, viewComplaints } from '../../src/sandbox/slack/block-kit.ts';
import { cards } from '../../src/slack/app/cards.ts';
import type { SlackContent } from '../../src/slack/blocks.ts';
import { detailsModal } from '../../src/slack/change-card/details.ts';
import { fitted, lengthOf } from '../../src/slack/fit.ts';
import { answerModal, askModal } from '../../src/slack/request/questions.ts';
import { hostile } from './hostile.ts';
import { interpretedTexts, isVerbatim, unmeantMarkup } from './odd-text.ts';
import { overLimits, viewOverLimits } from './published-limits.ts';

const { catalogue } = await loadPolicy('policy');
const samples = viewSamples(catalogue);
const subjects = Object.keys(samples) as (keyof Views)[];
/** A Home tab leads to the messages that it is about: our own address, our own words. */
const OUR_LINK = /<https:\/\/acme\.slack\.com\/archives\/\w+\/p\d+\|Open the (?:card|message|review)>/g;
/** Of each sample so many states are generated. */
const RUNS = 100;

/** Slack takes it, tells it without its blocks too, and interprets nothing that Latchkey did not mean. */
function expectTaken(content: SlackContent): void {
  const sent = fitted(content);
  expect(blockComplaints(sent.blocks)).toEqual([]);
  expect(overLimits(sent.blocks, 50)).toEqual([]);
  expect(lengthOf(sent.blocks as KnownBlock[])).toBeLessThanOrEqual(11_000);
  // The text is what notifications and screen readers have.
  expect(sent.text.trim().length).toBeGreaterThan(0);
  expect(sent.text.length).toBeLessThanOrEqual(3_000);
  expect(sent.text).not.toMatch(/[*`]|:[a-z_]+:/);
  for (const shown of [sent.text, ...interpretedTexts(sent.blocks)]) expect(unmeantMarkup(shown)).toEqual([]);
  expect(isVerbatim(sent.blocks)).toBe(true);
}

function expectViewTaken(view: ModalView | HomeView): void {
  expect(viewComplaints(view)).toEqual([]);
  expect(viewOverLimits(view as unknown as Record<string, unknown>)).toEqual([]);
  for (const shown of interpretedTexts(view.blocks))
    expect(unmeantMarkup(shown.replace(OUR_LINK, ''))).toEqual([]);
}

describe.each(subjects)('whatever is written in it, Slack takes every message about: %s', (about) => {
  test.each((samples[about] as readonly Sample<unknown>[]).map((s) => [s.title, s.view] as const))(
    '%s',
    (_title, view) => {
      fc.assert(
        fc.property(hostile(view as Views[typeof about]), (state) => {
          for (const { content } of cards[about](state as never)) expectTaken(content);
        }),
        { numRuns: RUNS },
      );
    },
  );
});

test('and the details of every change', () => {
  for (const { view } of samples.change)
    fc.assert(
      fc.property(hostile(view), (state) => {
        expectViewTaken(detailsModal(state));
      }),
      { numRuns: 30 },
    );
});

test('and the forms, whatever is in the catalogue', () => {
  fc.assert(
    fc.property(hostile<Catalogue>(catalogue), (odd) => {
      const forms = formsOf({
        ...odd,
        entitlements: odd.entitlements.slice(0, catalogue.entitlements.length),
      });
      for (const { view } of Object.values(forms).flat()) expectViewTaken(view);
    }),
    { numRuns: 30 },
  );
});

test('and the form in which a question is answered, whatever was asked and by whom', () => {
  const key = { change: 'c', round: 1, channel: 'C0000001', question: 1 };
  fc.assert(
    fc.property(hostile({ name: 'Olga Brandt', text: 'Why not the test environment?' }), (question) => {
      expectViewTaken(answerModal(key, question));
      expectViewTaken(askModal(key, question.name));
    }),
    { numRuns: 200 },
  );
});

test('the samples as they are: every message has something to say, and none is cut', () => {
  for (const { states } of allSamples(catalogue))
    for (const { title, notices } of states) {
      for (const { content } of notices) {
        expect(fitted(content).blocks, title).toEqual(content.blocks);
        // No id of ours in front of people.
        expect(content.text, title).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
      }
    }
});

test('a message that is too long in all is cut where it is longest, and never within a mention', () => {
  const mentions = Array.from({ length: 400 }, (_, i) => `<@U${1_000_000 + i}>`).join(' ');
  const section = (text: string): KnownBlock => ({
    type: 'section',
    text: { type: 'mrkdwn', text: text.slice(0, 3_000), verbatim: true },
  });
  const short = section('Approve?');
  const sent = fitted({
    text: mentions,
    blocks: [section(mentions), section(mentions), section(mentions), section(mentions), short],
  });
  expect(lengthOf(sent.blocks)).toBeLessThanOrEqual(9_000);
  expect(sent.blocks.at(-1)).toEqual(short);
  for (const text of [sent.text, ...interpretedTexts(sent.blocks)]) expect(unmeantMarkup(text)).toEqual([]);
});

test('the emulator judges by the same figures as the reference', () => {
  // given a message at each limit, and one beyond it
  const at = (max: number, of: (text: string) => unknown) =>
    [of('x'.repeat(max)), of('x'.repeat(max + 1))] as const;
  const plain = (text: string) => ({ type: 'plain_text', text });
  const button = (text: string, value: string) => ({
    type: 'button',
    action_id: 'a',
    text: plain(text),
    value,
  });
  const pairs = [
    at(150, (text) => ({ type: 'header', text: plain(text) })),
    at(3_000, (text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
    at(2_000, (text) => ({ type: 'section', fields: [{ type: 'mrkdwn', text }] })),
    at(75, (text) => ({ type: 'actions', elements: [button(text, 'v')] })),
    at(2_000, (value) => ({ type: 'actions', elements: [button('t', value)] })),
    at(255, (block_id) => ({ type: 'divider', block_id })),
  ];
  // then both say so
  for (const [fits, doesNot] of pairs) {
    expect([blockComplaints([fits]), overLimits([fits], 50)]).toEqual([[], []]);
    expect(blockComplaints([doesNot])).not.toEqual([]);
    expect(overLimits([doesNot], 50)).not.toEqual([]);
  }
});

test('at least 5,000 states are generated', () => {
  const states = subjects.reduce((sum, about) => sum + samples[about].length, 0) * RUNS;
  expect(states).toBeGreaterThanOrEqual(5_000);
});
