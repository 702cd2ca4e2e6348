import { durationInWords } from '../duration.ts';
import type { MassKind } from '../mass-change/mass-change.ts';
import { figure } from '../mass-change/words.ts';
import type { Clause, Entitlement } from '../policy/catalogue.ts';
import { oneLine } from '../storable.ts';
import { capital } from '../text.ts';
import { type FactSheet, othersInWords } from './request-facts.ts';

/** What the event sources told of who did it. */
export type Told = { actors: string[]; eventSources: string[]; firstAt: Date | null; lastAt: Date | null };

/** The known facts about a finding, when it is put to its owner. */
export type FindingSubject = {
  cause: 'finding' | 'loss';
  /** One person, or a count of many with the departments they are of, most first. */
  who:
    | { name: string; title: string | null; department: string | null; status: string }
    | { count: number; departments: { department: string | null; people: number }[]; inactive: number };
  entitlement: Entitlement;
  group: string;
  /** Of many taken out, those who hold no grant and were there before Latchkey. */
  foundThere?: number;
  told: Told;
  /** People who hold it by a grant. */
  holders: number;
  /** Others who are in the group without a grant, and are not who this is about; null: not known yet. */
  others?: number | null;
  /** How often these people were found in or out of it before. */
  foundBefore: number;
  /** Of one person: what policy says to their keeping it. Of many: how many it refuses, and why. */
  policy: string;
  clauses: readonly Clause[];
};

/** Pure: the numbered facts of what was found, in a fixed order. Labels are stable; prompts and evals key on them. */
export function findingSheet(s: FindingSubject): FactSheet {
  const { entitlement: e } = s;
  const lines: [label: string, text: string, untrusted?: boolean][] = [
    ['found', foundInWords(s)],
    // One person is named, in words that they may have chosen themselves.
    ['people', peopleInWords(s.who), !('count' in s.who)],
    ['entitlement', `${e.title}: ${e.gives}`],
    ['tier', e.tier],
    ['who did it', s.told.actors.length === 0 ? 'not known' : s.told.actors.join(', '), true],
    ['told by', s.told.eventSources.map(sourceInWords).join(', ') || eventSourceWords.reconcile || ''],
    ['when', whenInWords(s.told)],
    ['peers', `${peersInWords(s.holders)}${othersInWords(s.holders, s.others)}`],
    ['earlier findings', s.foundBefore === 0 ? 'none' : figure(s.foundBefore)],
    ['verdict', s.policy],
    [
      'if kept',
      s.cause === 'finding' ? `a grant for ${durationInWords(e.defaultSeconds)}` : putBackInWords(s),
    ],
    // Whoever administers the IdP chooses its name.
    ['group', s.group, true],
  ];
  return {
    facts: lines.map(([label, text, untrusted], i) => ({
      id: `f${i + 1}`,
      label,
      text: oneLine(text),
      untrusted: untrusted ?? false,
    })),
    clauses: [...s.clauses],
  };
}

const eventSourceWords: Record<string, string> = {
  scim: 'a SCIM push',
  oktaHook: 'an Okta event hook',
  oktaLog: 'Okta’s System Log',
  graph: 'a Graph change notification',
  set: 'a security event token',
  reconcile: 'comparing the groups',
  teams: 'comparing the teams',
};

function sourceInWords(source: string): string {
  const known = eventSourceWords[source];
  if (known !== undefined) return known;
  return source.endsWith('Hook') ? 'an event hook of the identity provider' : 'the identity provider’s log';
}

function putBackInWords({ who, foundThere = 0 }: FindingSubject): string {
  if (foundThere === 0) return 'until the grant ends';
  return 'count' in who && foundThere < who.count
    ? 'until the grant ends; who holds none, as before'
    : 'as before';
}

function foundInWords({ cause, who, foundThere = 0 }: FindingSubject): string {
  const [people, are, were] =
    'count' in who ? [`${figure(who.count)} people`, 'are', 'were'] : ['one person', 'is', 'was'];
  return cause === 'finding'
    ? `${people} ${are} in the group that gives this access, and nobody asked for it`
    : `${people} ${were} taken out of the group that gives this access, ${foundThere === 0 ? 'though access was granted' : `of whom ${figure(foundThere)} were in it before Latchkey`}`;
}

function peopleInWords(who: FindingSubject['who']): string {
  if (!('count' in who)) {
    const status = who.status === 'active' ? null : `${who.status} in the identity provider`;
    return [who.name, who.title, who.department, status].filter((part) => part !== null).join(', ');
  }
  const named = who.departments
    .slice(0, 5)
    .map((d) => `${figure(d.people)} in ${d.department ?? 'no department'}`);
  const others = who.departments.slice(5).reduce((n, d) => n + d.people, 0);
  if (others > 0) named.push(`${figure(others)} elsewhere`);
  if (who.inactive > 0) named.push(`${figure(who.inactive)} of them not active`);
  return named.join(', ');
}

function whenInWords({ firstAt, lastAt }: Told): string {
  if (firstAt === null || lastAt === null) return 'not known';
  const minute = (at: Date) => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return minute(firstAt) === minute(lastAt)
    ? minute(firstAt)
    : `between ${minute(firstAt)} and ${minute(lastAt)}`;
}

function peersInWords(holders: number): string {
  if (holders === 0) return 'nobody holds it through Latchkey';
  return holders === 1
    ? '1 person holds it through Latchkey'
    : `${figure(holders)} people hold it through Latchkey`;
}

/** The summary that stands whether or not a model answers. */
export function plainFinding(sheet: FactSheet): string {
  const text = (label: string) => sheet.facts.find((f) => f.label === label)?.text ?? '';
  const by = text('who did it') === 'not known' ? 'who did it is not known' : `done by ${text('who did it')}`;
  return [
    `${capital(text('people'))}.`,
    `Tier ${text('tier')}; ${by}; told by ${text('told by')}.`,
    `${capital(text('peers'))}; earlier findings: ${text('earlier findings')}.`,
    `${capital(text('verdict'))}.`,
  ].join(' ');
}

/** The facts where no entitlement speaks for all: people lost at once, or what one person still holds. */
export function massSheet(
  kind: Extract<MassKind, 'deactivated' | 'moved'>,
  about: { who: string; lines: string[]; count: number },
  clauses: readonly Clause[],
): FactSheet {
  const lines: [label: string, text: string, untrusted?: boolean][] = [
    [
      'found',
      kind === 'moved' ? 'a person moved and still holds access' : 'many people were switched off at once',
    ],
    // One person is named, in words that they may have chosen themselves.
    ['people', about.who, kind === 'moved'],
    ['count', figure(about.count)],
    ...about.lines.map((line): [string, string] => ['held', line]),
  ];
  return {
    facts: lines.map(([label, text, untrusted = false], i) => ({
      id: `f${i + 1}`,
      label,
      text: oneLine(text),
      untrusted,
    })),
    clauses: [...clauses],
  };
}
