import { userIdIn } from '../../../src/sandbox/consoles.ts';
import { people } from '../../../src/sandbox/seed.ts';
import type { Ask, SeenMessage } from '../../../src/sandbox/visitor.ts';
import type { PlayedWorld } from './played-world.ts';

export type Card = SeenMessage & { channel: string };
type Asked = { id: string; card: Card };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What people do in the quarter, each as somebody would. Every act ends when all that follows from it is done. */
export type Acting = ReturnType<typeof actingIn>;

/** `from`: the first moment of the quarter. */
export function actingIn(world: PlayedWorld, from: Date) {
  const { visitor, query, settles, clock } = world;
  const markerOf = ({ metadata }: SeenMessage) => metadata?.event_payload?.marker ?? '';

  async function one(text: string, ...values: unknown[]): Promise<string> {
    const [row] = await query<{ id: string | null }>(text, values);
    if (row?.id == null) throw new Error(`there is none: ${text} ${JSON.stringify(values)}`);
    return row.id;
  }
  const changeBecause = (reason: string) =>
    one(
      `select id from changes where doc->>'reason' = $1 and kind = 'grant' order by requested_at desc`,
      reason,
    );
  const cardMarked = (marker: string): Promise<Card> =>
    visitor.until(`the card ${marker}`, async () =>
      (await visitor.messages('sofia', 'access-requests')).find((m) => markerOf(m) === marker),
    );
  const cardOf = (id: string) => cardMarked(`${id}:card`);
  const messageTo = (
    as: string,
    what: string,
    fits: (marker: string, text: string) => boolean,
  ): Promise<Card> =>
    visitor.until(`${as} has: ${what}`, async () =>
      (await visitor.messages(as, 'dm')).findLast((m) => fits(markerOf(m), m.text)),
    );
  async function isState(id: string, state: string): Promise<void> {
    await settles();
    const found = await one('select state as id from changes where id = $1', id);
    if (found !== state) throw new Error(`the change ${id} is ${found}, and not ${state}`);
  }
  async function asks(as: string, what: Ask): Promise<Asked> {
    const sent = await visitor.ask(as, what);
    if (!sent.sent) throw new Error(`the request was not taken: ${JSON.stringify(sent)}`);
    await settles();
    const id = await changeBecause(what.reason);
    return { id, card: await cardOf(id) };
  }
  async function presses(as: string, message: Card, button: string): Promise<void> {
    await visitor.click(as, message, button);
    await settles();
  }

  return {
    ...world,
    changeBecause,
    cardMarked,
    cardOf,
    messageTo,
    isState,
    asks,
    presses,
    /** A day of the quarter, from 0, and the hour in UTC. */
    at: (day: number, hour: number) =>
      world.letPass(new Date(from.getTime() + day * DAY_MS + hour * HOUR_MS)),
    letPassHours: (hours: number) => world.letPass(new Date(clock.now().getTime() + hours * HOUR_MS)),

    /** Approved by each of them, and in effect. */
    async isGiven(as: string, what: Ask, by: readonly string[]): Promise<string> {
      const { id } = await asks(as, what);
      for (const approver of by) await presses(approver, await cardOf(id), 'approve');
      await isState(id, 'inEffect');
      return id;
    },
    /** The message to somebody about a change of theirs. */
    messageAbout: (as: string, id: string) =>
      messageTo(as, `the message about ${id}`, (marker) => marker === `${id}:beneficiary`),
    /** What somebody holds and nobody asked for, and what is missed: as it waits for a decision. */
    changeAbout: (key: string, cause: 'finding' | 'loss') =>
      one(
        `select c.id from changes c join people p on p.id = c.person_id
         where p.email = $1 and c.doc->>'cause' = $2 order by c.requested_at desc`,
        `${key}@acme.example`,
        cause,
      ),
    revokeOf: (id: string) => one('select revoke_id as id from changes where id = $1', id),
    signsIn: (key: string, country: string) =>
      visitor.request('POST', `/okta/sim/users/${key}/sign-in`, { country }),
    slackIdOf: (key: string) => people.find((person) => person.key === key)?.slackId ?? '',
    userId: (key: string) => userIdIn('okta', key),

    /** The address at which an approver signs in afresh, and nobody else sees. */
    linkFor: (as: string, known: readonly string[]): Promise<string> =>
      visitor.until(`the link for ${as}`, async () => {
        const whispers = (await visitor.messages(as, 'access-requests')).filter((m) => m.ephemeral);
        const links = JSON.stringify(whispers.map((m) => m.blocks)).matchAll(
          /"url":"([^"]+\/step-up\/[^"]+)"/g,
        );
        return [...links].map(([, url]) => url ?? '').findLast((url) => !known.includes(url));
      }),
  };
}
