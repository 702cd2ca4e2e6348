import type { KnownBlock, MrkdwnElement } from '@slack/types';
import { type Change, isByRule, isFound } from '../../core/change/change.ts';
import { extendedUntil } from '../../core/change/extended.ts';
import { windowOf } from '../../core/change/scheduled.ts';
import { onlyTold } from '../../core/policy/routing.ts';
import { stopped } from '../../core/text.ts';
import { askedInWords, fromInWords, type Mood, type StatusText } from '../../core/wording/change-status.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import type { Named } from '../../flow/people/named.ts';
import type { Said } from '../../ports/messenger.ts';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, FIELD_TEXT_MAX, mrkdwn, plain, quote, slackDate } from '../mrkdwn.ts';
import { quoteSaid } from '../said.ts';
import { adviceLine } from './advice.ts';
import { awayBlocks } from './away.ts';
import { cardButtons } from './buttons.ts';
import { glanceBlocks, whoBlocks } from './glance.ts';
import { mention, peopleIn, titleOf } from './names.ts';
import { questionBlocks } from './questions.ts';
import { rulingBlocks } from './rulings.ts';
import { stepUpBlocks } from './step-up.ts';

const moodMarks: Record<Mood, string> = {
  waiting: ':hourglass_flowing_sand:',
  moving: ':arrows_counterclockwise:',
  good: ':white_check_mark:',
  no: ':no_entry:',
  bad: ':rotating_light:',
  over: ':checkered_flag:',
};

export function statusBlocks(now: StatusText, people: Said['people'] = new Map()): KnownBlock[] {
  const head = `${moodMarks[now.mood]} *${now.headline}*`;
  const blocks: KnownBlock[] = [section(mrkdwn(now.detail === '' ? head : `${head}\n${now.detail}`))];
  if (now.words !== null) blocks.push(quoteSaid({ words: now.words, people }));
  return blocks;
}

/** Whom it waits for, below the buttons. The mentions in it are what tells those who decide. */
export function waitingLine(now: StatusText): KnownBlock {
  return { type: 'context', elements: [mrkdwn(`${moodMarks[now.mood]} ${now.detail}`)] };
}

/**
 * The card, to be decided on at a glance. It has who, what it gives, for how long, why, what is out of the ordinary,
 * and the buttons. Later additions stand below them, so that an edit never moves a button under somebody’s finger. The
 * rest is behind *Details*. Once it is decided, where it stands comes first.
 */
export function card(view: ChangeView, now: StatusText): SlackContent {
  const { change } = view;
  const head = section(mrkdwn(`*${headOf(view, mention)}*`));
  const text = `${stopped(headOf(view, plainName))} ${stopped(now.headline)}`;
  if (change.state !== 'asking') {
    const fields = [...extensionFields(view), ...doneByFields(view)];
    return {
      text,
      blocks: [
        head,
        ...statusBlocks(now, peopleIn(view)),
        ...(fields.length === 0 ? [] : [{ type: 'section' as const, fields }]),
        ...whyBlocks(change),
        ...questionBlocks(view),
        cardButtons(change),
      ],
    };
  }
  return {
    text,
    blocks: [
      head,
      ...whoBlocks(view),
      { type: 'section', fields: fieldsOf(view) },
      ...whyBlocks(change),
      ...rulingBlocks(view),
      ...glanceBlocks(view),
      cardButtons(change),
      ...stepUpBlocks(change),
      ...waitingBlocks(view, now),
      ...questionBlocks(view),
      ...(view.summary === null ? [] : adviceLine(view.summary, change.verdict)),
    ],
  };
}

/** The subject of the card, in a sentence; `name` names people, by mention or not. */
export function headOf(view: ChangeView, name: (person: Named) => string): string {
  const { change } = view;
  const asked = `${escapeMrkdwn(askedInWords(change, titleOf(view)))}${fromInWords(change, slackDate)}`;
  const whom = name(view.beneficiary);
  if (isFound(change)) return foundHead(view, whom);
  if (change.cause === 'breakGlass') return `Emergency: ${whom} took ${asked}, without approval`;
  if (change.cause === 'restore') return `${whom} is back and gets ${asked} again`;
  // Nobody asks: rules would give it, and policy wants it looked at.
  if (change.cause === 'renewal') return `${whom} has it by rule: may it go on, ${asked}?`;
  if (isByRule(change)) return `${whom} gets ${asked} by rule, if you agree`;
  return view.requester === null
    ? `${whom} asks for ${asked}`
    : `${name(view.requester)}, for ${whom}, asks for ${asked}`;
}

export function fieldsOf(view: ChangeView): MrkdwnElement[] {
  const { change, entitlement } = view;
  return [
    mrkdwn(`*Gives*\n${escapeMrkdwn(entitlement?.gives ?? '')}`, FIELD_TEXT_MAX),
    mrkdwn(`*Tier*\n${entitlement?.tier ?? 'unknown'}`),
    ...windowFields(view),
    ...extensionFields(view),
    ...doneByFields(view),
    ...ticketFields(change),
  ];
}

