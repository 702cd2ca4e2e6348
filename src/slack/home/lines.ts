import type { ActionsBlockElement, Button, KnownBlock } from '@slack/types';
import { type Change, isByRule, isFound } from '../../core/change/change.ts';
import { massHead } from '../../core/mass-change/words.ts';
import {
  askedInWords,
  fromInWords,
  type Names,
  type StatusText,
  statusText,
} from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { HomeAccess, HomeChange, HomeFacts, HomeReview } from '../../flow/home/facts.ts';
import type { HomeWaiting } from '../../flow/home/waiting.ts';
import type { Named } from '../../flow/people/named.ts';
import { section } from '../blocks.ts';
import { actions, cardButtons, changeButton } from '../change-card/buttons.ts';
import { mention } from '../change-card/names.ts';
import { clip, escapeMrkdwn, link, mrkdwn, plain, quote, slackDate } from '../mrkdwn.ts';
import { withMentions } from '../said.ts';

/** A line of a Home tab; a view holds 250 kB altogether (views.publish, `view_too_large`). */
const LINE_MAX = 600;
/** The length of a person's words on a Home tab: the card has the whole of them. */
const WORDS_MAX = 300;

/** Opens the form with what was had before. */
export const ASK_AGAIN = 'ask_again';

type Facts = Pick<HomeFacts, 'idpName' | 'signInUrl' | 'reader' | 'people'>;

function text(words: string): KnownBlock {
  return section(mrkdwn(words, LINE_MAX));
}

function button(action_id: string, label: string, value: string, rest: Partial<Button> = {}): Button {
  return { type: 'button', action_id, text: { type: 'plain_text', text: label }, value, ...rest };
}

/**
 * A row of buttons with a name of its own. A row without one gets a new name from Slack each time. With its own name, a
 * press counts that comes while the tab is published anew.
 */
function buttons(block_id: string, elements: ActionsBlockElement[]): KnownBlock[] {
  return elements.length === 0 ? [] : [{ type: 'actions', block_id, elements }];
}

function context(words: string): KnownBlock {
  return { type: 'context', elements: [plain(words)] };
}

function keyOf(change: Change): string {
  return changeButton.value({ change: change.id, round: change.round });
}

function cardLink(url: string | null): string {
  return url === null ? '' : ` · ${link(url).slice(0, -1)}|Open the card>`;
}

function nameOf({ people }: Facts, id: string | null): Named {
  return (id === null ? undefined : people.get(id)) ?? { name: 'somebody', accountId: null };
}

/** What something is called, with for whom where that is somebody else. */
function statusOf(facts: Facts, { change, ending, title, owner }: Omit<HomeChange, 'mayAsk'>): StatusText {
  const isToThem = change.personId === facts.reader.id;
  const knownOwner = owner === null ? undefined : facts.people.get(owner.toLowerCase());
  const names: Names = {
    beneficiary: isToThem ? 'you' : mention(nameOf(facts, change.personId)),
    isToThem,
    title: escapeMrkdwn(title),
    deciders: decidersInWords(change.plan, (p) =>
      mention(facts.people.get(p.id) ?? { name: p.name, accountId: null }),
    ),
    owner: knownOwner === undefined ? 'The owner' : mention(knownOwner),
    idp: facts.idpName,
    signInAt: link(facts.signInUrl),
    time: slackDate,
    safe: escapeMrkdwn,
  };
  return statusText(change, ending, names);
}

function inOneLine({ headline, detail, words }: StatusText, people: Facts['people'] = new Map()): string {
  const said = words === null ? '' : ` ${withMentions({ words: clip(words, WORDS_MAX), people })}`;
  return `${headline}.${detail === '' ? '' : ` ${detail}`}${said}`;
}

