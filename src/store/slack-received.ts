import { sql } from 'kysely';
import { takingIn } from './intake.ts';
import type { Db } from './postgres/database.ts';
import { arrayText, statement } from './postgres/statement.ts';

/** Longer than a signed request is good for: five minutes before its timestamp and five after. */
const KEPT_MINUTES = 15;

const noted = takingIn<Buffer, object>({
  keyOf: (key) => key.toString('hex'),
  insertion: (keys) => insertAll(arrayText(keys.map((key) => `\\x${key.toString('hex')}`))),
  alone: async (db, key) => {
    const { rows } = await sql<object>`
      insert into slack_received (key) values (${key}) on conflict do nothing returning true as is_new`.execute(
      db,
    );
    return rows[0] ?? null;
  },
});

const insertAll = statement(
  'received from the chat',
  `insert into slack_received (key) select unnest($1::bytea[]) on conflict do nothing
   returning encode(key, 'hex') as intake_key`,
);

/** Notes a request of Slack's by what only it has; false when it was noted before, here or by another replica. */
export async function receiveOnce(db: Db, key: Buffer): Promise<boolean> {
  return (await noted(db, key)) !== null;
}

/** Those that Slack's own timestamp keeps out by now. */
export async function forgetSlackReceived(db: Db): Promise<void> {
  await sql`delete from slack_received
    where received_at < clock_timestamp() - ${KEPT_MINUTES} * interval '1 minute'`.execute(db);
}
