import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ catalogue: (c) => ({ ...c, channel: 'general' }) }));
  await walk.request('POST', '/slack/sim/invite', { channel: 'general' });
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const OTHER_WORKSPACE = 'T00000002';
const enter = (rest: object) => walk.request('POST', '/slack/sim/grid', rest);

/** Latchkey asks once where it is installed, so it starts in each. */
const startIn = (rest: object) => stage.restart(async () => void (await enter(rest)));

const colleagues = {
  erik: { teamId: OTHER_WORKSPACE, teams: [OTHER_WORKSPACE], gridId: 'W0000ERIK' },
  ines: { teamId: null, gridId: 'W0000INES' },
  tom: { teamId: 'E00000001', teams: [OTHER_WORKSPACE, 'T00000001'] },
};

beforeEach(async () => {
  await walk.isQuiet();
});

test.each([
  ['installed in one workspace of it', { members: colleagues }, 'Grid: one workspace'],
  [
    'installed for the whole organisation',
    { members: colleagues, orgWide: true, workspaces: ['T00000001', OTHER_WORKSPACE] },
    'Grid: the whole organisation',
  ],
])('in an Enterprise Grid organisation, %s, our own people ask and decide', async (_where, grid, reason) => {
  // given people of another workspace, without a team, with the organisation's id; with ids of two kinds
  await startIn(grid);

  // when
  for (const who of ['erik', 'ines'] as const) {
    const asked = await walk.until(`${who}’s request`, async () => {
      const sent = await walk.ask(who, { entitlement: read, reason: `${reason}, ${who}` });
      expect(sent).toEqual({ sent: true });
      return await walk.changeBecause(`${reason}, ${who}`);
    });
    const card = await walk.until('the card is out', async () =>
      (await walk.messages('tom', 'general')).find(
        (m) => m.metadata?.event_payload?.marker === `${asked.id}:card`,
      ),
    );
    await walk.click('tom', card, 'approve');

    // then
    await walk.becomes(asked.id, 'inEffect');
    await walk.receives(who, 'that it is there', (m) => m.text.includes('is in effect in MuleSoft'));
    expect((await walk.change(asked.id)).decision?.byName).toBe('Tom Okafor');
    const { person_id: person } = (
      await walk.query<{ person_id: string }>(
        `select person_id from person_links where system = 'slack' and external_id = $1`,
        [colleagues[who].gridId],
      )
    )[0] ?? { person_id: '' };
    expect(person).toBe(asked.personId);
    expect(
      await walk.query(
        `select from person_links where system = 'slack' and external_id = $1 and person_id = $2`,
        [slackIdOf(who), person],
      ),
    ).toHaveLength(1);

    // and given back on the one message to them
    const status = await walk.until('the button is there', async () => {
      const message = await walk.statusOf(who, asked.id, 'beneficiary');
      return buttonsOf(message).includes('release') && message;
    });
    await walk.click(who, status, 'release');
    await walk.until('it has ended', async () => (await walk.change(asked.id)).ended !== null);
    await walk.isQuiet();
  }
});

test('people of another organisation, guests, bots and whom Slack calls strangers stay refused', async () => {
  // given
  await startIn({
    members: {
      nadia: { teamId: 'T00000099', of: 'other', teams: ['T00000099'] },
      olga: { isStranger: true },
      sofia: { teamId: null, of: 'none' },
    },
  });

  // then
  for (const [who, why] of [
    ['vera', 'Your account belongs to another organisation.'],
    ['nadia', 'Your account belongs to another organisation.'],
    ['olga', 'Your account belongs to another organisation.'],
    ['sofia', 'Your account belongs to another organisation.'],
    ['gus', 'Guest accounts can’t ask for access'],
    ['bot', 'Bots can’t ask for access'],
    ['udo', 'This Slack account is deactivated.'],
  ] as const)
    expect(wordsOf(await walk.openForm(who)), who).toContain(why);
});
