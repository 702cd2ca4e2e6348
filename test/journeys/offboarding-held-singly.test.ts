import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';

const PATIENCE_MS = 90_000;
const crowd = [0, 1, 2].map(crowdPerson);
const [gone, here, last] = crowd.map((person) => person.key) as [string, string, string];

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    people: [...seeded, ...crowd],
    // Everybody who is lost waits for two admins.
    catalogue: (catalogue) => ({
      ...catalogue,
      massGuard: { ...catalogue.massGuard, people: 0, share: 0.01 },
    }),
  }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const cardSays = (words: string): Promise<CardSeen> =>
  walk.until(`the card says: ${words}`, async () =>
    (await walk.messages('sam', 'access-requests')).find(
      (m): m is CardSeen =>
        m.threadTs === null && buttonsOf(m).includes('mass_revert') && wordsOf(m).includes(words),
    ),
  );

const liveGrants = async (key: string) =>
  (
    await walk.query(
      `select 1 from grants g join people p on p.id = g.person_id where p.email = $1 and g.ended_at is null`,
      [`${key}@acme.example`],
    )
  ).length;

const caseId = async (key: string) => (await leavers.caseOf(key))?.id ?? '';

/** Answers for single people: who has left, and who has not. */
async function says(as: string, card: CardSeen, left: string[], kept: string[]) {
  const ids = async (keys: string[]) => ({ mass_each: await Promise.all(keys.map(caseId)) });
  return await walk.clickAndFill(as, card, 'mass_each', { revert: await ids(left), keep: await ids(kept) });
}

test(
  'of many lost at once, two admins say of single people whether they have left; the others wait',
  async () => {
    // given three people with access, whom the directory loses
    for (const key of [gone, here, last])
      await walk.isGiven(key, { entitlement: 'orders-api-read', seconds: 3_600, reason: `${key} reads` });
    for (const key of [gone, here, last]) {
      await leavers.status(key, 'DEPROVISIONED');
      await leavers.caseIs(key, 'held');
    }
    const card = await cardSays('3 people were switched off');
    expect(buttonsOf(card)).toEqual(['mass_keep', 'mass_revert', 'mass_each', 'mass_show']);

    // when who is no admin answers, and an admin contradicts themselves, or says nothing
    await says('olga', card, [gone], []);
    await leavers.isTold('olga', 'You are not among those who may decide on this.');
    expect(await says('sam', card, [gone], [gone])).toEqual({
      sent: false,
      errors: { revert: 'Somebody is chosen in both menus: take them out of one.' },
    });
    const form = await walk.until('the form is open', () => walk.topView('sam'));
    await walk.request('POST', '/slack/sim/view/close', { as: 'sam', viewId: form.id, all: true });

    // when one admin says of one that they have left, and of another that they have not
    expect(await says('sam', card, [gone], [here])).toEqual({ sent: true });
    await cardSays('Sam Whitaker has answered for 2 of them by name. It takes 2 of one mind.');
    expect((await leavers.caseOf(gone))?.state).toBe('held');

    // and the other admin agrees on the first alone
    await says('sofia', card, [gone], []);

    // then that one goes their way, and the others wait
    const closed = await leavers.caseIs(gone, 'closed');
    expect(closed.decidedBy?.name).toBe('Sofia Ricci');
    expect(await liveGrants(gone)).toBe(0);
    const left = await cardSays('2 people were switched off');
    expect(wordsOf(left)).toContain(
      'Sam Whitaker has answered for 1 of them by name. It takes 2 of one mind.',
    );
    expect(wordsOf(left)).toContain('Decided one by one already: 1 left, 0 not left.');
    for (const key of [here, last]) {
      expect((await leavers.caseOf(key))?.state).toBe('held');
      expect(await liveGrants(key)).toBe(1);
    }

    // when the second is kept, also
    await says('sofia', left, [], [here]);
    const kept = await leavers.caseIs(here, 'closed');
    expect(kept.closing).toBe('dismissed');
    expect(await liveGrants(here)).toBe(1);

    // and both say of all who are left that they have left
    const one = await cardSays('1 person was switched off');
    await walk.click('sam', one, 'mass_revert');
    await walk.click('sofia', one, 'mass_revert');
    await leavers.caseIs(last, 'closed');
    expect(await liveGrants(last)).toBe(0);
    expect(await liveGrants(here)).toBe(1);
    const done = await walk.until('the card is done', async () =>
      (await walk.messages('sam', 'access-requests')).find(
        (m) => m.threadTs === null && wordsOf(m).includes('all of it is done'),
      ),
    );
    expect(wordsOf(done)).toContain('1 of 1 kept; 2 of 2 on their way out.');
    const [{ id }] = (await walk.query<{ id: string }>(`select id from mass_changes`)) as [{ id: string }];
    const types = await walk.query<{ type: string }>(
      `select type from audit where data->>'massChangeId' = $1 and type like 'massItems%' order by id`,
      [id],
    );
    expect(types.map(({ type }) => type)).toEqual([
      'massItemsAnswered',
      'massItemsAnswered',
      'massItemsDecided',
      'massItemsAnswered',
      'massItemsDecided',
    ]);
  },
  PATIENCE_MS,
);

test(
  'an admin’s word outlives a mistake of the directory that loses many at once',
  async () => {
    // given somebody whom an admin offboarded, and whose application nobody has decided on
    await walk.request('POST', '/anypoint/sim/applications', {
      name: 'ines-tool',
      owners: ['ines'],
      apis: ['orders-api'],
    });
    const form = await walk.openForm('sofia', `offboard <@${slackIdOf('ines')}|ines>`);
    await walk.submit('sofia', form, { reason: { reason: 'Her last day was yesterday' } });
    await leavers.caseIs('ines', 'appsOpen');
    const statusText = async () =>
      (
        await walk.query<{ status: string }>(
          `select s.status from person_snapshots s join people p on p.id = s.person_id where p.email = 'ines@acme.example'`,
        )
      )[0]?.status;

    // when it loses her with too many others, and has her again
    await leavers.status('ines', 'DEPROVISIONED');
    await walk.until('that is seen', async () => (await statusText()) === 'deprovisioned');
    await leavers.status('ines', 'ACTIVE');
    await walk.until('and the other', async () => (await statusText()) === 'active');

    // then
    expect(await leavers.caseOf('ines')).toMatchObject({ state: 'appsOpen', cause: 'byHand', agreed: null });
  },
  PATIENCE_MS,
);
