import { describe, expect, test } from 'vitest';
import { revertEvents } from '../../../src/core/change/revert.ts';
import { shownOf } from '../../../src/core/change/shown.ts';
import type { ChangeId, EntitlementKey, GrantId, MassChangeId, PersonId } from '../../../src/core/ids.ts';
import { itemEvents } from '../../../src/core/mass-change/items.ts';
import {
  choiceOf,
  evolveMass,
  type ItemChoice,
  isOpen,
  type MassChange,
  type MassChangeEvent,
  type MassDecision,
  type MassItemAnswer,
  type MassState,
  massLifeCycle,
} from '../../../src/core/mass-change/mass-change.ts';
import {
  choiceBy,
  decideOnAnswers,
  type MassClick,
  type MassFacts,
  settleMass,
  settleSingle,
} from '../../../src/core/mass-change/settle.ts';
import {
  figure,
  isAllSeen,
  type MassNames,
  type MassProgress,
  massHead,
  massStatusText,
} from '../../../src/core/mass-change/words.ts';
import type { ApproverPlan } from '../../../src/core/policy/routing.ts';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { approver, asks, entitlement, later, person, planOfOne, replaced, T0, target } from '../given.ts';
import { NEVER, whatIsSigned } from '../signed-table.ts';

const massChangeId = 'mass-1' as MassChangeId;
const base = { massChangeId, at: T0, actor: { part: 'latchkey' } } as const;
const olga = planOfOne({
  quorum: 1,
  slots: [{ source: 'owner', people: [approver('olga')], pinged: true }],
  escalated: false,
});
const twoAdmins = planOfOne({
  quorum: 2,
  slots: [{ source: 'admins', people: [approver('sam'), approver('sofia')], pinged: true }],
  escalated: true,
});
const answer = {
  verb: 'keep',
  by: person('olga'),
  byName: 'olga',
  at: T0,
  clickId: 'click-1',
} as const;

function single(by: string, clickId: string, choices: ItemChoice[]): MassItemAnswer {
  return { choices, by: person(by), byName: by, at: T0, clickId };
}

/** An example of every event. Typed so that a new event must get one. */
const events: { [T in MassChangeEvent['type']]: Extract<MassChangeEvent, { type: T }> } = {
  massOpened: {
    ...base,
    type: 'massOpened',
    kind: 'finding',
    scope: 'g1',
    entitlementKey: 'orders' as EntitlementKey,
    target,
    owner: 'olga@acme.example',
    moved: null,
  },
  massGrew: {
    ...base,
    type: 'massGrew',
    items: [{ key: 'person-a', personId: person('a'), note: null }],
  },
  massShrank: { ...base, type: 'massShrank', keys: ['person-a'], why: 'it agrees again' },
  massMoved: {
    ...base,
    type: 'massMoved',
    moved: { personId: person('ines'), from: 'Orders', to: 'Support' },
  },
  massAsked: { ...base, type: 'massAsked', plan: olga },
  massReminded: { ...base, type: 'massReminded' },
  massAnswered: { ...base, type: 'massAnswered', answer },
  massItemsAnswered: {
    ...base,
    type: 'massItemsAnswered',
    answer: single('olga', 'click-2', [{ key: 'person-a', choice: 'revert' }]),
  },
  massItemsDecided: {
    ...base,
    type: 'massItemsDecided',
    decision: single('olga', 'click-2', [{ key: 'person-a', choice: 'revert' }]),
  },
  massDecided: { ...base, type: 'massDecided', decision: { ...answer, chosen: null } },
  massClosed: { ...base, type: 'massClosed', why: 'nothing is left' },
  massReopened: { ...base, type: 'massReopened', key: 'p1', by: { id: 'olga' as PersonId, name: 'Olga' } },
  massDone: { ...base, type: 'massDone' },
};
const wayTo: Record<MassState, MassChangeEvent['type'][]> = {
  received: ['massOpened', 'massGrew'],
  asking: ['massOpened', 'massGrew', 'massAsked'],
  decided: ['massOpened', 'massGrew', 'massAsked', 'massDecided'],
  done: ['massOpened', 'massGrew', 'massAsked', 'massDecided', 'massDone'],
  closed: ['massOpened', 'massGrew', 'massAsked', 'massShrank', 'massClosed'],
};
const massAfter = (...types: MassChangeEvent['type'][]): MassChange =>
  types.reduce<MassChange | null>((mass, type) => evolveMass(mass, events[type]), null) as MassChange;
const states = Object.keys(wayTo) as MassState[];
const types = Object.keys(events) as MassChangeEvent['type'][];

/** The life cycle told a second time, by event. */
const signed = whatIsSigned<MassState, MassChangeEvent['type']>(
  [
    ['massGrew', ['received', 'asking'], 'stays'],
    ['massShrank', ['received', 'asking'], 'stays'],
    ['massMoved', ['received', 'asking'], 'stays'],
    ['massAsked', ['received', 'asking'], 'asking'],
    ['massReminded', ['asking'], 'stays'],
    ['massAnswered', ['asking'], 'stays'],
    ['massItemsAnswered', ['asking'], 'stays'],
    // Single items go on their way; the card waits for the others.
    ['massItemsDecided', ['asking'], 'stays'],
    // Decided is only what was asked, and done only what was decided.
    ['massDecided', ['asking'], 'decided'],
    ['massClosed', ['received', 'asking'], 'closed'],
    ['massReopened', ['decided', 'done'], 'stays'],
    ['massDone', ['decided'], 'done'],
  ],
  states,
  types,
);

