import { sql } from 'kysely';
import { pino } from 'pino';
import type { EntitlementKey } from '../../src/core/ids.ts';
import type { Job } from '../../src/core/jobs/reactions.ts';
import type { Catalogue, Entitlement } from '../../src/core/policy/catalogue.ts';
import { makeDueDigests } from '../../src/flow/digest/make.ts';
import { idpsOf } from '../../src/flow/idps/idps.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import { updateCard } from '../../src/flow/update-card.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import type { IdentityProvider } from '../../src/ports/identity-provider.ts';
import type { Notice } from '../../src/ports/messenger.ts';
import { blockComplaints } from '../../src/sandbox/slack/block-kit.ts';
import { cards } from '../../src/slack/app/cards.ts';
import type { SlackContent } from '../../src/slack/blocks.ts';
import { exchange } from '../../src/store/outbox-leases.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { openLocks } from '../../src/store/postgres/locks.ts';
import { ENTITLEMENTS, noonZone, ownerOf } from './digests-crowd.ts';

/**
 * The part of Latchkey that makes and sends the digests, alone in a process whose memory is its own. Its Slack answers
 * at once, keeps each message in a table, and checks it against Block Kit's limits. Prints one line of JSON.
 * `node digests-process.ts <database>`
 */
/** Messages under way side by side, as the lane of a worker has them. */
const AT_ONCE = 8;

const [databaseUrl] = process.argv.slice(2) as [string];
const { catalogue: example } = await loadPolicy('policy');
const [template] = example.entitlements as [Entitlement];
const catalogue: Catalogue = {
  ...example,
  admins: ['p1@bench.example'],
  canary: null,
  bundles: [],
  digest: { weekday: noonZone().weekday, minute: 0, unusedSeconds: 30 * 86_400 },
  entitlements: Array.from({ length: ENTITLEMENTS }, (_, e) => ({
    ...template,
    key: `bench-${e}` as EntitlementKey,
    title: `Entitlement number ${e}`,
    idpGroup: `group-${e}`,
    tier: e % 20 === 0 ? ('high' as const) : ('low' as const),
    owner: ownerOf(e),
    conflicts: [],
  })),
};
const database = await openDatabase(databaseUrl);
const locks = openLocks(databaseUrl);
const posted = new Map<string, number>();
let complaints = 0;
let largest = 0;
const context = {
  db: database.db,
  locks,
  nudge: () => {},
  log: pino({ level: 'warn' }, process.stderr),
  idps: idpsOf({
    system: 'okta',
    name: 'Okta',
    findPeopleByEmail: async () => [],
  } as unknown as IdentityProvider),
  chat: { system: 'slack', name: 'Slack', findByEmail: async () => null, whoIs: async () => null },
  messenger: {
    async post(to: Notice<SlackContent>['to'], content: SlackContent, marker: string) {
      const account = 'account' in to ? to.account : to.channel;
      posted.set(account, (posted.get(account) ?? 0) + 1);
      complaints += blockComplaints(content.blocks).length + (content.text.length > 4_000 ? 1 : 0);
      largest = Math.max(largest, content.blocks.length);
      await sql`insert into bench_posted (account, marker) values (${account}, ${marker})`.execute(
        database.db,
      );
      return { channel: account, ts: String(posted.size) };
    },
    /** What an earlier process posted and could not note any more. */
    async find(to: Notice<SlackContent>['to'], marker: string) {
      const account = 'account' in to ? to.account : to.channel;
      const { rows } = await sql`select from bench_posted where marker = ${marker}`.execute(database.db);
      return rows.length === 0 ? null : { channel: account, ts: 'found' };
    },
    update: async () => true,
  },
  catalogue: {
    current: () => catalogue,
    entitlement: (key: string) => catalogue.entitlements.find((e) => e.key === key) ?? null,
    status: (key: string) => ({
      status: 'ready',
      target: { groupId: key.replace('bench', 'group'), groupName: key, teamId: key, teamName: key },
    }),
  },
} as unknown as Context;

const cardsOnly = {
  jobs: ['updateCard' as const],
  atIdp: { jobs: [], systems: [], connected: [], first: '' },
};

const beganAt = performance.now();
const { made, said } = await makeDueDigests(context);
const madeAt = performance.now();
for (;;) {
  const { leased: due } = await exchange(database.db, [], { limit: AT_ONCE, of: cardsOnly });
  if (due.length === 0) break;
  await Promise.all(
    due.map(async (row) => {
      await updateCard(context, row.payload as Extract<Job, { job: 'updateCard' }>, cards);
      await exchange(database.db, [{ ...row, afterMs: null, fault: null }], null);
    }),
  );
}
const sentAt = performance.now();
const { lines } = (await database.db
  .selectFrom('digest_lines')
  .select((eb) => eb.fn.countAll<string>().as('lines'))
  .executeTakeFirstOrThrow()) as { lines: string };
process.stdout.write(
  `${JSON.stringify({
    makeMs: madeAt - beganAt,
    sendMs: sentAt - madeAt,
    peakMb: process.resourceUsage().maxRSS / 1_024,
    made,
    said,
    lines: Number(lines),
    posted: [...posted.values()].reduce((sum, n) => sum + n, 0),
    recipients: posted.size,
    complaints,
    largest,
  })}\n`,
);
await locks.close();
await database.close();
