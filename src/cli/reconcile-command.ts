import type { Command } from 'commander';
import type { Evidence } from '../flow/drift/reconcile.ts';
import { commit } from '../flow/kernel/commit.ts';
import type { Db } from '../store/postgres/database.ts';
import { lastComparison, openComparison, type PastRun } from '../store/reconcile/runs.ts';

/** What the command is given by the program. */
export type ReconcileTools = {
  withDatabase(work: (db: Db) => Promise<void>): Promise<void>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

/**
 * `latchkey reconcile`: owes a comparison now instead of within five minutes; whichever Latchkey runs on this database
 * does it. Says what the last one found.
 */
export function reconcileCommand(program: Command, { withDatabase, say, fail }: ReconcileTools): void {
  program
    .command('reconcile')
    .description(
      'compare desired, identity provider and Anypoint now, and say what the last comparison found',
    )
    .option('--last', 'ask for none; end 1 unless the last one found that all agree')
    .option('--json', 'as JSON')
    .action(async (given: { last?: boolean; json?: boolean }) => {
      await withDatabase(async (db) => {
        const last = await lastComparison(db);
        const since = await openComparison(db);
        // One that is under way is what was asked for.
        const isAsked = given.last !== true && since === null;
        if (isAsked) await commit(db, async () => ({ result: null, jobs: [{ job: 'beginReconcile' }] }));
        if (given.json === true)
          say(JSON.stringify({ asked: isAsked, underWaySince: since?.toISOString() ?? null, last }, null, 2));
        else for (const line of inWords({ last, since, isAsked })) say(line);
        if (given.last === true && (last === null || !evidenceOf(last).allAgree)) fail();
      });
    });
}

type Told = { last: PastRun | null; since: Date | null; isAsked: boolean };

function inWords({ last, since, isAsked }: Told): string[] {
  return [
    ...(last === null ? ['No comparison has been carried to its end yet.'] : lastInWords(last)),
    ...(since === null ? [] : [`One is under way since ${utc(since)}.`]),
    ...(isAsked
      ? [
          'Asked for one: Latchkey begins it within seconds, or when it is started. What it found: reconcile --last',
        ]
      : []),
  ];
}

function lastInWords(last: PastRun): string[] {
  const found = evidenceOf(last);
  const { groups, teams, apart, unread, peopleLookedAt: looked } = found;
  const counts = `${groups.read} groups (${groups.members ?? 0} members), ${teams.read} teams (${teams.members ?? 0} members)`;
  return [
    `The last comparison ended ${utc(last.finishedAt)} after ${found.seconds} s: ${counts}.`,
    ...(found.allAgree ? ['All agreed.'] : []),
    ...(apart.length === 0 ? [] : [`Did not agree: ${apart.join(', ')}. What differs is on its way.`]),
    ...differences('In the groups', groups, {
      finding: 'there and not asked for',
      lost: 'asked for and not there',
      inHand: 'being worked on',
      unpushed: 'not pushed by SCIM',
      pushedOnly: 'pushed by SCIM alone',
    }),
    ...differences('In the teams', teams, {
      missing: 'missing',
      extra: 'there and not wanted',
      held: 'left there, for so many at once may be a mistake',
    }),
    ...(unread.length === 0 ? [] : [`Could not be read: ${unread.join('; ')}. The next one tries again.`]),
    ...(looked === 0 ? [] : [`People looked at anew: ${looked}.`]),
  ];
}

function differences(
  where: string,
  counted: Record<string, number>,
  words: Record<string, string>,
): string[] {
  const said = Object.entries(words)
    .filter(([name]) => (counted[name] ?? 0) > 0)
    .map(([name, text]) => `${counted[name]} ${text}`);
  return said.length === 0 ? [] : [`${where}: ${said.join(', ')}.`];
}

/** As `reconcile` wrote it. */
function evidenceOf({ found }: PastRun): Evidence {
  return found as Evidence;
}

/** `2026-11-25 04:10:02 UTC`. */
function utc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