describe('the life cycle is what is signed, and nothing besides', () => {
  test('the states are those that are signed', () => {
    expect(Object.keys(massLifeCycle).sort()).toEqual([...states].sort());
  });

  test.each(states)('while it is %s', (state) => {
    const before = massAfter(...wayTo[state]);
    expect(before.state).toBe(state);
    for (const type of types) {
      if (signed[state][type] === NEVER) {
        expect(() => evolveMass(before, events[type]), type).toThrow(
          expect.objectContaining({ code: 'bug.invariant' }),
        );
        continue;
      }
      const now = evolveMass(before, events[type]);
      expect(now.state, type).toBe(signed[state][type]);
      expect(now.version).toBe(before.version + 1);
    }
  });

  test('it is open until it is decided or closed', () => {
    expect(states.filter(isOpen)).toEqual(['received', 'asking']);
  });

  test('what it is about never changes', () => {
    const opened = massAfter('massOpened');
    for (const state of states) {
      const { id, kind, scope, entitlementKey, owner } = massAfter(...wayTo[state]);
      expect({ id, kind, scope, entitlementKey, owner }).toEqual({
        id: opened.id,
        kind: opened.kind,
        scope: opened.scope,
        entitlementKey: opened.entitlementKey,
        owner: opened.owner,
      });
    }
  });

  test('more to decide is a new round, and answers to the old one count no more', () => {
    const asking = massAfter('massOpened', 'massGrew', 'massAsked', 'massAnswered');
    const grown = evolveMass(asking, events.massGrew);
    expect(grown.round).toBe(asking.round + 1);
    expect(grown.answers).toEqual([]);
    expect(evolveMass(asking, events.massShrank).round).toBe(asking.round);
  });
});

describe('a click', () => {
  const mass = massAfter(...wayTo.asking);
  const click = (rest: Partial<MassClick> = {}): MassClick => ({
    id: 'click-9',
    round: mass.round,
    verb: 'revert',
    chosen: null,
    ...rest,
  });
  const facts = (rest: Partial<MassFacts> = {}): MassFacts => ({
    clicker: { id: person('olga'), name: 'olga' },
    plan: olga,
    excludedByPolicy: new Set<PersonId>(),
    keys: new Set(['person-a', 'person-b']),
    now: later(60),
    ...rest,
  });

  test('of the owner decides all of it', () => {
    expect(settleMass(mass, click(), facts())).toMatchObject([
      { type: 'massAnswered', actor: { person: 'person-olga' } },
      { type: 'massDecided', decision: { verb: 'revert', byName: 'olga', at: later(60), chosen: null } },
    ]);
  });

  test('takes as many to keep as a rule asks for, and one to take away', () => {
    const two = {
      ...replaced(twoAdmins, { quorum: 1 }),
      toKeep: { quorum: 2, why: 'no ticket', clause: 'AC-4' },
    };
    const sam = facts({ clicker: { id: person('sam'), name: 'sam' }, plan: two });
    const keeps = settleMass(mass, click({ verb: 'keep' }), sam);
    expect(keeps).toMatchObject([{ type: 'massAnswered' }]);
    expect(settleMass(mass, click(), sam)).toMatchObject([{ type: 'massAnswered' }, { type: 'massDecided' }]);
    const answered = evolveMass(mass, (keeps as MassChangeEvent[])[0] as MassChangeEvent);
    const sofia = facts({ clicker: { id: person('sofia'), name: 'sofia' }, plan: two });
    expect(settleMass(answered, click({ id: 'click-10', verb: 'keep' }), sofia)).toMatchObject([
      { type: 'massAnswered' },
      { type: 'massDecided', decision: { verb: 'keep' } },
    ]);
  });

  describe('while it is not known who did it', () => {
    const awaited = { is: 'awaited' as const, until: later(600).toISOString() };
    const taken = { ...replaced(twoAdmins, { quorum: 1 }), toKeep: { quorum: 1, why: 'x', clause: null } };
    const sam = { clicker: { id: person('sam'), name: 'sam' } };
    const kept = () => {
      const [given] = settleMass(
        mass,
        click({ verb: 'keep' }),
        facts({ ...sam, plan: { ...taken, author: awaited } }),
      ) as MassChangeEvent[];
      return evolveMass(mass, given as MassChangeEvent);
    };

    test('to keep is noted and decides nothing; to take away decides', () => {
      const plan = { ...taken, author: awaited };
      expect(settleMass(mass, click({ verb: 'keep' }), facts({ ...sam, plan }))).toMatchObject([
        { type: 'massAnswered' },
      ]);
      expect(settleMass(mass, click(), facts({ ...sam, plan }))).toMatchObject([
        { type: 'massAnswered' },
        { type: 'massDecided' },
      ]);
    });

    test('and once it is, what was noted decides if it was somebody else, without a click', () => {
      expect(decideOnAnswers(kept(), { plan: { ...taken, author: awaited }, now: later(90) })).toEqual([]);
      expect(decideOnAnswers(kept(), { plan: taken, now: later(90) })).toMatchObject([
        { type: 'massDecided', actor: { person: person('sam') }, decision: { verb: 'keep', chosen: null } },
      ]);
      // He did it himself, so his word counts no more.
      const slots = [{ source: 'admins', people: [approver('sofia')], pinged: true }];
      const others = replaced(taken, { slots });
      expect(decideOnAnswers(kept(), { plan: others, now: later(90) })).toEqual([]);
    });

    test('nobody’s word decides what nobody tells of where it takes two', () => {
      const untold = {
        ...taken,
        author: { is: 'untold' as const, why: 'no log' },
        toKeep: { quorum: 2, why: 'nobody says who did it', clause: null },
      };
      expect(decideOnAnswers(kept(), { plan: untold, now: later(90) })).toEqual([]);
    });
  });

  test('to keep what is no longer what the card showed is refused, and says what changed; taking away is not', () => {
    const changed = ['its tier is high now (it was medium)'];
    const refused = settleMass(mass, click({ verb: 'keep' }), facts({ changed }));
    expect(refused).toMatchObject({
      reason: 'staleCard',
      text: expect.stringContaining('its tier is high now'),
    });
    expect(settleMass(mass, click(), facts({ changed }))).toMatchObject([{}, { type: 'massDecided' }]);
  });

  test('put anew with what it is now, it is a new round, and answers to the old one count no more', () => {
    const answered = massAfter('massOpened', 'massGrew', 'massAsked', 'massAnswered');
    const anew = evolveMass(answered, { ...events.massAsked, isAnew: true });
    expect(anew).toMatchObject({ round: answered.round + 1, answers: [] });
    expect(evolveMass(answered, events.massAsked)).toMatchObject({ round: answered.round });
  });

  test('of whom a rule keeps from it is refused with the rule’s words', () => {
    const excludedByPolicy = [{ id: person('olga'), name: 'olga', why: 'shares a flat', clause: 'AC-2' }];
    const refused = settleMass(mass, click(), facts({ plan: { ...twoAdmins, excludedByPolicy } }));
    expect(refused).toMatchObject({ reason: 'notAnApprover' });
    expect(refused).toMatchObject({ text: 'Policy does not let you decide on this: shares a flat (AC-2).' });
  });

  test.each<[string, MassChange, Partial<MassClick>, Partial<MassFacts>, string]>([
    ['of somebody else', mass, {}, { clicker: { id: person('tom'), name: 'tom' } }, 'notAnApprover'],
    ['of somebody it is about', mass, {}, { excludedByPolicy: new Set([person('olga')]) }, 'selfApproval'],
    ['on an older card', mass, { round: mass.round - 1 }, {}, 'staleCard'],
    ['before it is asked', massAfter('massOpened', 'massGrew'), {}, {}, 'staleCard'],
    ['on what is decided', massAfter(...wayTo.decided), {}, {}, 'alreadySettled'],
    ['on what is done', massAfter(...wayTo.done), {}, {}, 'alreadySettled'],
    ['on what was changed back', massAfter(...wayTo.closed), {}, {}, 'alreadySettled'],
  ])('%s changes nothing', (_, now, given, known, reason) => {
    expect(settleMass(now, click(given), facts(known))).toMatchObject({ refused: true, reason });
  });

  test('that comes twice counts once', () => {
    const decided = massAfter(...wayTo.decided);
    expect(settleMass(decided, click({ id: 'click-1', verb: 'keep' }), facts())).toEqual([]);
  });

  test('two admins have to be of one mind', () => {
    const first = settleMass(
      mass,
      click(),
      facts({ clicker: { id: person('sam'), name: 'sam' }, plan: twoAdmins }),
    );
    expect(first).toMatchObject([{ type: 'massAnswered' }]);
    const [given] = first as MassChangeEvent[];
    const answered = evolveMass(mass, given as MassChangeEvent);
    const by = (name: string, verb: MassClick['verb']) =>
      settleMass(
        answered,
        click({ id: `click-${name}-${verb}`, verb }),
        facts({ clicker: { id: person(name), name }, plan: twoAdmins }),
      );
    expect(by('sam', 'revert')).toMatchObject({ reason: 'alreadyApprovedByYou' });
    expect(by('sofia', 'keep')).toMatchObject([{ type: 'massAnswered' }]);
    expect(by('sofia', 'revert')).toMatchObject([{ type: 'massAnswered' }, { type: 'massDecided' }]);
  });

  test('that chooses decides on what is still on the card only', () => {
    const outcome = settleMass(mass, click({ verb: 'choose', chosen: ['person-b', 'person-z'] }), facts());
    const decision = (outcome as Extract<MassChangeEvent, { type: 'massDecided' }>[])[1]?.decision;
    expect(decision?.chosen).toEqual(['person-b']);
    expect(choiceOf(decision as MassDecision, 'person-b')).toBe('revert');
    expect(choiceOf(decision as MassDecision, 'person-a')).toBe('keep');
  });
});

