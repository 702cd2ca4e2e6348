import { type Command, InvalidArgumentError, Option } from 'commander';
import { couldReach } from '../core/evidence/reach.ts';
import { reachInWords, utc, whyInWords } from '../core/evidence/words.ts';
import { nearest } from '../core/nearest.ts';
import type { Catalogue } from '../core/policy/catalogue.ts';
import { archivedBefore, recordBegan } from '../store/evidence/coverage.ts';
import { placesNamed } from '../store/evidence/places.ts';
import { knownGroups, type NamedReach, type ReachScope, reachAt } from '../store/evidence/reach.ts';
import { peopleByEmail } from '../store/people.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ReviewTools } from './review-named.ts';

type Given = {
  at?: Date;
  person?: string;
  entitlement?: string;
  team?: string;
  group?: string;
  json?: boolean;
};

/** `latchkey who`: who could reach something at a moment, and why, from the record. */
export function whoCommand(program: Command, { withDatabase, catalogue, say, fail }: ReviewTools): void {
  program
    .command('who')
    .description('who could reach something at a moment, and why, from the record')
    .option(
      '--at <time>',
      'a day (its first moment in UTC), or a time as 2026-03-03T14:00Z; without, now',
      moment,
    )
    .option('--entitlement <key>', 'who could reach this')
    .option('--team <name>', 'who was in this Anypoint team; its name or id')
    .option('--group <name>', 'who was in this group of the identity provider; its name or id')
    .option('--person <email>', 'what this person could reach')
    .addOption(new Option('--json', 'a line of JSON each'))
    .action(async (given: Given) => {
      const book = await catalogue();
      await withDatabase(async (db) => {
        const now = await databaseNow(db);
        const at = given.at ?? now;
        const scope =
          at > now
            ? `${utc(at)} is not over yet: nobody knows who can reach what then`
            : await scopeOf(db, given, book);
        if (typeof scope === 'string') {
          say(scope);
          return fail();
        }
        const limits = await limitsOf(db, at);
        if (given.json === true && limits.length > 0) say(JSON.stringify({ limits }));
        const counts = { could: 0, others: 0 };
        for await (const one of reachAt(db, at, scope, { known: knownGroups(book) })) {
          counts[couldReach(one) ? 'could' : 'others'] += 1;
          if (given.json === true) say(JSON.stringify({ couldReach: couldReach(one), ...one }));
          else for (const line of inWords(one)) say(line);
        }
        if (given.json === true) return;
        say(totalInWords(at, counts));
        for (const limit of limits) say(`It can’t tell all: ${limit}`);
      });
    });
}

/** What of that moment is not in the record that is at hand; empty: nothing. */
async function limitsOf(db: Db, at: Date): Promise<string[]> {
  const [archived, began] = [await archivedBefore(db), await recordBegan(db)];
  if (archived !== null)
    return [
      `audit entries from before ${utc(archived)} are in an archive and were not read, so what was given before that may be missing. Bring them back (latchkey audit restore), and ask again.`,
    ];
  return began !== null && began <= at
    ? []
    : [
        `the record begins ${began === null ? 'only now' : `at ${utc(began)}`}, after that moment: who held what then is not in it, but for what was there when Latchkey first looked.`,
      ];
}

/** What was asked about; a sentence where it can't be meant. */
async function scopeOf(
  db: Db,
  { person, entitlement, team, group }: Given,
  { entitlements }: Catalogue,
): Promise<ReachScope | string> {
  const scope: ReachScope = {};
  if (person !== undefined) {
    const [one, another] = await peopleByEmail(db, person);
    if (one === undefined) return `nobody is known as ${person}`;
    if (another !== undefined) return `several people are known as ${person}`;
    scope.personId = one.id;
  }
  if (entitlement !== undefined) {
    const keys: string[] = [
      ...entitlements.map(({ key }) => key),
      ...(await placesNamed(db, 'entitlement', entitlement)),
    ];
    if (!keys.includes(entitlement)) {
      const meant = nearest(entitlement, keys);
      return `there is no entitlement ${entitlement}, and there never was${meant === null ? '' : `; did you mean ${meant}?`}`;
    }
    scope.entitlementKey = entitlement;
  }
  for (const [kind, name] of [
    ['team', team],
    ['group', group],
  ] as const) {
    if (name === undefined) continue;
    const [id, ...others] = await placesNamed(db, kind, name);
    if (id === undefined) return `the record knows no ${kind} called ${name}`;
    if (others.length > 0)
      return `several ${kind}s were called ${name}; say which by its id: ${[id, ...others].join(', ')}`;
    scope[kind === 'team' ? 'teamId' : 'groupId'] = id;
  }
  return Object.keys(scope).length === 0
    ? 'say whose access it is about: --entitlement, --team, --group or --person'
    : scope;
}

function inWords(one: NamedReach): string[] {
  const { name, email, entitlementKey, target, is, since, until, changeId } = one;
  const what = entitlementKey ?? target.groupName ?? target.teamName ?? target.teamId ?? 'a team';
  const ends = until === null ? '' : `, until ${utc(until)}`;
  const change = changeId === null ? '' : `  (change ${changeId})`;
  return [
    `${name} <${email}>  ${what}: ${reachInWords[is]}, since ${utc(since)}${ends}`,
    `    ${whyInWords(one, one.requester)}${change}`,
  ];
}

function totalInWords(at: Date, { could, others }: { could: number; others: number }): string {
  const rest = others === 0 ? '' : `, and ${others} that could not be used then`;
  return `${utc(at)}: ${could === 0 ? 'no access' : could === 1 ? '1 access' : `${could} accesses`} that could be used${rest}.`;
}

/** A day, its first moment in UTC, or a time with its offset. */
function moment(text: string): Date {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (!isDay && !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text))
    throw new InvalidArgumentError('a day as 2026-03-03, or a time as 2026-03-03T14:00Z.');
  const at = new Date(isDay ? `${text}T00:00:00Z` : text);
  // A day that no month has is taken for one of the next month.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (
    Number.isNaN(at.getTime()) ||
    Number.isNaN(day.getTime()) ||
    day.toISOString().slice(0, 10) !== text.slice(0, 10)
  )
    throw new InvalidArgumentError(`${text} is no day of the calendar, or no time.`);
  return at;
}
