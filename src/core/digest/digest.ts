import type { ChangeState } from '../change/life-cycle.ts';
import type { ChangeId, EntitlementKey, PersonId } from '../ids.ts';
import type { UsageSource } from '../usage/usage.ts';

/** Why a membership stands in a digest, the weightiest first. */
export const lineKinds = [
  'conflict',
  'found',
  'returned',
  'unused',
  'privileged',
  'before',
  'ending',
  'new',
] as const;
/**
 * Why a line is in the digest.
 * - `conflict`: held beside something that nobody may have with it
 * - `found`: found, and not decided yet
 * - `returned`: used again after a long silence
 * - `unused`: its holder has not used Anypoint for long
 * - `privileged`: tier high or critical
 * - `before`: there before Latchkey, and kept
 * - `ending`: its end comes within a week
 * - `new`: given since the last digest
 */
export type LineKind = (typeof lineKinds)[number];

/** What a line showed when the digest was made. */
export type LineFacts = {
  startsAt: Date | null;
  endsAt: Date | null;
  usage: { at: Date; source: UsageSource; what: string | null } | null;
  /** Of somebody who was silent and is back. */
  silence: { at: Date; lastAt: Date } | null;
  conflictsWith: EntitlementKey | null;
};

/** What can be said of a line. `stillNeeded` is the holder's own answer to `ask`. */
export const lineVerbs = ['keep', 'revoke', 'notRenewed', 'ask'] as const;
export type LineVerb = (typeof lineVerbs)[number];

export type LineAnswer = {
  verb: LineVerb;
  by: PersonId;
  byName: string;
  at: Date;
  clickId: string;
  /** The revoke that it led to. */
  revokeId?: ChangeId;
  /** What the holder said when asked. */
  reply?: { at: Date; clickId: string };
};

export type DigestLine = {
  place: number;
  kinds: LineKind[];
  personId: PersonId;
  personName: string;
  entitlementKey: EntitlementKey;
  changeId: ChangeId | null;
  facts: LineFacts;
  answer: LineAnswer | null;
  /** Where the change stands that the line is about, or the revoke that it led to; null: there is none. */
  state: ChangeState | null;
};

/** `personal`: what its reader owns and whom they manage. `security`: the whole picture, for the admins. */
export type DigestKind = 'personal' | 'security';

/** Who knows the reader's time zone. */
export type ZoneFrom = 'directory' | 'chat' | 'neither';

export type Digest = {
  id: string;
  kind: DigestKind;
  personId: PersonId;
  personName: string;
  /** The day that it is for. */
  week: string;
  madeAt: Date;
  askedAt: Date | null;
  /** IANA; where it is from. Null: made before this was kept. */
  timeZone: string;
  zoneFrom: ZoneFrom | null;
  counts: Partial<Record<LineKind, number>>;
  facts: DigestFacts;
};

/** Of the whole installation, for the admins; null in a personal digest. */
export type DigestFacts = SecurityFigures | null;

export type SecurityFigures = {
  held: number;
  people: number;
  privileged: number;
  before: number;
  given: number;
  ended: number;
  findings: number;
  late: number;
  stillLate: number;
  openCases: number;
  unused: number;
  unknownUse: number;
  conflicts: number;
  canary: { hits: number; misses: number; slowestMs: number | null };
  /** Lines of the digests of the week before, and how many of them were answered. */
  lines: number;
  answered: number;
  /** Rules that their last reviewer objected to. Older digests do not have it. */
  objections?: RuleObjection[];
  /** Records of use that can't be read. */
  troubles: string[];
};

/** A reviewer of a campaign said that what a rule gives is wrong. Only an admin can change the catalogue. */
export type RuleObjection = {
  entitlementKey: EntitlementKey;
  title: string;
  by: string;
  campaign: string;
  comment: string | null;
};

/**
 * Pure: the answers that a line can get. A finding is decided on its card. An access that is being taken away is not
 * asked about.
 */
export function verbsOf(line: Pick<DigestLine, 'kinds' | 'facts' | 'answer'>): LineVerb[] {
  if (line.kinds.includes('found')) return [];
  if (line.answer !== null && line.answer.verb !== 'ask') return [];
  const verbs: LineVerb[] = ['keep', 'revoke'];
  if (line.facts.endsAt !== null) verbs.push('notRenewed');
  if (line.answer === null) verbs.push('ask');
  return verbs;
}