describe('of many lost at once, single ones', () => {
  const asking: MassChange = { ...massAfter(...wayTo.asking), kind: 'deactivated' };
  const keys = ['case-a', 'case-b', 'case-c'];
  let seconds = 0;

  /** Clicks on the card, each with what it came to. */
  function cardAfter(...clicks: [by: string, what: ItemChoice[] | 'keep' | 'revert'][]) {
    let mass = asking;
    const open = new Set(keys);
    const decided: ItemChoice[] = [];
    let outcome: ReturnType<typeof settleMass> = [];
    for (const [by, what] of clicks) {
      seconds += 1;
      const id = `click-${seconds}`;
      const facts: MassFacts = {
        clicker: { id: person(by), name: by },
        plan: twoAdmins,
        excludedByPolicy: new Set(),
        keys: open,
        now: later(seconds),
      };
      outcome =
        typeof what === 'string'
          ? settleMass(mass, { id, round: mass.round, verb: what, chosen: null }, facts)
          : settleSingle(mass, { id, choices: what }, facts);
      if ('refused' in outcome) continue;
      for (const event of outcome) {
        mass = evolveMass(mass, event);
        if (event.type !== 'massItemsDecided') continue;
        decided.push(...event.decision.choices);
        for (const { key } of event.decision.choices) open.delete(key);
      }
    }
    return { mass, decided, open: [...open], outcome };
  }
  const left = (...of: string[]): ItemChoice[] => of.map((key) => ({ key, choice: 'revert' }));
  const here = (...of: string[]): ItemChoice[] => of.map((key) => ({ key, choice: 'keep' }));

  test('are decided when two are of one mind, and the others wait', () => {
    const one = cardAfter(['sam', left('case-a')]);
    expect(one.decided).toEqual([]);
    const both = cardAfter(
      ['sam', left('case-a', 'case-b')],
      ['sofia', [...left('case-a'), ...here('case-b')]],
    );
    expect(both.decided).toEqual(left('case-a'));
    expect(both.open).toEqual(['case-b', 'case-c']);
    expect(both.mass.state).toBe('asking');
  });

  test('count with an answer to all, whichever came first', () => {
    expect(cardAfter(['sam', 'revert'], ['sofia', left('case-b')]).decided).toEqual(left('case-b'));
    expect(cardAfter(['sofia', here('case-b')], ['sam', 'keep']).decided).toEqual(here('case-b'));
    expect(cardAfter(['sam', 'revert'], ['sofia', here('case-b')]).decided).toEqual([]);
  });

  test('of whom somebody has said otherwise by name are not decided with the others', () => {
    const card = cardAfter(['sam', 'revert'], ['sam', here('case-b')], ['sofia', 'revert']);
    expect(card.decided).toEqual(left('case-a', 'case-c'));
    expect(card.open).toEqual(['case-b']);
    // Until they say so of all again.
    const again = cardAfter(
      ['sam', 'revert'],
      ['sam', here('case-b')],
      ['sofia', 'revert'],
      ['sam', 'revert'],
    );
    expect(again.mass).toMatchObject({ state: 'decided', decision: { verb: 'revert' } });
  });

  test('are the whole card in the end', () => {
    const card = cardAfter(
      ['sam', [...left('case-a', 'case-b'), ...here('case-c')]],
      ['sofia', [...left('case-a', 'case-b'), ...here('case-c')]],
    );
    expect(card.decided).toHaveLength(3);
    expect(card.mass).toMatchObject({ state: 'decided', decision: { verb: 'choose', chosen: [] } });
  });

  test('are noted and decided in the order of their keys, whatever was chosen first', () => {
    const card = cardAfter(
      ['sam', left('case-c', 'case-a', 'case-b')],
      ['sofia', left('case-b', 'case-c', 'case-a')],
    );
    expect(card.decided).toEqual(left('case-a', 'case-b', 'case-c'));
    const facts: MassFacts = {
      clicker: { id: person('sofia'), name: 'sofia' },
      plan: twoAdmins,
      excludedByPolicy: new Set(),
      keys: new Set(['case-c', 'case-b', 'case-a']),
      now: later(900),
    };
    const { mass } = cardAfter(['sam', left('case-c', 'case-a')]);
    expect(settleSingle(mass, { id: 'click-x', choices: left('case-c', 'case-a') }, facts)).toMatchObject([
      {},
      { type: 'massItemsDecided', decision: { choices: left('case-a', 'case-c') } },
    ]);
    const { outcome } = cardAfter(['sam', left('case-z', 'case-b')]);
    expect(outcome).toMatchObject([{ type: 'massItemsAnswered', answer: { choices: left('case-b') } }]);
  });

  test('of which one is new are noted, though another was said before', () => {
    expect(cardAfter(['sam', left('case-a')], ['sam', left('case-a', 'case-b')]).outcome).toMatchObject([
      { type: 'massItemsAnswered' },
    ]);
  });

  test('said by somebody else, or before, let nobody say all of it again', () => {
    const again = (...clicks: Parameters<typeof cardAfter>) =>
      cardAfter(...clicks, ['sam', 'revert']).outcome;
    expect(again(['sam', 'revert'], ['sofia', here('case-b')])).toMatchObject({
      reason: 'alreadyApprovedByYou',
    });
    expect(again(['sam', here('case-b')], ['sam', 'revert'])).toMatchObject({
      reason: 'alreadyApprovedByYou',
    });
    expect(again(['sam', 'revert'], ['sam', here('case-b')])).toMatchObject([{ type: 'massAnswered' }]);
  });

  test('are refused with what to do instead', () => {
    expect(cardAfter(['sam', left('case-z')]).outcome).toMatchObject({
      text: 'Nobody whom you chose is on the card any more.',
      next: 'Nothing more to do; the card shows who is left.',
    });
    const facts: MassFacts = {
      clicker: { id: person('sam'), name: 'sam' },
      plan: twoAdmins,
      excludedByPolicy: new Set(),
      keys: new Set(keys),
      now: later(1),
    };
    expect(
      settleSingle({ ...asking, kind: 'lost' }, { id: 'click-x', choices: left('case-b') }, facts),
    ).toMatchObject({ text: 'These are not decided one by one.', next: 'Use the buttons on the card.' });
  });

  test('are refused to whoever may not, or says nothing new, and count once', () => {
    expect(cardAfter(['erik', left('case-a')]).outcome).toMatchObject({ reason: 'notAnApprover' });
    expect(cardAfter(['sam', left('case-z')]).outcome).toMatchObject({ reason: 'alreadySettled' });
    expect(cardAfter(['sam', left('case-a')], ['sam', left('case-a')]).outcome).toMatchObject({
      reason: 'alreadyApprovedByYou',
    });
    const { mass } = cardAfter(['sam', left('case-a')], ['sofia', left('case-a')]);
    const facts = {
      clicker: { id: person('sofia'), name: 'sofia' },
      plan: twoAdmins,
      excludedByPolicy: new Set<PersonId>(),
      keys: new Set(['case-b', 'case-c']),
      now: later(seconds),
    };
    expect(settleSingle(mass, { id: `click-${seconds}`, choices: left('case-a') }, facts)).toEqual([]);
    expect(
      settleSingle({ ...mass, kind: 'lost' }, { id: 'click-x', choices: left('case-b') }, facts),
    ).toMatchObject({
      reason: 'unknownChange',
    });
  });
});

