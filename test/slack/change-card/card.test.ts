import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { legs } from '../../../src/core/change/change.ts';
import type { ChangeState } from '../../../src/core/change/life-cycle.ts';
import { lifeCycle } from '../../../src/core/change/life-cycle.ts';
import { factSheet, plainSummary } from '../../../src/core/facts/request-facts.ts';
import type { ChangeView } from '../../../src/flow/messages/change-view.ts';
import type { Named } from '../../../src/flow/people/named.ts';
import type { AdviceResult } from '../../../src/ports/adviser.ts';
import { blockComplaints } from '../../../src/sandbox/slack/block-kit.ts';
import type { SlackContent } from '../../../src/slack/blocks.ts';
import { notices } from '../../../src/slack/change-card/notices.ts';
import { approver, asks, changeAfter, entitlement, later, planOfOne, wayTo } from '../../core/given.ts';
import { interpretedTexts, isVerbatim, oddText, unmeantMarkup } from '../odd-text.ts';

const states = Object.keys(lifeCycle) as ChangeState[];
const ines: Named = { name: 'Ines Moreau', accountId: 'U0000001' };
const tom: Named = { name: 'Tom Okafor', accountId: 'U0000003' };
const olga: Named = { name: 'Olga Brandt', accountId: 'U0000004' };

const sheet = factSheet({
  entitlement: entitlement(),
  beneficiary: { name: 'Ines Moreau', title: null, department: 'Orders' },
  requester: null,
  reason: 'logs',
  ticket: null,
  requestedSeconds: 86_400,
  holders: 0,
  holdersInDepartment: 0,
  earlierGrants: 0,
  heldUntil: null,
  verdict: asks,
  clauses: [],
});

function view(change: Change, rest: Partial<ChangeView> = {}): ChangeView {
  return {
    idpName: 'Okta',
    pushNow: 'push {group} now',
    change,
    ending: null,
    entitlement: entitlement(),
    beneficiary: ines,
    requester: null,
    pinged: [tom],
    alsoMay: [olga],
    owner: olga,
    admins: [],
    channel: 'access-requests',
    summary: { sheet, plain: plainSummary(sheet), advice: null },
    doneBy: null,
    objectiveMs: 60_000,
    ...rest,
  };
}

/** Slack takes it, and interprets nothing that Latchkey did not mean. */
function expectHarmless({ text, blocks }: SlackContent): void {
  expect(blockComplaints(blocks)).toEqual([]);
  expect(text).not.toBe('');
  // chat.postMessage: "Slack will truncate messages containing more than 40,000 characters".
  expect(text.length).toBeLessThanOrEqual(40_000);
  for (const shown of [text, ...interpretedTexts(blocks)]) expect(unmeantMarkup(shown)).toEqual([]);
  expect(isVerbatim(blocks)).toBe(true);
}

const texts = fc.record({
  reason: oddText(1_000),
  ticket: fc.option(oddText(100), { nil: null }),
  name: oddText(200),
  title: oddText(75),
  gives: oddText(500),
  group: oddText(255),
  note: oddText(1_000),
  advice: oddText(400),
  failure: oddText(300),
});
type Texts = typeof texts extends fc.Arbitrary<infer T> ? T : never;

function advised(text: string): AdviceResult {
  const risk = { text, severity: 'high' as const, facts: ['f1', 'f9'], clauses: ['AC-3'] };
  return {
    answered: true,
    advice: { headline: text, risks: [risk, risk, risk], questions: [text, text], lean: 'ask more' },
    provenance: {
      model: text,
      promptId: 'p',
      promptVersion: 1,
      inputTokens: 1,
      outputTokens: 1,
      latencyMs: 1,
      droppedClaims: 0,
    },
  };
}

function said(t: Texts) {
  return { by: approver('tom').id, name: t.name, at: later(2), text: t.note, clickId: 'c' };
}