/** An access that the reader has: what it gives, until when, how it is used, and what can be done about it. */
export function accessLine(facts: Facts, access: HomeAccess): KnownBlock[] {
  const { change, title, gives, extension } = access;
  const lines = [`*${escapeMrkdwn(title)}*`];
  if (gives !== null) lines.push(`Gives ${escapeMrkdwn(gives)}.`);
  lines.push(untilWhen(access));
  if (change !== null && (change.state !== 'inEffect' || access.ending !== null))
    lines.push(inOneLine(statusOf(facts, { ...access, change, owner: null })));
  if (extension !== null)
    lines.push(
      `:hourglass_flowing_sand: Longer is asked for. ${inOneLine(statusOf(facts, { change: extension, ending: null, title, owner: null }))}`,
    );
  return [text(lines.join('\n')), ...buttons(`access:${change?.id}`, accessButtons(access))];
}

function untilWhen({ change, since }: HomeAccess): string {
  if (change?.grant == null) return 'In it since before Latchkey, so it has no end here';
  const { startsAt, endsAt } = change.grant;
  if (isByRule(change)) return `By rule, and renewed by itself; at present until ${slackDate(endsAt)}`;
  const isAhead =
    change.legs.decidedAt !== null && startsAt > change.legs.decidedAt && change.legs.idpWrittenAt === null;
  const from = isAhead ? `From ${slackDate(startsAt)} ` : '';
  const held = since === null || isAhead ? '' : ` · since ${slackDate(since)}`;
  return `*${from === '' ? 'Until' : `${from}until`} ${slackDate(endsAt)}*${held}`;
}

/** When the reader last used Anypoint: no record says which of their accesses they used. */
export function usageLine({ usage }: Pick<HomeFacts, 'usage'>): KnownBlock[] {
  const said =
    usage.known === 'used'
      ? `You last used Anypoint ${slackDate(usage.at)}.`
      : usage.known === 'not since'
        ? `You have not used Anypoint since ${slackDate(usage.since)}. Press *I’m done* at what you do not need.`
        : null;
  return said === null ? [] : [{ type: 'context', elements: [mrkdwn(said)] }];
}

function accessButtons({ change, ending }: HomeAccess): Button[] {
  if (change === null || ending !== null || change.ended !== null) return [];
  if (!['inEffect', 'late', 'awaitingSignIn'].includes(change.state)) return [];
  const release = button(actions.release, 'I’m done', keyOf(change));
  // What a reviewer said is not to be renewed can't be extended.
  if (isByRule(change) || change.renewalDeclined !== undefined) return [release];
  return [button(actions.extend, 'Extend…', keyOf(change)), release];
}

/** A request of the reader, or a question about them, and whom it waits for. */
export function requestLine(facts: Facts, line: HomeChange): KnownBlock[] {
  const { change, title } = line;
  const asked = `${escapeMrkdwn(askedInWords(change, title))}${fromInWords(change, slackDate)}`;
  const whom = change.personId === facts.reader.id ? '' : ` for ${mention(nameOf(facts, change.personId))}`;
  const said = `*${asked}*${whom}\n${inOneLine(statusOf(facts, line), peopleIn(facts, change))}\nAsked ${slackDate(change.requestedAt)}.`;
  const isTheirOwn = change.requesterId !== null && !isFound(change) && !isByRule(change);
  return [
    text(said),
    ...((change.state === 'asking' || change.state === 'scheduled') && isTheirOwn
      ? buttons(`request:${change.id}`, [button(actions.withdraw, 'Take it back', keyOf(change))])
      : []),
  ];
}

/** What is over, with a button to ask for the same again. */
export function pastLine(facts: Facts, line: HomeChange): KnownBlock[] {
  const { change, title, mayAsk } = line;
  const said = `*${escapeMrkdwn(title)}*\n${inOneLine(statusOf(facts, line), peopleIn(facts, change))}\nAsked ${slackDate(change.requestedAt)}.`;
  return [
    {
      type: 'section',
      block_id: `past:${change.id}`,
      text: mrkdwn(said, LINE_MAX),
      ...(mayAsk ? { accessory: button(ASK_AGAIN, 'Ask again…', change.entitlementKey) } : {}),
    },
  ];
}