/** Asked for later: both ends, as an approval of all of it would have them. */
function windowFields({ change, entitlement }: ChangeView): MrkdwnElement[] {
  const seconds = change.requestedSeconds ?? entitlement?.defaultSeconds ?? null;
  const window = seconds === null ? null : windowOf(change, seconds);
  return window === null
    ? []
    : [mrkdwn(`*When*\nFrom ${slackDate(window.startsAt)} until ${slackDate(window.endsAt)}`)];
}

/** The ticket, and what its source says of it where it was looked up. */
function ticketFields({ ticket, verdict }: Change): MrkdwnElement[] {
  if (ticket === null) return [];
  const { is, status, title, assignee } = verdict?.facts?.ticketFound ?? {};
  const lines = [
    `*Ticket*\n${escapeMrkdwn(ticket)}`,
    ...(is === undefined
      ? []
      : [escapeMrkdwn([foundAs[is], status, assignee].filter((part) => part != null).join(', '))]),
    ...(title == null ? [] : [`“${escapeMrkdwn(title)}”`]),
  ];
  return [mrkdwn(lines.join('\n'), FIELD_TEXT_MAX)];
}

const foundAs = { open: 'open', closed: 'closed', absent: 'not found', unchecked: 'could not be checked' };

/** A person's words stand quoted; what was found, or is given by rule, Latchkey says itself. */
export function whyBlocks(change: Change): KnownBlock[] {
  const isOurs = isFound(change) || isByRule(change);
  return [
    section(mrkdwn(isFound(change) ? '*Found*' : '*Why*')),
    isOurs ? section(plain(`${change.reason}.`)) : quote(change.reason),
    ...(change.via === 'mcp'
      ? [
          {
            type: 'context' as const,
            elements: [plain('Filed by a copilot (MCP) in their name: these words may not be their own.')],
          },
        ]
      : []),
  ];
}

function waitingBlocks(view: ChangeView, now: StatusText): KnownBlock[] {
  const blocks: KnownBlock[] = [waitingLine(now), ...awayBlocks(view)];
  // Where none of those who are asked first is in chat, the others are not only named but told.
  const isAnyoneTold = view.pinged.some((p) => p.accountId !== null);
  if (view.alsoMay.length > 0 && view.pinged.length > 0) {
    const others = view.alsoMay.map((p) => (isAnyoneTold ? escapeMrkdwn(p.name) : mention(p)));
    blocks.push({ type: 'context', elements: [mrkdwn(`May decide too: ${others.join(', ')}`)] });
  }
  return [...blocks, ...toldBlocks(view)];
}

/** Who is only told. The mention in the posted card tells them; its edits tell nobody again. */
export function toldBlocks({ change, told = [] }: ChangeView): KnownBlock[] {
  if (told.length === 0) return [];
  const rest = change.plan === null ? 0 : onlyTold(change.plan).length - told.length;
  const names = `${told.map(mention).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return [{ type: 'context', elements: [mrkdwn(`Told: ${names}`)] }];
}

/** What an extension asked for would change: from when to when. */
function extensionFields({ change, entitlement, summary }: ChangeView): MrkdwnElement[] {
  const held = summary?.sheet.facts.find((f) => f.label === 'held until')?.text;
  if (change.cause !== 'extension' || held === undefined || change.requestedSeconds === null) return [];
  const endsAt = new Date(held);
  // Once it is decided, "at present" is another present.
  const [at, then] =
    change.state === 'asking'
      ? ['Ends at present', 'Would end']
      : change.grant === null
        ? ['Ended then', 'Would have ended']
        : ['Would have ended', 'Ends'];
  const seconds = change.requestedSeconds;
  const maxSeconds = entitlement?.maxSeconds ?? seconds;
  const asked = extendedUntil({ heldUntil: endsAt, seconds, maxSeconds, now: change.requestedAt });
  return [
    mrkdwn(`*${at}*\n${slackDate(endsAt)}`),
    mrkdwn(`*${then}*\n${slackDate(change.grant?.endsAt ?? asked)}`),
  ];
}

/** By name, not by mention: they are not the one to answer. */
function doneByFields({ change, doneBy, idpName }: ChangeView): MrkdwnElement[] {
  if (doneBy === null) return [];
  const what = change.cause === 'loss' ? 'Taken out by' : 'Added by';
  const text = `*${what}*\n${escapeMrkdwn(doneBy.name)} in ${idpName}, ${slackDate(doneBy.at)}`;
  return [mrkdwn(text, FIELD_TEXT_MAX)];
}

function plainName(person: Named): string {
  return escapeMrkdwn(person.name);
}

/** A finding is no request: it says what was found. `whom`: left out, it is said to them. */
export function foundHead({ change, ...view }: ChangeView, whom?: string): string {
  const group = escapeMrkdwn(change.target?.groupName ?? '');
  const title = escapeMrkdwn(titleOf({ ...view, change }));
  const [was, is] = whom === undefined ? ['You were', 'You are'] : [`${whom} was`, `${whom} is`];
  return change.cause === 'loss'
    ? `${was} taken out of ${group} (${title}) by hand, though access was granted`
    : `${is} in ${group} (${title}), and nobody asked for it here`;
}
