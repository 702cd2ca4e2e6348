import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buttonsOf, type Journey, setOut, textsIn, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ modelBudgetMs: 1_500 }));
});
afterEach(() => walk.request('POST', '/model/sim/mode', { mode: 'scripted' }));
afterAll(() => stage?.close());

const read = 'orders-api-read';

/** The tier, and what is unusual or that nothing is, without any model. */
const SUMMARY_BY_RULE = /\*Tier\*\nmedium\n.*(Out of the ordinary|Nothing unusual)/s;

test.each([
  ['is slow', { mode: 'slow', ms: 10_000 }, 'slow', 'it took too long', 'ines', 'olga'],
  ['drips its answer', { mode: 'drip', ms: 500 }, 'slow', 'it took too long', 'erik', 'olga'],
  ['is down', { mode: 'down' }, 'down', 'it can’t be reached', 'tom', 'olga'],
  ['refuses', { mode: 'refuse' }, 'refused', 'it declined to answer', 'sam', 'olga'],
  [
    'answers otherwise',
    { mode: 'off-schema' },
    'off-schema',
    'its answer could not be read',
    'sofia',
    'olga',
  ],
  ['stops half-way', { mode: 'half-json' }, 'off-schema', 'its answer could not be read', 'nadia', 'olga'],
  ['answers with megabytes', { mode: 'huge' }, 'off-schema', 'its answer could not be read', 'olga', 'sofia'],
])(
  'a model that %s: the card says so, keeps the summary by rule and is decided',
  async (_how, mode, why, words, as, by) => {
    // given
    await walk.request('POST', '/model/sim/mode', mode);

    // when
    const asked = await walk.asks(as, { entitlement: read, reason: `A model that misbehaves for ${as}` });

    // then
    expect(wordsOf(asked.card)).toMatch(SUMMARY_BY_RULE);
    const card = await walk.cardSays(
      asked,
      `No advice from the model: ${words}. The summary by rule stands.`,
    );
    expect(wordsOf(card)).toMatch(SUMMARY_BY_RULE);
    expect((await walk.audit(asked.id)).find((e) => e.type === 'adviceGiven')?.data).toEqual({
      answered: false,
      why,
      factsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      // What came back was paid for, so that is kept too.
      ...(['refuse', 'off-schema', 'half-json'].includes(mode.mode)
        ? { provenance: expect.objectContaining({ promptVersion: 3, droppedClaims: 0 }) }
        : {}),
    });

    // and the decision needs no model
    expect(buttonsOf(card)).toContain('approve');
    await walk.click(by, card, 'approve');
    await walk.until(
      'it is decided',
      async () => (await walk.change(asked.id)).decision?.outcome === 'approved',
    );
  },
);

test('a hostile model’s links, mentions, markup and made-up facts reach nobody and decide nothing', async () => {
  // given
  await walk.request('POST', '/model/sim/mode', { mode: 'hostile' });

  // when
  const asked = await walk.asks('ines', { entitlement: 'payments-api-read', reason: 'The model is hostile' });
  const entry = await walk.until('the model has answered', async () =>
    (await walk.audit(asked.id)).find((e) => e.type === 'adviceGiven'),
  );
  await walk.cardSays(asked, /Advice of the model|No advice from the model/);

  // then what it said was checked and counted
  const data = entry.data as { answered: boolean; provenance?: { droppedClaims: number }; why?: string };
  if (data.answered) expect(data.provenance?.droppedClaims).toBeGreaterThan(0);
  else expect(data.why).toBe('nothing left after checking');
  const card = await walk.cardNow(asked);
  for (const word of ['http', '<@', '<!', '*', '`'])
    expect(
      textsIn(card.blocks)
        .filter((t) => t.type === 'plain_text')
        .map((t) => t.text)
        .join('\n'),
    ).not.toContain(word);

  // and nothing was decided by it
  expect((await walk.change(asked.id)).state).toBe('asking');
  await walk.clickAndFill('sam', card, 'deny', { reason: { reason: 'People decide' } });
  await walk.becomes(asked.id, 'denied');
});