describe('answers that stand', () => {
  const mass = massAfter(...wayTo.asking);
  const answers = (...all: [by: string, verb: MassDecision['verb']][]) =>
    all.map(([by, verb], n) => ({
      verb,
      by: person(by),
      byName: by,
      at: later(n),
      clickId: `click-${n}`,
    }));
  const one = replaced(twoAdmins, { quorum: 1 });
  const comesTo = (plan: ApproverPlan, ...all: [by: string, verb: MassDecision['verb']][]) =>
    decideOnAnswers({ ...mass, answers: answers(...all) }, { plan, now: later(90) });
  const verbOf = (events: MassChangeEvent[]) =>
    events.map((event) =>
      event.type === 'massDecided' ? `${event.decision.verb} by ${event.decision.byName}` : event.type,
    );

  test('decide, in the name of the last of them who counts, and now', () => {
    const said = answers(['sam', 'revert'], ['sofia', 'revert'], ['eve', 'revert']);
    expect(decideOnAnswers({ ...mass, answers: said }, { plan: twoAdmins, now: later(90) })).toEqual([
      {
        type: 'massDecided',
        massChangeId: 'mass-1',
        at: later(90),
        actor: { person: person('sofia'), name: 'sofia' },
        decision: { ...said[1], at: later(90), chosen: null },
      },
    ]);
  });

  test.each<[what: string, plan: ApproverPlan, all: [string, MassDecision['verb']][], came: string[]]>([
    [
      'two of one mind',
      twoAdmins,
      [
        ['sam', 'keep'],
        ['sofia', 'keep'],
      ],
      ['keep by sofia'],
    ],
    [
      'two of two minds',
      twoAdmins,
      [
        ['sam', 'keep'],
        ['sofia', 'revert'],
      ],
      [],
    ],
    [
      'one who says it twice',
      twoAdmins,
      [
        ['sam', 'revert'],
        ['sam', 'revert'],
      ],
      [],
    ],
    [
      'one who has changed their mind',
      one,
      [
        ['sam', 'revert'],
        ['sam', 'keep'],
      ],
      ['keep by sam'],
    ],
    [
      'one who has changed their mind, of two',
      twoAdmins,
      [
        ['sam', 'revert'],
        ['sofia', 'revert'],
        ['sam', 'keep'],
      ],
      [],
    ],
    [
      'nobody who counts',
      twoAdmins,
      [
        ['eve', 'revert'],
        ['mallory', 'revert'],
      ],
      [],
    ],
    ['a choice, which is made on the card alone', one, [['sam', 'choose']], []],
    [
      'where both are enough, taking away',
      one,
      [
        ['sam', 'keep'],
        ['sofia', 'revert'],
      ],
      ['revert by sofia'],
    ],
  ])('%s', (_what, plan, all, came) => {
    expect(verbOf(comesTo(plan, ...all))).toEqual(came);
  });

  test('only while it is asked, and while nothing was said of single ones', () => {
    const said = { answers: answers(['sam', 'revert'], ['sofia', 'revert']) };
    const rest = { plan: twoAdmins, now: later(90) };
    expect(decideOnAnswers({ ...massAfter(...wayTo.decided), ...said }, rest)).toEqual([]);
    expect(decideOnAnswers({ ...massAfter(...wayTo.received), ...said }, rest)).toEqual([]);
    const itemAnswers = [single('sam', 'click-8', [{ key: 'person-a', choice: 'keep' }])];
    expect(decideOnAnswers({ ...mass, ...said, itemAnswers }, rest)).toEqual([]);
  });

  test('are enough to keep by what the card asks for that, where it asks for less', () => {
    const less = { ...twoAdmins, toKeep: { quorum: 1, why: 'x', clause: null } };
    expect(verbOf(comesTo(less, ['sam', 'keep']))).toEqual(['keep by sam']);
    expect(verbOf(comesTo(less, ['sam', 'revert']))).toEqual([]);
  });

  test('of whom nobody will tell are answers all the same', () => {
    const untold = { ...one, author: { is: 'untold' as const, why: 'no log' } };
    expect(verbOf(comesTo(untold, ['sam', 'keep']))).toEqual(['keep by sam']);
    const awaited = { ...one, author: { is: 'awaited' as const, until: later(600).toISOString() } };
    expect(verbOf(comesTo(awaited, ['sam', 'keep']))).toEqual([]);
    expect(verbOf(comesTo(awaited, ['sam', 'revert']))).toEqual(['revert by sam']);
  });

  const click = (
    by: string,
    verb: MassClick['verb'],
    rest: Partial<MassChange>,
    plan: ApproverPlan = twoAdmins,
  ) =>
    settleMass(
      { ...mass, ...rest },
      { id: 'click-9', round: mass.round, verb, chosen: verb === 'choose' ? ['person-a'] : null },
      {
        clicker: { id: person(by), name: by },
        plan,
        excludedByPolicy: new Set(),
        keys: new Set(['person-a', 'person-b']),
        now: later(60),
      },
    );
  const came = (outcome: ReturnType<typeof settleMass>) =>
    'refused' in outcome ? outcome.reason : outcome.map(({ type }) => type);

  test('whoever has changed their mind counts for what they say now', () => {
    const rest = { answers: answers(['sam', 'revert'], ['sofia', 'keep']) };
    expect(came(click('sofia', 'revert', rest))).toEqual(['massAnswered', 'massDecided']);
    const both = { answers: answers(['sam', 'revert'], ['sam', 'keep']) };
    expect(came(click('sofia', 'revert', both))).toEqual(['massAnswered']);
    expect(came(click('sofia', 'keep', both))).toEqual(['massAnswered', 'massDecided']);
  });

  test('whoever says again what decides it by now is believed, a choice apart', () => {
    const rest = { answers: answers(['sam', 'revert'], ['sofia', 'revert']) };
    expect(click('sam', 'revert', rest)).toMatchObject([
      { type: 'massDecided', actor: { name: 'sofia' }, decision: { verb: 'revert' } },
    ]);
    expect(click('sam', 'revert', { answers: answers(['sam', 'revert']) })).toMatchObject({
      reason: 'alreadyApprovedByYou',
      text: 'You have answered so already.',
      next: 'It waits for another one.',
    });
    // Two of three admins would take away, and the third says his choice again: that decides nothing.
    const three = {
      ...replaced(twoAdmins, {
        slots: [{ source: 'admins', people: ['sam', 'sofia', 'kim'].map(approver), pinged: true }],
      }),
    };
    const chosen = { answers: answers(['sam', 'choose'], ['sofia', 'revert'], ['kim', 'revert']) };
    expect(came(click('sam', 'choose', chosen, three))).toBe('alreadyApprovedByYou');
    expect(came(click('kim', 'revert', chosen, three))).toEqual(['massDecided']);
  });

  test('a choice of all is decided though single ones were spoken of; all of it is not', () => {
    const itemAnswers = [single('sam', 'click-7', [{ key: 'person-a', choice: 'keep' }])];
    expect(came(click('sam', 'choose', { itemAnswers }, one))).toContain('massDecided');
    const sofiaSaid = { itemAnswers, answers: answers(['sofia', 'revert']) };
    expect(came(click('sofia', 'revert', { ...sofiaSaid, answers: [] }))).toEqual(['massAnswered']);
  });

  test('an answer is noted whole, and so is a decision', () => {
    const base = { massChangeId: 'mass-1', at: later(60), actor: { person: person('sam'), name: 'sam' } };
    const said = { by: person('sam'), byName: 'sam', at: later(60), clickId: 'click-9' };
    expect(click('sam', 'choose', {}, one)).toEqual([
      { ...base, type: 'massAnswered', answer: { ...said, verb: 'choose' } },
      { ...base, type: 'massDecided', decision: { ...said, verb: 'choose', chosen: ['person-a'] } },
    ]);
  });

  test('who is refused is told why, and what next', () => {
    const told = (outcome: ReturnType<typeof settleMass>) => {
      if (!('refused' in outcome)) throw new Error('not refused');
      return [outcome.reason, outcome.text, outcome.next];
    };
    expect(told(click('eve', 'revert', {}))).toEqual([
      'notAnApprover',
      'You are not among those who may decide on this.',
      'Those who may: sam, sofia.',
    ]);
    expect(told(click('eve', 'revert', {}, replaced(one, { slots: [] })))[2]).toBe(
      'Those who may: nobody at the moment.',
    );
    const excludedByPolicy = [
      { id: person('mallory'), name: 'mallory', why: 'left', clause: 'AC-1' },
      { id: person('eve'), name: 'eve', why: 'shares a flat', clause: null },
    ];
    expect(told(click('eve', 'revert', {}, { ...one, excludedByPolicy }))[1]).toBe(
      'Policy does not let you decide on this: shares a flat.',
    );
    expect(told(click('sam', 'revert', massAfter(...wayTo.decided)))).toEqual([
      'alreadySettled',
      'olga decided this already.',
      'Nothing more to do; the card shows what happened.',
    ]);
    expect(told(click('sam', 'revert', massAfter(...wayTo.closed)))[1]).toBe(
      'There is nothing left to decide: it was changed back.',
    );
    expect(told(click('sam', 'revert', massAfter(...wayTo.received)))[1]).toBe(
      'This is still being prepared.',
    );
  });
});

