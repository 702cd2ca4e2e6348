import { expect, test } from 'vitest';
import { adviceInWords } from '../../src/evidence/advice-words.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 9, minute));
const advice = (lean: string) => ({
  answered: true,
  advice: { headline: 'as usual', lean, risks: [], questions: [] },
  provenance: { model: 'm', promptId: 'p', promptVersion: 1 },
});
const entry = (minute: number, seq: string, lean: string) => ({
  id: seq,
  seq,
  at: at(minute),
  type: 'adviceGiven',
  actor: { part: 'model' },
  data: { ...advice(lean), factsSha256: 'f' },
});
const told = (entries: ReturnType<typeof entry>[], kept: string | null, decided: number | null) =>
  adviceInWords({
    entries,
    summary: kept === null ? null : { plain: '', advice: advice(kept) },
    change: { decision: decided === null ? null : { at: at(decided) } },
  } as never);

const ADVICE = (lean: string) => `leaned to ${lean}: “as usual” (model m, prompt p version 1)`;

test.each([
  [
    'the last before the decision counts',
    [entry(1, '1', 'deny'), entry(3, '2', 'approve')],
    'approve',
    2,
    `${ADVICE('deny')}, by the audit entry with the sealed number 1`,
  ],
  [
    'it came only afterwards',
    [entry(3, '2', 'approve')],
    'approve',
    2,
    `${ADVICE('approve')}, by the audit entry with the sealed number 2, which came only after the decision`,
  ],
  [
    'nothing was decided',
    [entry(1, '1', 'deny'), entry(3, '2', 'approve')],
    'approve',
    null,
    `${ADVICE('approve')}, by the audit entry with the sealed number 2`,
  ],
  [
    'what is kept was changed since',
    [entry(1, '1', 'deny')],
    'approve',
    2,
    `${ADVICE('deny')}, by the audit entry with the sealed number 1; WHAT IS KEPT BESIDE THE REQUEST IS ANOTHER`,
  ],
  [
    'the audit has none',
    [],
    'approve',
    2,
    `${ADVICE('approve')}; no entry of the audit that is at hand says so`,
  ],
  ['it was not asked', [], null, 2, null],
])('%s', (_given, entries, kept, decided, expected) => {
  expect(told(entries, kept, decided)).toBe(expected);
});
