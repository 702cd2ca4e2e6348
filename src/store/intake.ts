import { Fault } from '../core/fault.ts';
import { type Db, intakePoolOf } from './postgres/database.ts';
import { gathering } from './postgres/gathering.ts';
import type { Bound } from './postgres/statement.ts';

/** In one statement at most. */
const MAX_TOGETHER = 64;
/** Slack waits three seconds for two of these and our answer. */
const PATIENCE_MS = 400;

/** How one kind of thing is taken in. `keyOf` is that of the row in its table too. */
export type Intake<Asked, Row> = {
  keyOf(asked: Asked): string;
  /** Inserts them all; the statement answers, for each that is new, its row with `intake_key`. */
  insertion(together: readonly Asked[]): Bound;
  /** Inserts one, and says what is wrong with it. */
  alone(db: Db, asked: Asked): Promise<Row | null>;
};

/**
 * Stores what somebody waits to have taken in, and answers its row; null for what is there already. It does not stand
 * behind the work of this process for a connection: it has its own. What comes while another statement is on its way
 * shares the next one, and its commit. One that can't be stored, or has to wait for somebody's lock, holds up no other, and nor does a connection that has fallen silent.
 */
export function takingIn<Asked, Row extends object>({
  keyOf,
  insertion,
  alone,
}: Intake<Asked, Row>): (db: Db, asked: Asked) => Promise<Row | null> {
  const gathered = new WeakMap<Db, ReturnType<typeof gather>>();

  function gather(db: Db) {
    return gathering<Asked, { row: Row | null }>({
      most: MAX_TOGETHER,
      keyOf,
      patienceMs: PATIENCE_MS,
      async carryOut(together) {
        try {
          const { values, ...bound } = insertion(together);
          const { rows } = await intakePoolOf(db).query<Row & { intake_key: string }>({
            ...bound,
            values: [...values],
          });
          const made = new Map(rows.map(({ intake_key, ...row }) => [intake_key, row as unknown as Row]));
          return together.map((asked) => ({ row: made.get(keyOf(asked)) ?? null }));
        } catch (error) {
          // PostgreSQL has refused one of them, and so all: none of them is stored.
          if (!(error instanceof Fault)) return together.map(() => null);
          throw error;
        }
      },
    });
  }

  return async (db, asked) => {
    const together = gathered.get(db) ?? gather(db);
    gathered.set(db, together);
    const answer = await together(asked);
    return answer === null ? await alone(db, asked) : answer.row;
  };
}
