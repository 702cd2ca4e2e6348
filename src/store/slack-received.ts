import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Longer than a signed request is good for: five minutes before its timestamp and five after. */
const KEPT_MINUTES = 15;

/** Notes a request of Slack's by what only it has; false when it was noted before, here or by another replica. */
export async function receiveOnce(db: Db, key: Buffer): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into slack_received (key) values (${key}) on conflict do nothing`.execute(db);
  return numAffectedRows === 1n;
}

/** Those that Slack's own timestamp keeps out by now. */
export async function forgetSlackReceived(db: Db): Promise<void> {
  await sql`delete from slack_received
    where received_at < clock_timestamp() - ${KEPT_MINUTES} * interval '1 minute'`.execute(db);
}