describe('a card that is not what it was', () => {
  const mass = massAfter(...wayTo.asking);
  const click: MassClick = { id: 'click-9', round: mass.round, verb: 'keep', chosen: null };
  const facts = (rest: Partial<MassFacts> = {}): MassFacts => ({
    clicker: { id: person('olga'), name: 'olga' },
    plan: olga,
    excludedByPolicy: new Set(),
    keys: new Set(['person-a']),
    now: later(60),
    ...rest,
  });

  test.each<[what: string, MassChange, MassClick, MassFacts, told: string[]]>([
    [
      'shows other things',
      mass,
      click,
      facts({ changed: ['its tier is high now', 'its owner is eve now'] }),
      [
        'staleCard',
        'What this card showed is no longer so: its tier is high now; its owner is eve now.',
        'Nothing was decided. It is put anew with what it is now: decide on that card.',
      ],
    ],
    [
      'has grown',
      { ...mass, round: mass.round + 1 },
      click,
      facts(),
      [
        'staleCard',
        'More were added since you looked, so your click would decide on what you have not seen.',
        'Look at the card again; it shows how many there are now.',
      ],
    ],
    [
      'is about whoever clicks',
      mass,
      click,
      facts({ excludedByPolicy: new Set([person('olga')]) }),
      [
        'selfApproval',
        'You made this change, or it is about you, so you can’t decide on it.',
        'Another owner or admin has to decide; the card names them.',
      ],
    ],
    [
      'is not asked yet',
      massAfter(...wayTo.received),
      click,
      facts(),
      ['staleCard', 'This is still being prepared.', 'Try again in a moment.'],
    ],
  ])('%s', (_what, now, what, known, [reason, text, next]) => {
    expect(settleMass(now, what, known)).toEqual({ refused: true, reason, text, next });
  });

  test('is decided by nobody where nothing was chosen; all is kept then', () => {
    expect(settleMass(mass, { ...click, verb: 'choose', chosen: null }, facts())).toMatchObject([
      {},
      { decision: { verb: 'choose', chosen: [] } },
    ]);
    const said = { ...answer, verb: 'choose', chosen: null } as const;
    expect(choiceOf(said, 'person-a')).toBe('keep');
    expect(choiceOf({ ...said, chosen: ['person-a'] }, 'person-a')).toBe('revert');
    expect(choiceOf({ ...said, verb: 'revert' }, 'person-a')).toBe('revert');
    expect(choiceOf({ ...said, verb: 'keep', chosen: ['person-a'] }, 'person-a')).toBe('keep');
  });
});