/** A change with every field that somebody else writes filled in with such text. */
function filled(state: ChangeState, t: Texts): Change {
  const change = changeAfter(...wayTo[state]);
  const target = { idp: 'okta', groupId: 'g', groupName: t.group, teamId: 't', teamName: t.group };
  const slots = [{ source: t.name, people: [{ ...approver('tom'), name: t.name }], pinged: true }];
  return {
    ...change,
    reason: t.reason,
    ticket: t.ticket,
    target: change.target === null ? null : target,
    plan: change.plan === null ? null : planOfOne({ slots }),
    approvals: [{ by: approver('sam').id, name: t.name, at: later(1), seconds: null, clickId: 'c' }],
    questions: [1, 2, 3, 4].map((id) => ({
      id,
      ...said(t),
      answers: id % 2 === 0 ? [said(t), said(t), said(t)] : [],
      ...(id === 3 ? { inThread: true as const } : {}),
    })),
    decision: change.decision === null ? null : { ...change.decision, byName: t.name, note: t.note },
    refusal: change.refusal === null ? null : { ...change.refusal, text: t.note, next: t.note },
    failure: change.failure === null ? null : { ...change.failure, text: t.failure, code: t.failure },
    late: change.late === null ? null : { ...change.late, why: t.failure },
    inEffectNote: t.failure,
    remindedAt: later(60),
    endingWarnedAt: later(70),
  };
}

describe.each(states)('the messages of a change that is %s', (state) => {
  test('are harmless whatever is in reason, ticket, names, titles, denial and advice', () => {
    fc.assert(
      fc.property(texts, fc.boolean(), fc.constantFrom(null, ...states), (t, isInChat, endingState) => {
        const somebody: Named = { name: t.name, accountId: isInChat ? 'U0000009' : null };
        const ending = endingState === null ? null : { ...filled(endingState, t), kind: 'revoke' as const };
        const all = notices(
          view(filled(state, t), {
            ending,
            entitlement: entitlement({ title: t.title, gives: t.gives }),
            beneficiary: { name: t.name, accountId: 'U0000001' },
            requester: somebody,
            pinged: [somebody],
            alsoMay: [somebody],
            owner: somebody,
            admins: [somebody],
            summary: { sheet, plain: t.reason, advice: advised(t.advice) },
          }),
        );
        for (const notice of all) expectHarmless(notice.content);
      }),
      { numRuns: 60 },
    );
  });

  test('have lines of ours and quotations; nothing that somebody wrote makes, or changes, a line of ours', () => {
    fc.assert(
      fc.property(tricky, tricky, (words, name) => {
        const of = (reason: string, called: string) => {
          const somebody: Named = { name: called, accountId: null };
          return notices(
            view(
              filled(state, {
                ...plainTexts,
                reason,
                // Why it was closed Latchkey says itself.
                note: state === 'closed' ? 'they have left' : reason,
                name: called,
                ticket: called,
              }),
              {
                beneficiary: { name: called, accountId: 'U0000001' },
                requester: somebody,
                pinged: [somebody],
                alsoMay: [somebody],
                owner: somebody,
              },
            ),
          ).map((notice) => notice.content);
        };
        expect(of(words, name).map(linesOf)).toEqual(of('x', 'y').map(linesOf));
        for (const { blocks } of of(words, 'y'))
          for (const block of blocks)
            if (block.type !== 'rich_text') expect(JSON.stringify(block)).not.toContain('SAID');
      }),
      { numRuns: 40 },
    );
  });

  test('have keys of their own, and stand under a message that is there', () => {
    const all = notices(view(filled(state, plainTexts)));
    const keys = all.map((n) => n.key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { under, key } of all)
      if (under !== null) expect(keys.indexOf(under), key).toBeGreaterThanOrEqual(0);
  });
});

