import type pg from 'pg';

/** A lock that is held. */
export type HeldLock = {
  /** False: it has ended with its connection. */
  isHeld(): boolean;
  /** Never throws: what can't be given back ends with its connection. */
  giveBack(): Promise<void>;
};

/** The connection that holds the locks of this process. */
export type LockSession = {
  /** Null: another process holds it. Must not be called for a name that is held here. */
  take(name: string): Promise<HeldLock | null>;
};

type Taking = { name: string; resolve: (lock: HeldLock | null) => void; reject: (error: unknown) => void };
type Giving = { name: string; resolve: () => void };

const TAKE = `select name, pg_try_advisory_lock(hashtextextended(name, 0)) as taken
  from unnest($1::text[]) with ordinality as asked (name, place) order by place`;
const GIVE = 'select pg_advisory_unlock(hashtextextended(name, 0)) from unnest($1::text[]) as asked (name)';

/** What is given back waits so long, in milliseconds, for the trip of one that is taken. */
const GIVES_WAIT_MS = 3;

/** One connection while locks are held on it. `held`: how many. */
type Session = {
  client: pg.PoolClient;
  fallQuiet: () => void;
  held: number;
  isOver: boolean;
  broken: Error | undefined;
};

/**
 * What is taken and given back within one turn of the event loop is a statement each, and both are one trip. The
 * connection goes back to the pool when nothing is held on it. `signsMs`: so often it shows a sign of life meanwhile.
 */
export function createLockSession(pool: pg.Pool, signsMs: number): LockSession {
  let session: Session | null = null;
  let takings: Taking[] = [];
  const givings = new Map<Session, Giving[]>();
  let isWorking = false;
  let givesWait: NodeJS.Timeout | undefined;

  function soon(): void {
    if (isWorking) return;
    if (takings.length > 0) setImmediate(begin);
    else givesWait ??= setTimeout(begin, GIVES_WAIT_MS);
  }

  function begin(): void {
    if (isWorking) return;
    clearTimeout(givesWait);
    givesWait = undefined;
    isWorking = true;
    void work().finally(() => {
      isWorking = false;
      if (takings.length > 0 || givings.size > 0) soon();
    });
  }

  /** In this order: what this process gives back and wants again goes to another process first, if one waits for it. */
  async function work(): Promise<void> {
    const given = [...givings];
    givings.clear();
    const asked = takings;
    takings = [];
    await Promise.all([
      ...given.map(([from, some]) => giveAll(from, some)),
      ...(asked.length === 0 ? [] : [takeAll(asked)]),
    ]);
    if (session !== null && session.held === 0) end(session);
  }

  async function giveAll(from: Session, given: readonly Giving[]): Promise<void> {
    from.held -= given.length;
    if (!from.isOver)
      await from.client
        .query({ name: 'locks_give', text: GIVE, values: [given.map(({ name }) => name)] })
        .catch((error: Error) => lose(from, error));
    for (const { resolve } of given) resolve();
  }

  async function takeAll(asked: readonly Taking[]): Promise<void> {
    let on: Session | null = null;
    try {
      on = await current();
      // Counted before it is asked: an answer that is lost may have taken them.
      const { rows } = await on.client.query<{ name: string; taken: boolean }>({
        name: 'locks_take',
        text: TAKE,
        values: [asked.map(({ name }) => name)],
      });
      for (const [n, { name, resolve }] of asked.entries())
        resolve(rows[n]?.taken === true ? hold(on, name) : null);
    } catch (error) {
      if (on !== null) lose(on, error as Error);
      for (const { reject } of asked) reject(error);
    }
  }

  function hold(on: Session, name: string): HeldLock {
    on.held += 1;
    return {
      isHeld: () => !on.isOver,
      giveBack: () =>
        new Promise((resolve) => {
          givings.set(on, [...(givings.get(on) ?? []), { name, resolve }]);
          soon();
        }),
    };
  }

  async function current(): Promise<Session> {
    if (session !== null) return session;
    const client = await pool.connect();
    const noSigns = showSignsOfLife(client, signsMs, (error) => lose(made, error));
    const lost = () => lose(made, new Error('the connection that held the locks has ended'));
    client.once('end', lost);
    const fallQuiet = () => {
      noSigns();
      client.off('end', lost);
    };
    const made: Session = { client, fallQuiet, held: 0, isOver: false, broken: undefined };
    session = made;
    return made;
  }

  /** Its locks have ended with it. Whoever works under one goes on: what they write is repeatable. */
  function lose(one: Session, error: Error): void {
    one.broken = error;
    end(one);
  }

  function end(one: Session): void {
    if (one.isOver) return;
    one.isOver = true;
    one.fallQuiet();
    if (session === one) session = null;
    one.client.release(one.broken);
  }

  return {
    take: (name) =>
      new Promise((resolve, reject) => {
        takings.push({ name, resolve, reject });
        soon();
      }),
  };
}

/** While locks are held, little else is asked on their connection. `lost`: it has ended. Answers what ends the signs. */
export function showSignsOfLife(
  client: pg.PoolClient,
  everyMs: number,
  lost: (error: Error) => void,
): () => void {
  const timer = setInterval(() => void client.query('select 1').catch(lost), everyMs).unref();
  return () => clearInterval(timer);
}