describe('what one person has said of an item', () => {
  const mass = massAfter(...wayTo.asking);
  const ofAll = (verb: MassDecision['verb'], at: number) => ({
    verb,
    by: person('sam'),
    byName: 'sam',
    at: later(at),
    clickId: `all-${at}`,
  });
  const byName = (at: number, ...choices: ItemChoice[]) => ({
    ...single('sam', `name-${at}`, choices),
    at: later(at),
  });
  const a = (choice: ItemChoice['choice']): ItemChoice => ({ key: 'a', choice });

  test.each<[what: string, Partial<MassChange>, ReturnType<typeof choiceBy>]>([
    ['nothing', {}, null],
    ['of all', { answers: [ofAll('revert', 1)] }, 'revert'],
    ['of all, last', { answers: [ofAll('revert', 1), ofAll('keep', 2)] }, 'keep'],
    ['by a choice, which says nothing of one', { answers: [ofAll('choose', 1)] }, null],
    ['by name', { itemAnswers: [byName(1, a('keep'))] }, 'keep'],
    ['by name, last', { itemAnswers: [byName(1, a('keep')), byName(2, a('revert'))] }, 'revert'],
    ['by name, of another', { itemAnswers: [byName(1, { key: 'b', choice: 'revert' })] }, null],
    ['by name among others', { itemAnswers: [byName(1, { key: 'b', choice: 'revert' }, a('keep'))] }, 'keep'],
    ['by name after all', { answers: [ofAll('revert', 1)], itemAnswers: [byName(2, a('keep'))] }, 'keep'],
    [
      'by name at the same time',
      { answers: [ofAll('revert', 2)], itemAnswers: [byName(2, a('keep'))] },
      'keep',
    ],
    ['of all after that', { answers: [ofAll('revert', 3)], itemAnswers: [byName(2, a('keep'))] }, 'revert'],
  ])('%s', (_what, rest, choice) => {
    expect(choiceBy({ ...mass, ...rest }, 'a', person('sam'))).toBe(choice);
    expect(choiceBy({ ...mass, ...rest }, 'a', person('sofia'))).toBeNull();
  });
});