export function reviewLine({ title, progress, dueAt, url }: HomeReview): KnownBlock[] {
  const due = dueAt === null ? '' : ` · due ${slackDate(dueAt)}`;
  return [
    text(
      `*${escapeMrkdwn(title)}*${due}${cardLink(url).replace('Open the card', 'Open the review')}\n${escapeMrkdwn(progress)}`,
    ),
  ];
}

/** A decision that waits for the reader: who, what it gives, for how long, why; then the buttons. */
export function waitingLine(facts: Facts, line: HomeWaiting): KnownBlock[] {
  const known = line.kind === 'change' ? null : nameOf(facts, line.personId);
  const whom = known === null ? '' : mention(known);
  switch (line.kind) {
    case 'change':
      return waitingChange(facts, line);
    case 'massChange': {
      const { massChange } = line;
      const head = massHead(massChange, line.open, {
        title: escapeMrkdwn(line.title),
        group: escapeMrkdwn(massChange.target?.groupName ?? 'the group'),
        team: escapeMrkdwn(massChange.target?.teamName ?? 'the team'),
        deciders: '',
        mover: whom,
        idp: facts.idpName,
        safe: escapeMrkdwn,
      });
      return [text(`*${head}*${cardLink(line.url)}\nDecide on its card: it shows whom it is about.`)];
    }
    case 'leaver':
      return [
        text(
          `*Has ${whom} left the company?*${cardLink(line.url)}\nTheir access to MuleSoft has ended. Say on the card whether the rest is to be dealt with too.`,
        ),
      ];
    case 'applications':
      return [
        text(
          `*${whom} has left: ${line.count} ${line.count === 1 ? 'application waits' : 'applications wait'} for you*${cardLink(line.url).replace('the card', 'the message')}\nTheir credentials go on working until each is handed over or revoked.`,
        ),
      ];
    default:
      return line satisfies never;
  }
}

function waitingChange(
  facts: Facts,
  { change, title, gives, summary, url }: Extract<HomeWaiting, { kind: 'change' }>,
): KnownBlock[] {
  const lapses = change.lapsesAt === null ? '' : ` · lapses ${slackDate(change.lapsesAt)}`;
  const said = `*${waitingHead(facts, change, title)}*\nGives ${escapeMrkdwn(gives ?? title)}${lapses}${cardLink(url)}`;
  const words = clip(change.reason, WORDS_MAX);
  return [
    text(said),
    isFound(change) || isByRule(change) ? context(`${words}.`) : quote(words),
    ...(summary === null || summary === '' ? [] : [context(`By rule: ${clip(summary, WORDS_MAX)}`)]),
    named(cardButtons(change), `waiting:${change.id}`),
  ];
}

function waitingHead(facts: Facts, change: Change, title: string): string {
  const whom = mention(nameOf(facts, change.personId));
  const asked = `${escapeMrkdwn(askedInWords(change, title))}${fromInWords(change, slackDate)}`;
  if (change.cause === 'finding') return `${whom} has ${escapeMrkdwn(title)}, and nobody asked for it here`;
  if (change.cause === 'loss') return `${whom} was taken out of ${escapeMrkdwn(title)} by hand`;
  if (isByRule(change)) return `${whom} would get ${asked} by rule`;
  return change.requesterId === null || change.requesterId === change.personId
    ? `${whom} asks for ${asked}`
    : `${mention(nameOf(facts, change.requesterId))} asks, for ${whom}, for ${asked}`;
}

/** The buttons of the card. On a Home tab there are several of them, and no two blocks of a view have one name. */
function named(block: KnownBlock, block_id: string): KnownBlock {
  return { ...block, block_id };
}

/** Whom the words of a refusal name, by e-mail. */
function peopleIn({ people }: Facts, { refusal }: Change): Facts['people'] {
  const named = (refusal?.people ?? []).map((email) => [email, people.get(email.toLowerCase())] as const);
  return new Map(
    named.flatMap(([email, person]) => (person === undefined ? [] : [[email, person] as const])),
  );
}
