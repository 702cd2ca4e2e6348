import type { Offboarding } from '../../src/core/offboarding/offboarding.ts';
import type { Person } from '../../src/sandbox/seed.ts';
import type { SeenMessage } from '../../src/sandbox/visitor.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Status } from './directory.ts';
import { type CardSeen, type Journey, slackIdOf, wordsOf } from './journey.ts';

/** Somebody in Support, where what is given by rule is given. */
export const mira: Person = {
  ...crowdPerson(0),
  key: 'mira',
  name: 'Mira Vogt',
  email: 'mira@acme.example',
  title: 'Support engineer',
  department: 'Support',
};

export type LeaverWalk = ReturnType<typeof walkWithLeavers>;

/** What journeys about leavers do and look at. */
export function walkWithLeavers(walk: Journey) {
  const marked = (m: SeenMessage, marker: string) => m.metadata?.event_payload?.marker === marker;

  /** The newest case of a person, as Latchkey keeps it. */
  async function caseOf(key: string): Promise<Offboarding | null> {
    const rows = await walk.query<{ doc: Offboarding }>(
      `select o.doc from offboardings o join people p on p.id = o.person_id
       where p.email = $1 order by o.opened_at desc limit 1`,
      [`${key}@acme.example`],
    );
    return rows[0]?.doc ?? null;
  }

  return {
    caseOf,
    status: (key: string, status: Status) => walk.directory.sets(key, status),
    caseIs: (key: string, state: Offboarding['state'], ms = 30_000) =>
      walk.until(
        `the case of ${key} is ${state}`,
        async () => {
          const found = await caseOf(key);
          return found?.state === state && found;
        },
        ms,
      ),
    /** The card of a case, once it says this. */
    cardSays: (id: string, words: string): Promise<CardSeen> =>
      walk.until(`the case says: ${words}`, async () =>
        (await walk.messages('sofia', 'access-requests')).find(
          (m) => marked(m, `${id}:card`) && wordsOf(m).includes(words),
        ),
      ),
    /** What an owner is asked about the applications of a case. */
    askedAbout: (as: string, id: string, words: string): Promise<CardSeen> =>
      walk.until(`${as} is asked: ${words}`, async () =>
        (await walk.messages(as, 'dm')).find(
          (m) => marked(m, `${id}:applications:${slackIdOf(as)}`) && wordsOf(m).includes(words),
        ),
      ),
    async teamsOf(key: string): Promise<string[]> {
      const teams = await walk.request<{ name: string; members: { key: string | null }[] }[]>(
        'GET',
        '/anypoint/sim/teams',
      );
      return teams.filter((team) => team.members.some((m) => m.key === key)).map((team) => team.name);
    },
    async application(name: string) {
      const all = await walk.request<{ name: string; owners: (string | null)[]; opens: string[] }[]>(
        'GET',
        '/anypoint/sim/applications',
      );
      return all.find((application) => application.name === name) ?? null;
    },
    entries: async (id: string) =>
      (
        await walk.query<{ type: string; data: Record<string, unknown>; actor: { name?: string } }>(
          `select type, data, actor from audit where data->>'offboardingId' = $1 order by id`,
          [id],
        )
      ).map((entry) => entry),
    /** The words that only this person is told, in the channel or in the conversation with Latchkey. */
    isTold: (as: string, words: string, where = 'access-requests') =>
      walk.receives(as, words, (m) => m.ephemeral && m.text.includes(words), where),
  };
}
