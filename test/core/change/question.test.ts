import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import {
  answerQuestion,
  askQuestion,
  openQuestions,
  QUESTION_MAX,
  type QuestionFacts,
  whoAnswers,
} from '../../../src/core/change/question.ts';
import { isRefusal, type Refusal } from '../../../src/core/refusal.ts';
import { changeAfter, later, person, T0, wayTo } from '../given.ts';

const asking = changeAfter(...wayTo.asking);
const who = (name: string) => ({ id: person(name), name });
const facts = (name: string, rest: Partial<QuestionFacts> = {}): QuestionFacts => ({
  clicker: who(name),
  mayDecide: true,
  canBeAsked: true,
  now: T0,
  ...rest,
});

function changed(change: Change, outcome: ChangeEvent[] | Refusal): Change {
  if (isRefusal(outcome)) return expect.fail(outcome.text);
  return outcome.reduce<Change>((before, event) => evolve(before, event), change);
}
const asked = (change: Change, n: number, text = `Question ${n}`) =>
  changed(change, askQuestion(change, { id: `q${n}`, text }, facts('tom')));

describe('a question', () => {
  test('is kept with who asked it, leaves the request where it is, and stops no clock', () => {
    const change = asked(asking, 1, '  Which order? ');
    expect(change).toMatchObject({
      state: 'asking',
      round: asking.round,
      questions: [{ id: 1, by: person('tom'), name: 'tom', at: T0, text: 'Which order?', answers: [] }],
    });
    expect(change.lapsesAt).toEqual(asking.lapsesAt);
    expect(whoAnswers(change)).toBe(person('ines'));
  });

  test('the same click again changes nothing', () => {
    const change = asked(asking, 1);
    expect(askQuestion(change, { id: 'q1', text: 'Question 1' }, facts('tom'))).toEqual([]);
  });

  test.each<[string, Change, string, QuestionFacts, Refusal['reason']]>([
    ['by who may not decide', asking, 'Why?', facts('erik', { mayDecide: false }), 'notAnApprover'],
    ['by who asked for it', asking, 'Why?', facts('ines'), 'notAnApprover'],
    ['without a word', asking, ' \n ', facts('tom'), 'questionInvalid'],
    ['longer than a message', asking, 'x'.repeat(QUESTION_MAX + 1), facts('tom'), 'questionInvalid'],
    ['to nobody who can be reached', asking, 'Why?', facts('tom', { canBeAsked: false }), 'questionInvalid'],
    ['once it is decided', changeAfter(...wayTo.inEffect), 'Why?', facts('tom'), 'alreadySettled'],
    ['once it has lapsed', { ...asking, lapsesAt: T0 }, 'Why?', facts('tom'), 'alreadySettled'],
  ])('%s is refused', (_, change, text, given, reason) => {
    expect(askQuestion(change, { id: 'q', text }, given)).toMatchObject({ reason });
  });

  test('of one request there are twenty at most', () => {
    let change = asking;
    for (let n = 1; n <= 20; n++) change = asked(change, n);
    expect(askQuestion(change, { id: 'q21', text: 'And?' }, facts('tom'))).toMatchObject({
      reason: 'questionInvalid',
    });
  });
});

describe('an answer', () => {
  const two = asked(asked(asking, 1), 2);
  const answer = (change: Change, of: number | null, by = 'ines', id = 'a1') =>
    answerQuestion(change, { id, of, text: 'Number 4711' }, { clicker: who(by), now: later(60) });

  test('belongs to the question that it answers', () => {
    const change = changed(two, answer(two, 2));
    expect(change.questions?.map(({ answers }) => answers.length)).toEqual([0, 1]);
    expect(change.questions?.[1]?.answers[0]).toMatchObject({
      name: 'ines',
      text: 'Number 4711',
      at: later(60),
    });
    expect(openQuestions(change).map(({ id }) => id)).toEqual([1]);
  });

  test('written in the thread, it is for the oldest that is open, then for the last', () => {
    const once = changed(two, answer(two, null, 'ines', 'a1'));
    const twice = changed(once, answer(once, null, 'ines', 'a2'));
    const thrice = changed(twice, answer(twice, null, 'ines', 'a3'));
    expect(thrice.questions?.map(({ answers }) => answers.map(({ clickId }) => clickId))).toEqual([
      ['a1'],
      ['a2', 'a3'],
    ]);
  });

  test('the same click again changes nothing', () => {
    expect(answer(changed(two, answer(two, 1)), 1)).toEqual([]);
  });

  test.each<[string, Change, number | null, string, Refusal['reason']]>([
    ['by an approver', two, 1, 'tom', 'notYours'],
    ['by a colleague', two, 1, 'erik', 'notYours'],
    ['to no question', asking, null, 'ines', 'questionInvalid'],
    ['to a question that there is not', two, 3, 'ines', 'questionInvalid'],
    ['once it is decided', { ...two, state: 'applying' }, 1, 'ines', 'alreadySettled'],
  ])('%s is refused', (_, change, of, by, reason) => {
    expect(answer(change, of, by)).toMatchObject({ reason });
  });
});