describe('the card after each event, whole', () => {
  const mass = massAfter(...wayTo.asking);
  const at = later(77);
  const answered = {
    ...mass,
    itemAnswers: [
      single('sam', 'c1', [
        { key: 'a', choice: 'keep' },
        { key: 'b', choice: 'revert' },
      ]),
    ],
  };

  test('opened', () => {
    const { type: _, massChangeId, at: openedAt, actor: __, ...about } = events.massOpened;
    expect(massAfter('massOpened')).toEqual({
      ...about,
      id: massChangeId,
      state: 'received',
      version: 1,
      round: 0,
      openedAt,
      plan: null,
      answers: [],
      itemAnswers: [],
      remindedAt: null,
      decision: null,
    });
    expect(() => evolveMass(mass, events.massOpened)).toThrow(/opened twice/);
    expect(() => evolveMass(null, events.massGrew)).toThrow(/before massOpened/);
  });

  test.each<[what: string, before: MassChange, event: MassChangeEvent, leaves: Partial<MassChange>]>([
    ['moved', mass, events.massMoved, { moved: events.massMoved.moved }],
    [
      'grew',
      { ...mass, answers: [answer] },
      { ...events.massGrew, at },
      { round: 2, answers: [], grewAt: at },
    ],
    ['asked', mass, { ...events.massAsked, plan: twoAdmins }, { plan: twoAdmins }],
    [
      'asked anew',
      { ...answered, answers: [answer] },
      { ...events.massAsked, isAnew: true },
      { round: 2, answers: [], itemAnswers: [] },
    ],
    ['reminded', mass, { ...events.massReminded, at }, { remindedAt: at }],
    ['answered', mass, events.massAnswered, { answers: [answer] }],
    ['answered of one', mass, events.massItemsAnswered, { itemAnswers: [events.massItemsAnswered.answer] }],
    [
      'decided of one',
      answered,
      { ...events.massItemsDecided, decision: single('sam', 'c2', [{ key: 'a', choice: 'keep' }]) },
      { itemAnswers: [single('sam', 'c1', [{ key: 'b', choice: 'revert' }])] },
    ],
    [
      'shrank',
      answered,
      { ...events.massShrank, keys: ['a', 'b'] },
      { itemAnswers: [single('sam', 'c1', [])] },
    ],
    ['decided', mass, events.massDecided, { state: 'decided', decision: events.massDecided.decision }],
    ['closed', mass, events.massClosed, { state: 'closed' }],
    [
      'reopened',
      { ...massAfter(...wayTo.done), reopened: [{ by: person('tom'), name: 'Tom', count: 1 }] },
      { ...events.massReopened, by: { id: person('olga'), name: 'Olga' } },
      {
        reopened: [
          { by: person('tom'), name: 'Tom', count: 1 },
          { by: person('olga'), name: 'Olga', count: 1 },
        ],
      },
    ],
    [
      'reopened again',
      { ...massAfter(...wayTo.done), reopened: [{ by: person('olga'), name: 'Olga', count: 1 }] },
      { ...events.massReopened, by: { id: person('olga'), name: 'Olga' } },
      { reopened: [{ by: person('olga'), name: 'Olga', count: 2 }] },
    ],
  ])('%s', (_what, before, event, leaves) => {
    expect(evolveMass(before, event)).toEqual({ ...before, version: before.version + 1, ...leaves });
  });

  test('what it shows is kept with the asking', () => {
    const shown = shownOf(entitlement(), target);
    expect(evolveMass(mass, { ...events.massAsked, shown }).shown).toEqual(shown);
    expect(evolveMass(mass, events.massAsked)).not.toHaveProperty('shown');
  });
});

describe('an item', () => {
  const decision = { ...answer, chosen: null };
  const facts = {
    changeId: 'change-1' as ChangeId,
    revokeId: 'change-2' as ChangeId,
    grantId: 'grant-1' as GrantId,
    personId: person('a'),
    entitlement: entitlement(),
    target,
    verdict: asks,
    now: T0,
  };
  const finding = massAfter(...wayTo.decided);
  const lost: MassChange = { ...finding, kind: 'lost' };
  const refused: Verdict = { effect: 'refuse', grounds: [{ text: 'not open to Payments', clause: null }] };

  test('kept is a grant with the approver and an end, part of its mass change', () => {
    expect(itemEvents(finding, decision, 'keep', facts)).toMatchObject([
      { type: 'changeReceived', cause: 'finding', partOf: 'mass-1', requesterId: null },
      {
        type: 'changeApproved',
        decision: { outcome: 'approved', byName: 'olga' },
        grant: { startsAt: T0, endsAt: later(86_400) },
      },
    ]);
  });

  test('what is reverted is denied, with the revoke that takes it away', () => {
    expect(itemEvents(finding, decision, 'revert', facts)).toMatchObject([
      { type: 'changeReceived' },
      { type: 'changeDenied', revokeId: 'change-2' },
      { type: 'changeReceived', changeId: 'change-2', kind: 'revoke', cause: 'revert', partOf: 'mass-1' },
      { type: 'changeApproved', changeId: 'change-2', grant: null },
    ]);
  });

  const found = {
    changeId: 'change-1',
    at: T0,
    type: 'changeReceived',
    actor: { part: 'latchkey' },
    kind: 'grant',
    cause: 'finding',
    entitlementKey: 'orders',
    personId: person('a'),
    requesterId: null,
    reason: 'in the group anypoint-orders, without a grant that wants it',
    ticket: null,
    requestedSeconds: null,
    target,
    via: 'finding',
    lapsesAt: null,
    partOf: 'mass-1',
  };
  const by = { changeId: 'change-1', at: T0, actor: { person: person('olga'), name: 'olga' } };
  const said = { by: person('olga'), byName: 'olga', at: T0, clickId: 'click-1' };

  test('is told whole, kept and reverted', () => {
    expect(itemEvents(finding, decision, 'keep', facts)).toEqual([
      found,
      {
        ...by,
        type: 'changeApproved',
        decision: { ...said, outcome: 'approved', note: null },
        verdict: asks,
        target,
        grant: { id: 'grant-1', startsAt: T0, endsAt: later(86_400) },
      },
    ]);
    expect(itemEvents(finding, decision, 'revert', facts)).toEqual([
      found,
      {
        ...by,
        type: 'changeDenied',
        decision: { ...said, outcome: 'denied', note: 'decided with others on one card' },
        revokeId: 'change-2',
      },
      ...revertEvents(
        { entitlementKey: facts.entitlement.key, personId: person('a'), target },
        facts.revokeId,
        { changeId: facts.changeId, at: T0, actor: by.actor },
        'mass-1',
      ),
    ]);
  });

  test.each([
    ['finding', 'in the group anypoint-orders, without a grant that wants it'],
    ['lost', 'no longer in the group anypoint-orders, though a grant wants it'],
    ['excess', 'in the Anypoint team Orders, and nothing gives it to them'],
  ] as const)('of %s says where it was found', (kind, reason) => {
    expect(itemEvents({ ...finding, kind }, decision, 'revert', facts)[0]).toMatchObject({ reason });
  });

  test('that policy does not allow can be reverted without a word of policy', () => {
    const denied = itemEvents(finding, decision, 'revert', { ...facts, verdict: refused })[1];
    expect(denied).toMatchObject({ decision: { note: 'decided with others on one card' } });
    const two = { ...refused, grounds: [...refused.grounds, { text: 'a trainee', clause: 'AC-8' }] };
    expect(itemEvents(finding, decision, 'keep', { ...facts, verdict: two })[1]).toMatchObject({
      decision: {
        note: 'kept with others, but policy does not allow it: not open to Payments; a trainee',
      },
    });
  });

  test('that policy does not allow is not kept', () => {
    const all = itemEvents(finding, decision, 'keep', { ...facts, verdict: refused });
    expect(all[1]).toMatchObject({ type: 'changeDenied' });
    expect(JSON.stringify(all[1])).toContain('not open to Payments');
  });

  test('that was lost is put back under the grants it has, or let end', () => {
    expect(itemEvents(lost, decision, 'keep', facts)).toMatchObject([
      { type: 'changeReceived', cause: 'loss' },
      { type: 'changeApproved', grant: null },
    ]);
    expect(itemEvents(lost, decision, 'revert', facts)[1]).toMatchObject({
      type: 'changeDenied',
      revokeId: 'change-2',
    });
  });
});

