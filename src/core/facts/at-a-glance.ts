import { type Change, isFound } from '../change/change.ts';
import { durationInWords, roughlyInWords } from '../duration.ts';
import type { Entitlement } from '../policy/catalogue.ts';
import { isPrivileged } from '../policy/privileged.ts';
import type { RecordedFacts } from '../policy/verdict.ts';
import { oneLine } from '../storable.ts';
import { capital } from '../text.ts';
import { othersInWords } from './request-facts.ts';

/**
 * The part of a card that is seen at a glance, beside the request itself: the beneficiary, and what is out of the
 * ordinary.
 */
export type AtAGlance = {
  /** As the directory has them. Names and titles are words of others. */
  who: {
    title: string | null;
    department: string | null;
    manager: string | null;
    /** When their account was made in the directory (ISO 8601); null: it does not tell. */
    since: string | null;
    /** Whether they are on call, and where they last signed in, as a sentence; left out: no rule asks for it. */
    presence?: string;
  };
  /** Sentences without a full stop; empty: nothing is. */
  unusual: string[];
  /** Where nothing is: why not, as a sentence; null: nobody looked, for nobody asked. */
  usual: string | null;
};

/** What is known when something is put to somebody. */
export type GlanceSubject = {
  change: Pick<Change, 'cause' | 'ticket' | 'requestedAt'>;
  entitlement: Pick<Entitlement, 'tier' | 'maxSeconds' | 'defaultSeconds'>;
  beneficiary: { name: string; title: string | null; department: string | null; since: Date | null };
  /** The manager’s name where it is known, else what the directory has in its place. */
  manager: string | null;
  requestedSeconds: number;
  holders: number;
  holdersInDepartment: number;
  earlierGrants: number;
  heldUntil: Date | null;
  isIn?: 'before' | 'found' | null;
  /** Others who are in its group without a grant; null: not known yet. */
  others?: number | null;
  /** By the beneficiary's own clock; left out: it is not known where they are. */
  facts?: Pick<RecordedFacts, 'hour' | 'weekday' | 'isOnCall' | 'location'> | undefined;
};

/** Somebody whose account is younger is new. */
const NEW_SECONDS = 30 * 86_400;
const DAY_BEGINS = 7;
const DAY_ENDS = 20;

/** Pure: what an approver needs to see first. */
export function atAGlance(subject: GlanceSubject): AtAGlance {
  const { beneficiary, manager, change } = subject;
  const who = {
    title: beneficiary.title,
    department: beneficiary.department,
    manager: manager === null ? null : oneLine(manager) || null,
    since: beneficiary.since?.toISOString() ?? null,
    ...presenceOf(subject),
  };
  if (isFound(change) || (change.cause !== 'request' && change.cause !== 'extension'))
    return { who, unusual: [], usual: null };
  const unusual = [
    ...ofHistory(subject),
    ...ofColleagues(subject),
    ...ofTheAsking(subject),
    ...ofThePerson(subject),
  ].map(oneLine);
  return { who, unusual, usual: unusual.length > 0 ? null : usual(subject) };
}

function presenceOf({ facts }: GlanceSubject): Pick<AtAGlance['who'], 'presence'> {
  const { isOnCall, location } = facts ?? {};
  const parts = [
    ...(isOnCall === undefined ? [] : [isOnCall ? 'on call' : 'not on call']),
    ...(location === undefined ? [] : [`last sign-in from ${oneLine(location)}`]),
  ];
  return parts.length === 0 ? {} : { presence: `${capital(parts.join('; '))}.` };
}

function isSensitive({ entitlement: { tier } }: GlanceSubject): boolean {
  return isPrivileged(tier);
}

function firstName({ beneficiary: { name } }: GlanceSubject): string {
  return name.split(' ')[0] ?? name;
}

function ofHistory(subject: GlanceSubject): string[] {
  const { earlierGrants, heldUntil, isIn = null } = subject;
  if (isIn === 'found') return [`${firstName(subject)} is in its group already, and nobody gave that here`];
  const isFirst = earlierGrants === 0 && heldUntil === null && isIn === null;
  return isFirst && isSensitive(subject) ? [`the first time for ${firstName(subject)}`] : [];
}

function ofColleagues(subject: GlanceSubject): string[] {
  const { holders, holdersInDepartment, beneficiary } = subject;
  if (holders === 0)
    return isSensitive(subject)
      ? [`nobody holds it through Latchkey${othersInWords(0, subject.others)}`]
      : [];
  if (holdersInDepartment > 0 || beneficiary.department === null) return [];
  return [
    `nobody else in ${beneficiary.department} holds it through Latchkey; ${people(holders)} elsewhere ${holders === 1 ? 'does' : 'do'}`,
  ];
}

function ofTheAsking(subject: GlanceSubject): string[] {
  const { change, entitlement, requestedSeconds, facts } = subject;
  const { hour, weekday } = facts ?? {};
  const isLongest =
    change.cause === 'request' &&
    requestedSeconds >= entitlement.maxSeconds &&
    entitlement.maxSeconds > entitlement.defaultSeconds;
  const isOff =
    hour !== undefined &&
    weekday !== undefined &&
    (weekday === 'saturday' || weekday === 'sunday' || hour < DAY_BEGINS || hour >= DAY_ENDS);
  return [
    ...(change.ticket === null && isSensitive(subject) ? ['no ticket'] : []),
    ...(isLongest ? [`for the longest time there is, ${durationInWords(entitlement.maxSeconds)}`] : []),
    ...(isOff ? [`outside their working hours: ${capital(weekday)}, about ${hour}:00 their time`] : []),
  ];
}

function ofThePerson({ beneficiary: { since }, manager, change }: GlanceSubject): string[] {
  const known = since === null ? null : (change.requestedAt.getTime() - since.getTime()) / 1_000;
  return [
    ...(known !== null && known < NEW_SECONDS
      ? [`new: in the directory for ${roughlyInWords(Math.max(1, known))}`]
      : []),
    ...(manager === null ? ['the directory names no manager for them'] : []),
  ];
}

function usual(subject: GlanceSubject): string {
  const { earlierGrants, holdersInDepartment, holders, beneficiary } = subject;
  const why = [
    ...(earlierGrants > 0
      ? [`given to ${firstName(subject)} ${earlierGrants === 1 ? 'once' : `${earlierGrants} times`} before`]
      : []),
    ...(holdersInDepartment > 0 && beneficiary.department !== null
      ? [`held by ${people(holdersInDepartment)} in ${beneficiary.department}`]
      : holders > 0
        ? [`held by ${people(holders)}`]
        : []),
  ].map(oneLine);
  return why.length === 0 ? 'Nothing unusual was found' : `Nothing unusual: ${why.join('; ')}`;
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}
