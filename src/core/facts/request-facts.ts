import { durationInWords } from '../duration.ts';
import type { Clause, Entitlement } from '../policy/catalogue.ts';
import { type TicketFact, ticketInWords } from '../policy/ticket-fact.ts';
import type { RequestFacts, Verdict } from '../policy/verdict.ts';
import { oneLine, seenWords } from '../storable.ts';
import { capital } from '../text.ts';

/** One numbered fact (`f1`, `f2`...), ready to be read by people and by the model. */
export type SheetFact = {
  id: string;
  label: string;
  text: string;
  /** The requester's own words or anything else that a stranger could have written, their name and title too. */
  untrusted: boolean;
};

/** The one document the model reads. */
export type FactSheet = {
  facts: SheetFact[];
  /** The written policy's clauses that bear on this change, e.g. `AC-3`. */
  clauses: Clause[];
};

/** What is known about a request when it is put to approvers. */
export type SheetSubject = {
  entitlement: Entitlement;
  beneficiary: { name: string; title: string | null; department: string | null };
  requester: { name: string } | null;
  reason: string;
  ticket: string | null;
  requestedSeconds: number;
  holders: number;
  holdersInDepartment: number;
  earlierGrants: number;
  /** Others who are in its group without a grant of Latchkey's; null: not known yet. Left out: nobody looked. */
  others?: number | null;
  /** The person themselves is in the group without a grant: since before Latchkey, or found there. */
  isIn?: 'before' | 'found' | null;
  heldUntil: Date | null;
  verdict: Verdict;
  clauses: readonly Clause[];
};

/** Pure: the numbered facts of a request, in a fixed order. Labels are stable; prompts and evals key on them. */
export function factSheet(subject: SheetSubject): FactSheet {
  const { entitlement: e, beneficiary: b } = subject;
  const lines: [label: string, text: string, untrusted?: boolean][] = [
    ['person', [b.name, b.title, b.department].filter((part) => part !== null).join(', '), true],
    ['entitlement', `${e.title}: ${e.gives}`],
    ['tier', e.tier],
    ['duration', `${durationInWords(subject.requestedSeconds)} of at most ${durationInWords(e.maxSeconds)}`],
    ['ticket', subject.ticket ?? 'none given', subject.ticket !== null],
    ['peers', peersInWords(subject)],
    ['history', historyInWords(subject)],
    ['verdict', subject.verdict.grounds.map((g) => g.text).join('; ')],
    ['reason', subject.reason, true],
  ];
  if (subject.requester !== null) lines.splice(1, 0, ['requested by', subject.requester.name, true]);
  const { conflicts = [] } = subject.verdict;
  if (conflicts.length > 0) lines.push(['conflicts', conflicts.map((c) => c.text).join('; ')]);
  lines.push(...ticketOf(subject.verdict.facts?.ticketFound));
  lines.push(...outsideOf(subject.verdict.facts ?? {}));
  if (subject.heldUntil !== null) lines.push(['held until', subject.heldUntil.toISOString()]);
  return {
    facts: lines.map(([label, text, untrusted], i) => ({
      id: `f${i + 1}`,
      label,
      text: label === 'reason' ? seenWords(text) : oneLine(text),
      untrusted: untrusted ?? false,
    })),
    clauses: [...subject.clauses],
  };
}

/** What its source says of the ticket: words of others. */
function ticketOf(ticket: TicketFact | undefined): [label: string, text: string, untrusted: boolean][] {
  if (ticket === undefined) return [];
  const { title, assignee } = ticket;
  const more = [
    ...(title === null ? [] : [`its title: ${title}`]),
    ...(assignee === null ? [] : [`assigned to ${assignee}`]),
  ];
  return [['ticket looked up', [ticketInWords(ticket), ...more].join('; '), true]];
}

type Outside = Pick<RequestFacts, 'isOnCall' | 'location'>;

/** What only others could say, where it is known. */
function outsideOf({ isOnCall, location }: Outside): [label: string, text: string][] {
  return [
    ...(isOnCall === undefined ? [] : [['on call', isOnCall ? 'yes' : 'no'] satisfies [string, string]]),
    ...(location === undefined ? [] : [['last sign-in from', location] satisfies [string, string]]),
  ];
}

/** `on call: yes`, `last sign-in from: Germany`. */
export function outsideInWords(facts: Outside): string[] {
  return outsideOf(facts).map(([label, text]) => `${label}: ${text}`);
}

/** Others than the person: by a grant, and without one. */
function peersInWords(subject: SheetSubject): string {
  return `${grantedInWords(subject)}${othersInWords(subject.holders, subject.others)}`;
}

function grantedInWords({ holders, holdersInDepartment: near }: SheetSubject): string {
  if (holders === 0) return 'nobody holds it through Latchkey';
  if (holders === 1)
    return `1 person holds it through Latchkey, in ${near === 1 ? 'the same' : 'another'} department`;
  return `${holders} people hold it through Latchkey, ${near === 0 ? 'none' : near} of them in the same department`;
}

/** The other members of the group. People may be in it though nobody holds it through Latchkey. */
export function othersInWords(holders: number, others: number | null | undefined): string {
  if (others === undefined) return '';
  if (others === null) return '; who else is in its group is not known yet';
  if (others === 0) return holders === 0 ? ', and nobody else is in its group' : '';
  return `; ${others === 1 ? '1 person is' : `${others} people are`} in its group without a grant of Latchkey’s`;
}

function historyInWords({ earlierGrants: count, beneficiary, heldUntil, isIn = null }: SheetSubject): string {
  const [name = beneficiary.name] = beneficiary.name.split(' ');
  const before =
    count === 0
      ? `never granted to ${name} before`
      : `${count} earlier grant${count === 1 ? '' : 's'} of it to ${name}`;
  if (heldUntil !== null)
    return `${name} holds it now; ${count === 0 ? 'never granted before that' : before}`;
  if (isIn === 'before') return `${before}, who has been in its group since before Latchkey`;
  return isIn === 'found' ? `${before}, who was found in its group` : before;
}

/** The summary that stands whether or not a model answers: two or three plain sentences out of the facts. */
export function plainSummary(sheet: FactSheet): string {
  const text = (label: string) => sheet.facts.find((f) => f.label === label)?.text ?? '';
  return [
    `${capital(text('duration'))}.`,
    `${capital(text('peers'))}; ${text('history')}.`,
    ...[outsideSentence(sheet)].filter((sentence) => sentence !== ''),
    // The last ground is what the rules came to; the others are said already.
    `${capital(text('verdict').split('; ').at(-1) ?? '')}.`,
  ].join(' ');
}

function outsideSentence({ facts }: FactSheet): string {
  const text = (label: string) => facts.find((f) => f.label === label)?.text;
  const onCall = text('on call');
  const country = text('last sign-in from');
  const said = [
    ...(onCall === undefined ? [] : [onCall === 'yes' ? 'on call' : 'not on call']),
    ...(country === undefined ? [] : [`last sign-in from ${country}`]),
  ];
  return said.length === 0 ? '' : `${capital(said.join('; '))}.`;
}