describe('words', () => {
  const names: MassNames = {
    title: 'Orders API',
    group: 'anypoint-orders',
    deciders: 'Olga',
    mover: 'Ana',
    idp: 'Okta',
    safe: (text) => text,
  };
  const progress = (rest: Partial<MassProgress> = {}): MassProgress => ({
    open: 0,
    kept: { all: 0, seen: 0 },
    reverted: { all: 0, seen: 0 },
    late: [],
    failed: 0,
    signIn: 0,
    nextSignIn: 0,
    unmapped: 0,
    ...rest,
  });

  test('how many, of what, and that nobody asked', () => {
    expect(massHead(massAfter(...wayTo.asking), 5_000, names)).toBe(
      '5,000 people were put into anypoint-orders (Orders API), and nobody asked for it here',
    );
  });

  test.each([
    [0, 'though access was granted'],
    [
      3,
      'though access was granted to 4; the others were in it before Latchkey, and nobody asked for it here',
    ],
    [7, 'who were in it before Latchkey, and nobody asked for it here'],
  ])('of seven taken out, %i of whom were there before Latchkey', (foundThere, why) => {
    const lost = { ...massAfter(...wayTo.asking), kind: 'lost' } as const;
    expect(massHead(lost, 7, { ...names, foundThere })).toBe(
      `7 people were taken out of anypoint-orders (Orders API), ${why}`,
    );
  });

  test('who is in a team though nothing gives it to them', () => {
    const excess = { ...massAfter(...wayTo.asking), kind: 'excess' } as const;
    expect(massHead(excess, 5_000, { ...names, team: 'Orders' })).toBe(
      '5,000 people are in the Anypoint team Orders (Orders API), and nothing gives it to any of them',
    );
  });

  test('a move names where from and where to', () => {
    const moved = {
      ...massAfter(...wayTo.asking),
      kind: 'moved',
      moved: { personId: person('ana'), from: 'Orders', to: 'Payments' },
    } as const;
    expect(massHead(moved, 2, names)).toBe(
      'Ana moved from Orders to Payments, and still holds 2 accesses that no longer fit',
    );
  });

  test('what grows before anybody saw it is shown as one: a later round says that there are more', () => {
    expect(massAfter('massOpened', 'massGrew', 'massGrew').round).toBe(1);
    expect(massAfter('massOpened', 'massGrew', 'massGrew', 'massAsked', 'massGrew').round).toBe(2);
  });

  test('progress counts what is seen and names the leg of what is late', () => {
    const decided = {
      ...massAfter(...wayTo.decided),
      decision: { ...answer, verb: 'revert', chosen: null },
    } as const;
    const p = progress({
      reverted: { all: 5_000, seen: 4_998 },
      late: [{ leg: 'scimPush', count: 2, outcome: 'reverted' }],
    });
    expect(isAllSeen(p)).toBe(false);
    expect(massStatusText(decided, p, names)).toMatchObject({
      mood: 'bad',
      headline: 'Reverted by olga',
      detail: '4,998 of 5,000 gone in MuleSoft, 2 late (Okta’s SCIM push).',
    });
  });

  test.each<[string, Partial<MassProgress>, string]>([
    ['a first sign-in', { signIn: 2 }, '2 wait for a first sign-in to Anypoint.'],
    ['the next sign-in', { nextSignIn: 1 }, '1 has it from their next sign-in to Anypoint.'],
    [
      'the next sign-in, which would not give it',
      { nextSignIn: 5, unmapped: 2 },
      '5 have it from their next sign-in to Anypoint, which would not give it to 2 of them now.',
    ],
    [
      'a connector',
      { late: [{ leg: 'delivery', delivery: 'native', count: 2, outcome: 'kept' }] },
      '2 late (Okta’s own Anypoint connector).',
    ],
    [
      'the group claim',
      { late: [{ leg: 'delivery', delivery: 'claim', count: 2, outcome: 'kept' }] },
      '2 late (the group claim of the sign-in to Anypoint).',
    ],
  ])('what is waited for is said by who carries it: %s', (_title, rest, words) => {
    const p = progress({ kept: { all: 9, seen: 4 }, ...rest });
    expect(massStatusText(massAfter(...wayTo.decided), p, names).detail.endsWith(words)).toBe(true);
  });

  test('nobody left to decide is said', () => {
    const stranded = evolveMass(massAfter('massOpened', 'massGrew'), {
      ...events.massAsked,
      plan: replaced(olga, { slots: [] }),
    });
    expect(massStatusText(stranded, progress({ open: 300 }), names).detail).toContain('Nobody can decide');
  });

  test.each([
    [7, '7'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%i is %s', (count, words) => expect(figure(count)).toBe(words));
});
