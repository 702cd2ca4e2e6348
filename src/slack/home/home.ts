import type { KnownBlock } from '@slack/types';
import { type HomeSection, type Paged, pageSizes } from '../../core/home/pages.ts';
import type { HomeAdmin } from '../../flow/home/admin.ts';
import type { HomeFacts, RefusedHome } from '../../flow/home/facts.ts';
import type { HomeDrawing } from '../../flow/home/publish.ts';
import { type SlackContent, section } from '../blocks.ts';
import { actions } from '../change-card/buttons.ts';
import { mention } from '../change-card/names.ts';
import { clip, escapeMrkdwn, link, mrkdwn, plain } from '../mrkdwn.ts';
import { accessLine, pastLine, requestLine, reviewLine, usageLine, waitingLine } from './lines.ts';

/** Turns to another page of a section. Two buttons of one row need two names. */
export const pageActions = { before: 'home_before', next: 'home_next' } as const;

/** Slack's Home tabs: pure, from what is known to what is shown. */
export const homes: HomeDrawing<SlackContent> = { home, refusedHome };

/** Of what an outside party says. */
const TROUBLE_MAX = 300;

const HEADING = 'Your access to MuleSoft';

function home(facts: HomeFacts): SlackContent {
  const { waiting, reviews, access, requests, past, admin } = facts;
  const hasNothing = [waiting, reviews, access, requests].every(({ all }) => all === 0);
  return {
    text: HEADING,
    blocks: [
      header(HEADING),
      ...askBlocks(facts),
      ...(hasNothing ? [emptyState(facts)] : []),
      ...part('waiting', 'Waiting for you', waiting, (line) => waitingLine(facts, line)),
      ...part('reviews', 'Your reviews', reviews, reviewLine),
      ...part('access', 'You have', access, (line) => accessLine(facts, line)),
      ...(access.all === 0 ? [] : usageLine(facts)),
      ...part('requests', 'Your open requests', requests, (line) => requestLine(facts, line)),
      ...part('past', 'In the last 30 days', past, (line) => pastLine(facts, line)),
      ...(admin === null ? [] : adminBlocks(admin)),
    ],
  };
}

function header(text: string): KnownBlock {
  return { type: 'header', text: { type: 'plain_text', text } };
}

function askBlocks({ mayAsk }: HomeFacts): KnownBlock[] {
  if (!mayAsk) return [];
  return [
    {
      type: 'actions',
      block_id: 'ask',
      elements: [
        {
          type: 'button',
          style: 'primary',
          action_id: actions.ask,
          text: { type: 'plain_text', text: 'Ask for access' },
        },
      ],
    },
  ];
}

function emptyState({ mayAsk }: HomeFacts): KnownBlock {
  return section(
    mrkdwn(
      mayAsk
        ? '*You have no access through Latchkey, and nothing waits for you.*\n1. Press *Ask for access* and choose what you need.\n2. Say in one sentence why. Your approver reads it, and decides with a click.\n3. You are told here and in a direct message when it has arrived in MuleSoft, and it ends by itself.'
        : '*You have no access through Latchkey, and nothing waits for you.*\nThe catalogue has nothing that you may ask for. If something is missing, type */access help* to see who can be asked.',
    ),
  );
}

/** One part of the tab: its count, the lines of this page, and the way to the others. Nothing where there are none. */
function part<T>(
  name: HomeSection,
  title: string,
  { all, from, shown }: Paged<T>,
  draw: (line: T) => KnownBlock[],
): KnownBlock[] {
  if (all === 0) return [];
  const where = all === shown.length ? `${all}` : `${from + 1} to ${from + shown.length} of ${all}`;
  return [
    { type: 'divider' },
    header(`${title}: ${where}`),
    ...shown.flatMap(draw),
    ...pager(name, { all, from, shown: shown.length }),
  ];
}

function pager(
  name: HomeSection,
  { all, from, shown }: { all: number; from: number; shown: number },
): KnownBlock[] {
  const page = Math.floor(from / pageSizes[name]);
  const turn = (action_id: string, text: string, to: number) =>
    ({
      type: 'button',
      action_id,
      text: { type: 'plain_text', text },
      value: JSON.stringify({ [name]: to }),
    }) as const;
  const elements = [
    ...(from > 0 ? [turn(pageActions.before, 'Previous', page - 1)] : []),
    ...(from + shown < all ? [turn(pageActions.next, `Next (${all - from - shown} more)`, page + 1)] : []),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', block_id: `pages:${name}`, elements }];
}

function adminBlocks(admin: HomeAdmin): KnownBlock[] {
  const { troubles, ready, entitlements, findings, massChanges, late, failed, cases } = admin;
  const health =
    troubles.length === 0
      ? [`:white_check_mark: Everything works. ${ready} of ${entitlements} entitlements can be asked for.`]
      : troubles.map((trouble) => `:warning: ${escapeMrkdwn(clip(trouble, TROUBLE_MAX))}`);
  const figures = [
    `Findings that wait: *${findings}*`,
    `cards on many people: *${massChanges}*`,
    `late: *${late}*`,
    `failed in 14 days: *${failed}*`,
  ];
  return [
    { type: 'divider' },
    header('For admins'),
    section(mrkdwn(health.join('\n'))),
    section(mrkdwn(figures.join(' · '))),
    ...(cases.all === 0 ? [] : casesBlocks(cases)),
  ];
}

const caseWords = {
  asking: 'asked about',
  held: 'held: two admins decide',
  underway: 'access is being taken away',
  appsOpen: 'access is gone, applications are left',
  closed: 'closed',
  returned: 'back',
  cancelled: 'taken back',
} as const satisfies Record<HomeAdmin['cases']['shown'][number]['state'], string>;

function casesBlocks(cases: HomeAdmin['cases']): KnownBlock[] {
  const { all, from, shown } = cases;
  const lines = shown.map(({ person, state, isLate, url }) => {
    const open = url === null ? '' : ` · ${link(url).slice(0, -1)}|Open the card>`;
    return `• ${mention(person)}: ${caseWords[state]}${isLate ? ', *late*' : ''}${open}`;
  });
  return [
    section(mrkdwn(`*People who leave: ${all}*\n${lines.join('\n')}`)),
    ...pager('cases', { all, from, shown: shown.length }),
  ];
}

/** A person who may not use Latchkey is told why and whom to ask. They are offered no button that would be refused. */
function refusedHome({ refusal, contacts }: RefusedHome): SlackContent {
  const people = contacts.map(mention).join(', ');
  const ask = people === '' ? '' : `\nWho looks after Latchkey here: ${people}.`;
  return {
    text: HEADING,
    blocks: [
      header(HEADING),
      section(plain(`${refusal.text} ${refusal.next}`)),
      ...(ask === '' ? [] : [section(mrkdwn(ask.trim()))]),
    ],
  };
}
