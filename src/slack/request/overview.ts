import type { HomeView, KnownBlock } from '@slack/types';
import type { Change } from '../../core/change/change.ts';
import { isUnderway } from '../../core/change/states.ts';
import { isRefusal } from '../../core/refusal.ts';
import { statusText } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { Data, Parties } from '../../flow/kernel/context.ts';
import { identify, metAs } from '../../flow/people/identify.ts';
import { changesOfPerson, endingOf } from '../../store/changes.ts';
import { readPerson } from '../../store/people.ts';
import { type SlackContent, section } from '../blocks.ts';
import { actions } from '../change-card/buttons.ts';
import type { Word } from '../commands/word.ts';
import { escapeMrkdwn, link, mrkdwn, slackDate } from '../mrkdwn.ts';

/** Each takes a block of the 50 that a message holds. */
const OVERVIEW_MAX = 20;

export const mineWord: Word = {
  word: 'mine',
  takes: '',
  says: 'shows what you have and what you asked for',
  alsoSaid: ['my access', 'list', 'show', 'me', 'my'],
  run: async ({ context, command, answer }) => answer(await accessOf(context, command.user_id)),
};

/** Shows only, so who was met before is known by their link and nobody outside is asked. */
export async function accessOf(
  context: Data & Parties,
  accountId: string,
): Promise<{ text: string; blocks?: KnownBlock[] }> {
  const person = (await metAs(context, accountId)) ?? (await identify(context, accountId));
  if (isRefusal(person)) return { text: escapeMrkdwn(`${person.text} ${person.next}`) };
  return await overview(context, person.id, await changesOfPerson(context.db, person.id, OVERVIEW_MAX));
}

const NOTHING = 'You hold no access through Latchkey and have no open request.';

/** What a person has and asked for, newest first. */
async function overview(
  context: Data & Parties,
  personId: string,
  changes: readonly Change[],
): Promise<SlackContent> {
  const open = changes.filter(isOpen);
  const blocks: KnownBlock[] = open.length > 0 ? [] : [line(`${NOTHING} Ask with /access.`)];
  for (const change of lastOfEach(changes)) blocks.push(await changeLine(context, personId, change));
  return { text: changes.length === 0 ? NOTHING : 'Your access', blocks };
}

/** Held, on its way or waiting for a decision. */
function isOpen(change: Change): boolean {
  return (
    change.ended === null &&
    (change.state === 'received' ||
      change.state === 'asking' ||
      change.state === 'inEffect' ||
      isUnderway(change.state))
  );
}

/** An access that was extended is one access: of its grants in effect only the one that ends last is listed. */
function lastOfEach(changes: readonly Change[]): Change[] {
  const isHeld = (c: Change) => c.state === 'inEffect' && c.ended === null;
  const endOf = (c: Change) => c.grant?.endsAt.getTime() ?? 0;
  return changes.filter(
    (change) =>
      !isHeld(change) ||
      !changes.some(
        (other) =>
          other.personId === change.personId &&
          other.entitlementKey === change.entitlementKey &&
          isHeld(other) &&
          endOf(other) > endOf(change),
      ),
  );
}

async function changeLine(context: Data & Parties, personId: string, change: Change): Promise<KnownBlock> {
  const isToThem = change.personId === personId;
  const title = escapeMrkdwn(
    context.catalogue.entitlement(change.entitlementKey)?.title ?? change.entitlementKey,
  );
  const other = isToThem
    ? null
    : escapeMrkdwn((await readPerson(context.db, change.personId))?.name ?? 'somebody');
  const { headline, detail } = statusText(change, await endingOf(context.db, change), {
    beneficiary: other ?? 'you',
    isToThem,
    title,
    deciders: decidersInWords(change.plan, (p) => escapeMrkdwn(p.name)),
    owner: 'The owner',
    idp: context.idp.name,
    signInAt: link(context.signInUrl),
    time: slackDate,
    safe: escapeMrkdwn,
  });
  // Of what is over people ask when it was; what is open says until when.
  const when = isOpen(change) ? '' : ` · ${slackDate(change.requestedAt)}`;
  return line(`*${title}*${other === null ? '' : ` for ${other}`}${when}\n${headline}. ${detail}`.trimEnd());
}

function line(text: string): KnownBlock {
  return section(mrkdwn(text));
}

/** The Home tab: a way to ask, and the overview. */
export function homeView(content: { text: string; blocks?: KnownBlock[] }): HomeView {
  return {
    type: 'home',
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: 'Your access to MuleSoft' } },
      {
        type: 'actions',
        elements: [
          {
            type: 'button',
            style: 'primary',
            action_id: actions.ask,
            text: { type: 'plain_text', text: 'Ask for access' },
          },
        ],
      },
      { type: 'divider' },
      ...(content.blocks ?? [{ type: 'section', text: mrkdwn(content.text) }]),
    ],
  };
}
