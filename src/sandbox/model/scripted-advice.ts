import { z } from 'zod';

const sheetSchema = z.object({
  facts: z.array(z.object({ id: z.string(), label: z.string(), text: z.string(), untrusted: z.boolean() })),
  clauses: z.array(z.object({ id: z.string(), text: z.string() })),
});
export type Sheet = z.infer<typeof sheetSchema>;

type Risk = { text: string; severity: 'low' | 'medium' | 'high'; facts: string[]; clauses: string[] };
export type ScriptedAdvice = {
  headline: string;
  risks: Risk[];
  questions: string[];
  lean: 'approve' | 'deny' | 'ask more';
};

const LONG_DAYS = 14;
const SHORT_REASON_LENGTH = 25;
const RISKS_MAX = 3;
const DAYS: Record<string, number> = { second: 1 / 86_400, minute: 1 / 1_440, hour: 1 / 24, day: 1 };
const severityOrder = { high: 0, medium: 1, low: 2 } as const;
/** An instruction to whoever reads it, in a few languages; a real model knows more of them. */
const INJECTION =
  /ignore (?:all|any|the|previous|prior)|system prompt|you (?:are|must)|approve (?:this|it|me)|\blean\b|ignor(?:ez|iere|a) |approuve|genehmig|aprueba/i;
/** What a label is called in a sentence. */
const CALLED: Record<string, string> = {
  reason: 'reason',
  person: 'person’s name or title',
  ticket: 'ticket',
  'requested by': 'name of who asked',
  'who did it': 'name of who did it',
  people: 'person’s name or title',
  group: 'group’s name',
};

/** A risk for each fact that reads like an instruction, wherever it stands. */
export function injections(sheet: Sheet): Risk[] {
  return sheet.facts
    .filter((fact) => CALLED[fact.label] !== undefined && INJECTION.test(fact.text))
    .map((fact) => ({
      text: `The ${CALLED[fact.label]} reads like an instruction to whoever reads it.`,
      severity: 'high',
      facts: [fact.id],
      clauses: [],
    }));
}

/** The fact sheet out of the user's message; null when there is none. */
export function readSheet(message: string): Sheet | null {
  try {
    const parsed = sheetSchema.safeParse(JSON.parse(message));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * The scripted model's advice on a fact sheet: the same for the same sheet. It looks facts up by their labels: person,
 * entitlement, tier, duration, ticket, peers, history, reason, and `held until`.
 */
export function scriptedAdvice(sheet: Sheet): ScriptedAdvice {
  const read = readFacts(sheet);
  const risks = risksOf(sheet, read);
  const kept = risks
    .sort((a, b) => severityOrder[a.severity] - severityOrder[b.severity])
    .slice(0, RISKS_MAX);
  const worst = kept[0]?.severity ?? 'low';
  return {
    headline: headline(read),
    risks: kept,
    questions: questionsOf(read).slice(0, RISKS_MAX),
    lean:
      worst === 'high' || (worst === 'medium' && read.hasNoTicket) || read.saysNothing
        ? 'ask more'
        : 'approve',
  };
}

type Fact = Sheet['facts'][number];
type Read = ReturnType<typeof readFacts>;

/** What the scripted model makes of the facts. */
function readFacts(sheet: Sheet) {
  const fact = (label: string): Fact | null => sheet.facts.find((f) => f.label === label) ?? null;
  const text = (label: string) => fact(label)?.text ?? '';
  const [asked = null, most = null] = text('duration').split(' of at most ').map(daysIn);
  const reason = fact('reason');
  return {
    fact,
    asked,
    most,
    reason,
    newHand: /\b(?:intern|trainee|newcomer|contractor|apprentice)\b/i
      .exec(text('person'))?.[0]
      ?.toLowerCase(),
    isProduction: /\bprod(?:uction)?\b/i.test(text('entitlement')),
    isSensitive: /^(?:high|critical)$/.test(text('tier')),
    hasNoTicket: text('ticket') === 'none given',
    noPeers: /in another department|none of them/.test(text('peers')),
    isFirst: /^never granted/.test(text('history')),
    saysNothing: reason !== null && !/[\p{L}\p{N}]/u.test(reason.text),
  };
}

function risksOf(sheet: Sheet, read: Read): Risk[] {
  const { asked, newHand, isProduction, isSensitive } = read;
  const risks: Risk[] = injections(sheet);
  const clauses = (word: RegExp) => sheet.clauses.filter(({ text }) => word.test(text)).map(({ id }) => id);
  const add = (severity: Risk['severity'], sentence: string, labels: string[], cited: string[] = []) => {
    const facts = labels.flatMap((label) => read.fact(label)?.id ?? []);
    if (facts.length > 0) risks.push({ text: sentence, severity, facts, clauses: cited });
  };
  if (read.saysNothing) add('medium', 'The reason says nothing.', ['reason']);
  if (newHand !== undefined && (isProduction || isSensitive))
    add(
      'high',
      `${article(newHand)} would get ${isProduction ? 'access to production' : 'access of a sensitive tier'}.`,
      ['person', 'entitlement', 'tier'],
      clauses(/intern|contractor|production|tier/i),
    );
  else if (isSensitive)
    add('medium', 'The access asked for is of a sensitive tier.', ['tier', 'entitlement'], clauses(/tier/i));
  if (read.hasNoTicket)
    add(
      isSensitive || isProduction ? 'medium' : 'low',
      'No ticket stands behind the request.',
      ['ticket'],
      clauses(/ticket/i),
    );
  const onTime = clauses(/duration|long|expire|time/i);
  if (asked !== null && asked >= LONG_DAYS)
    add('medium', 'The duration asked for is long.', ['duration'], onTime);
  else if (asked !== null && asked === read.most)
    add('low', 'The longest duration allowed is asked for.', ['duration'], onTime);
  if (read.noPeers) add('low', 'Nobody in the same department holds this access.', ['peers']);
  if (read.isFirst && risks.length < RISKS_MAX)
    add('low', 'It would be the first grant of it to this person.', ['history']);
  return risks;
}

function questionsOf({ fact, asked, reason, hasNoTicket }: Read): string[] {
  const questions: string[] = [];
  if (hasNoTicket) questions.push('Which ticket or incident is this for?');
  if (reason === null || reason.text.trim().length < SHORT_REASON_LENGTH)
    questions.push('What exactly needs to be done with this access?');
  if (asked !== null && asked >= LONG_DAYS) questions.push('Would a shorter time do?');
  if (fact('held until') !== null) questions.push('Is this to extend what is held already?');
  return questions;
}

function headline({ newHand, isProduction, isSensitive, hasNoTicket }: Read): string {
  const who = newHand === undefined ? 'A colleague' : article(newHand);
  const what = isProduction ? 'production access' : isSensitive ? 'sensitive access' : 'ordinary access';
  return `${who} asks for ${what}${hasNoTicket ? ' without a ticket' : ', with a ticket'}.`;
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'An' : 'A'} ${noun}`;
}

/** Days in `8 hours` and the like; null when it says none. */
function daysIn(text: string): number | null {
  const match = /(\d+) (second|minute|hour|day)s?/.exec(text);
  return match === null ? null : Number(match[1]) * (DAYS[match[2] ?? ''] ?? 0);
}