/** What imitates the card, on lines of its own. */
const tricky = fc
  .array(
    fc.constantFrom(
      ...[
        '\n',
        '\r',
        '\u2028',
        '\u0085',
        '\u000b',
        '\u202e',
        '\u2066',
        '\u200b',
        '\u0000',
        '\t',
        ' ',
        '\u0336',
      ],
      ...[
        'By rule: SAID.',
        'Advice of the model (it decides nothing): approve. SAID',
        'Approved by SAID',
        '> SAID',
        '• SAID',
      ],
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => `SAID ${parts.join('')} SAID`);

/** How many lines each text of ours has, block by block; a quotation is one thing, however long. */
function linesOf({ text, blocks }: SlackContent): unknown {
  const lines = (value: unknown): unknown => {
    if (typeof value === 'string') return value.split(/\r\n|[\n\r\u2028\u2029\u0085\v\f]/).length;
    if (Array.isArray(value)) return value.map(lines);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, lines(inner)]));
  };
  return [lines(text), blocks.map((block) => (block.type === 'rich_text' ? 'quotation' : lines(block)))];
}

const plainTexts: Texts = {
  reason: 'logs',
  ticket: 'INC-1',
  name: 'Tom Okafor',
  title: 'Orders API',
  gives: 'reading',
  group: 'orders',
  note: 'no need',
  advice: 'fine',
  failure: 'E1',
};

test('the messages are a pure function of the view', () => {
  for (const state of states) {
    const one = view(changeAfter(...wayTo[state]));
    const before = structuredClone(one);
    expect(notices(one)).toEqual(notices(one));
    expect(one).toEqual(before);
  }
});

test('hundreds of approvers fit: nothing is cut in the middle of a mention', () => {
  const many = Array.from({ length: 400 }, (_, i) => ({
    name: `Approver & Co ${i}`,
    accountId: `U${1_000_000 + i}`,
  }));
  const slots = [
    { source: 'group', people: many.map((m, i) => ({ ...approver(String(i)), name: m.name })), pinged: true },
  ];
  for (const alsoMay of [[], many])
    for (const notice of notices(
      view(
        { ...changeAfter(...wayTo.asking), remindedAt: later(5), plan: planOfOne({ slots }) },
        { pinged: many, alsoMay },
      ),
    ))
      expectHarmless(notice.content);
});

describe('the card', () => {
  const cardOf = (change: Change, rest: Partial<ChangeView> = {}) =>
    notices(view(change, rest)).find((n) => n.key === 'card')?.content;
  /** Every card has *Details*, which decides nothing. */
  const actionsOf = (content: SlackContent | undefined) =>
    JSON.stringify(content ?? null).match(/"action_id":"(\w+)"/g) ?? [];

  test('offers decisions while asking, and in no other state', () => {
    for (const state of states)
      expect(actionsOf(cardOf(changeAfter(...wayTo[state])))).toEqual(
        state === 'asking'
          ? ['approve', 'approve_less', 'deny', 'question_ask', 'details'].map((id) => `"action_id":"${id}"`)
          : // What is approved for later can be called off.
            state === 'scheduled'
            ? ['"action_id":"deny"', '"action_id":"details"']
            : cardOf(changeAfter(...wayTo[state])) === undefined
              ? []
              : ['"action_id":"details"'],
      );
  });

  test('a button carries the change and the round, and nothing to be believed', () => {
    const text = JSON.stringify(cardOf({ ...changeAfter(...wayTo.asking), round: 2 }));
    const values = [...text.matchAll(/"value":"((?:[^"\\]|\\.)*)"/g)].map((m) =>
      JSON.parse(JSON.parse(`"${m[1]}"`)),
    );
    for (const value of values) expect(value).toEqual({ change: 'change-1', round: 2 });
  });

  test('says why there is no advice, for every reason there can be', () => {
    for (const why of [
      'slow',
      'down',
      'refused',
      'off-schema',
      'nothing left after checking',
      'not configured',
    ] as const) {
      const content = cardOf(changeAfter(...wayTo.asking), {
        summary: { sheet, plain: 'p', advice: { answered: false, why } },
      });
      expect(JSON.stringify(content)).toMatch(/No advice from the model: [a-z]/);
    }
  });

  test('an alarm names the leg, for every leg', () => {
    for (const leg of legs) {
      const change = {
        ...changeAfter(...wayTo.late),
        late: { leg, why: 'x', at: later(60), clearedAt: null },
      };
      const alarm = notices(view(change)).find((n) => n.key === 'card:alarm');
      expect(alarm?.content.text).toContain('stuck at');
    }
  });

  test('the owner is alarmed; without one in chat, the admins are', () => {
    const late = changeAfter(...wayTo.late);
    const keys = (v: ChangeView) => notices(v).map((n) => n.key);
    expect(keys(view(late))).toContain('alarm:U0000004');
    expect(keys(view(late, { owner: { name: 'Olga', accountId: null }, admins: [tom] }))).toContain(
      'alarm:U0000003',
    );
  });
});

