import type { Ask, SeenMessage } from '../../../src/sandbox/visitor.ts';
import type { PlayedWorld } from './played-world.ts';

export type Card = SeenMessage & { channel: string };
export type Asked = { id: string; card: Card };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What people do in the quarter, each as somebody would. Every act ends when all that follows from it is done. */
export type Acting = ReturnType<typeof actingIn>;

/** `from`: the first moment of the quarter. */
export function actingIn(world: PlayedWorld, from: Date) {
  const { visitor, query, settles } = world;
  const marked = (message: SeenMessage, marker: string) => message.metadata?.event_payload?.marker === marker;
  const stateOf = async (id: string) =>
    (await query<{ state: string }>('select state from changes where id = $1', [id]))[0]?.state;

  async function cardOf(id: string): Promise<Card> {
    return await visitor.until(`the card of ${id}`, async () =>
      (await visitor.messages('sofia', 'access-requests')).find((m) => marked(m, `${id}:card`)),
    );
  }
  async function isState(id: string, state: string): Promise<void> {
    await settles();
    const found = await stateOf(id);
    if (found !== state) throw new Error(`the change ${id} is ${found}, and not ${state}`);
  }

  return {
    ...world,
    cardOf,
    isState,
    /** A day of the quarter, from 0, and the hour in UTC. */
    at: (day: number, hour = 9) => world.letPass(new Date(from.getTime() + day * DAY_MS + hour * HOUR_MS)),

    /** Sends the form. The reason has to be told once only. */
    async asks(as: string, what: Ask): Promise<Asked> {
      const sent = await visitor.ask(as, what);
      if (!sent.sent) throw new Error(`the request was not taken: ${JSON.stringify(sent)}`);
      await settles();
      const [change] = await query<{ id: string }>(
        `select id from changes where doc->>'reason' = $1 and kind = 'grant'`,
        [what.reason],
      );
      if (change === undefined) throw new Error(`nothing was stored: ${what.reason}`);
      return { id: change.id, card: await cardOf(change.id) };
    },
    async presses(as: string, message: Card, button: string): Promise<void> {
      await visitor.click(as, message, button);
      await settles();
    },
    /** Approved by each of them, and in effect. */
    async isGiven(as: string, what: Ask, by: readonly string[] = ['olga']): Promise<string> {
      const { id } = await this.asks(as, what);
      for (const one of by) await this.presses(one, await cardOf(id), 'approve');
      await isState(id, 'inEffect');
      return id;
    },
    /** The newest message to somebody that fits. */
    async messageTo(as: string, what: string, fits: (m: SeenMessage) => boolean): Promise<Card> {
      return await visitor.until(`${as} has: ${what}`, async () =>
        (await visitor.messages(as, 'dm')).findLast(fits),
      );
    },
  };
}
