import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { crowdPerson } from './crowd.ts';
import type { Scene } from './scene.ts';
import { createSlackSender, slackIdOf } from './slack-sender.ts';

export type Traveller = ReturnType<typeof createTraveller>;

const POLL_MS = 15;
const PATIENCE_MS = 120_000;

/** Slack had no answer in time, or was told that it could not be stored: whoever asked knows that nothing came of it. */
export class NotReceived extends Error {}

const isOver = (state: string) => state === 'inEffect' || state === 'failed' || state === 'superseded';

type Waiting = {
  since: number;
  isThere: (state: string) => boolean;
  resolve: (state: string) => void;
  reject: (e: Error) => void;
};

/** Sends changes down the road as Slack would and watches them in the database, all with one query at a time. */
export function createTraveller(scene: Scene) {
  const slack = createSlackSender(scene.latchkeyUrl);
  const waiting = new Map<string, Waiting>();
  let isPolling = false;

  async function poll(): Promise<void> {
    isPolling = true;
    while (waiting.size > 0) {
      const ids = [...waiting.keys()];
      const { rows } = await scene.db.query<{ id: string; state: string }>({
        name: 'states',
        text: 'select id, state from changes where id = any($1::uuid[])',
        values: [ids],
      });
      for (const { id, state } of rows) {
        const one = waiting.get(id);
        if (one?.isThere(state) !== true) continue;
        waiting.delete(id);
        one.resolve(state);
      }
      for (const [id, one] of waiting)
        if (Date.now() - one.since > PATIENCE_MS) {
          waiting.delete(id);
          one.reject(new Error('a change stands still'));
        }
      await sleep(POLL_MS);
    }
    isPolling = false;
  }

  function reaches(id: string, isThere: (state: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      waiting.set(id, { since: Date.now(), isThere, resolve, reject });
      if (!isPolling)
        void poll().catch((error: Error) => {
          isPolling = false;
          for (const one of waiting.values()) one.reject(error);
        });
    });
  }

  return {
    slack,
    /** Files a request of one of the crowd; resolves to the change's id once approvers are asked. */
    async ask(n: number, entitlement: string): Promise<string> {
      const person = crowdPerson(n);
      const acked = await slack.ask(person.slackId, entitlement);
      if (acked.status !== 200 || acked.body !== '')
        throw new NotReceived(`not received: ${acked.status} ${acked.body}`);
      const id = await changeOf(scene.db, person.email, entitlement);
      await reaches(id, (state) => state !== 'received');
      return id;
    },
    approve: (id: string, approver = 'tom') => slack.approve(slackIdOf(approver), id),
    /** Until it is in effect or can never be. */
    arrives: (id: string) => reaches(id, isOver),
    /** Whoever holds it gives it back; resolves once it is seen gone. */
    async giveBack(n: number, id: string): Promise<void> {
      const { status } = await slack.release(crowdPerson(n).slackId, id);
      if (status !== 200) throw new Error(`not given back: ${status}`);
      await reaches(id, (state) => state === 'ended');
      const { rows } = await scene.db.query<{ revoke_id: string }>(
        'select revoke_id from changes where id = $1',
        [id],
      );
      const state = await reaches(rows[0]?.revoke_id ?? '', isOver);
      if (state !== 'inEffect') throw new Error(`an end is ${state}`);
    },
    close: () => slack.close(),
  };
}

async function changeOf(db: pg.Pool, email: string, entitlement: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>({
    name: 'change of',
    text: `select c.id from changes c join people p on p.id = c.person_id
      where lower(p.email) = $1 and c.entitlement_key = $2 order by c.requested_at desc limit 1`,
    values: [email, entitlement],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`no change of ${email}`);
  return row.id;
}

/** Runs `work` for every item, at most `width` at once. */
export async function abreast<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}