describe('whoever has to act is told by a message of its own, not only by an edited one', () => {
  const of = (change: Change, rest: Partial<ChangeView> = {}) =>
    notices(view(change, { signInUrl: 'https://eu1.anypoint.mulesoft.com/login', ...rest }));
  const byKey = (change: Change, key: string, rest: Partial<ChangeView> = {}) =>
    of(change, rest).find((n) => n.key === key);

  test('who has to sign in to Anypoint first: with this installation’s address', () => {
    const told = byKey(changeAfter(...wayTo.awaitingSignIn), 'beneficiary:signIn');
    expect(told).toMatchObject({ to: { account: 'U0000001' }, under: 'beneficiary' });
    expect(told?.content.text).toContain('sign in once at <https://eu1.anypoint.mulesoft.com/login>');
    const [status] = of(changeAfter(...wayTo.awaitingSignIn)).filter((n) => n.key === 'beneficiary');
    expect(JSON.stringify(status)).toContain('https://eu1.anypoint.mulesoft.com/login');
  });

  test('and who can mend it where their sign-in would not count', () => {
    const change = { ...changeAfter(...wayTo.awaitingSignIn), signInTrouble: 'Two users go by “ines”.' };
    const note = of(change).find((n) => n.key.startsWith('card:signIn:'));
    expect(note).toMatchObject({ to: { channel: 'access-requests' }, under: 'card' });
    expect(note?.content.text).toContain('<@U0000004>');
    expect(note?.content.text).toContain('Two users go by “ines”.');
  });

  test('also where they were kept with many others, and what became of it', () => {
    const kept = { ...changeAfter(...wayTo.awaitingSignIn), partOf: 'mass-1', cause: 'finding' as const };
    expect(of(kept).map((n) => n.key)).toEqual(['beneficiary', 'beneficiary:signIn']);
    const arrived = { ...kept, state: 'inEffect' as const };
    expect(of(arrived).map((n) => n.key)).toContain('beneficiary');
    expect(of({ ...arrived, signInAwaited: false })).toEqual([]);
  });

  test('who is asked in a later round, and that nobody is left to ask', () => {
    const again = { ...changeAfter(...wayTo.asking), round: 2 };
    expect(byKey(again, 'card:asked:2')?.content.text).toContain('<@U0000003>');
    const slots = [{ source: 'manager', people: [], pinged: true }];
    const stranded = { ...again, plan: planOfOne({ slots }) };
    expect(byKey(stranded, 'card:asked:2', { pinged: [], alsoMay: [] })?.content.text).toContain(
      '<@U0000004> has to mend the catalogue',
    );
  });

  test('who may decide too, where nobody who is asked first is in chat', () => {
    const asking = changeAfter(...wayTo.asking);
    const card = (pinged: Named[]) => JSON.stringify(byKey(asking, 'card', { pinged })?.content);
    expect(card([tom])).toContain('May decide too: Olga Brandt');
    expect(card([{ name: 'Tom Okafor', accountId: null }])).toContain('May decide too: <@U0000004>');
  });

  test('who has to ask again, because the IdP refuses what was approved', () => {
    const failed = changeAfter(...wayTo.failed);
    expect(byKey(failed, 'beneficiary:failed')?.content.text).toContain('ask again with `/access`');
    expect(byKey(failed, 'alarm:U0000004')?.content.text).toContain('*What to do:*');
  });
});
