import type { HomeView, KnownBlock } from '@slack/types';
import { type Change, isUnderway } from '../../core/change/change.ts';
import { standing } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import type { Road } from '../../flow/kernel/context.ts';
import { endingOf } from '../../store/changes.ts';
import { readPerson } from '../../store/people.ts';
import { actions, IDP_NAME, type SlackContent, section } from '../change-card/card.ts';
import { inert, link, mrkdwn, slackDate } from '../mrkdwn.ts';

const NOTHING = 'You hold no access through Latchkey and have no open request.';

/** `/access mine`: what a person has and asked for, newest first. */
export async function overview(
  road: Road,
  personId: string,
  changes: readonly Change[],
): Promise<SlackContent> {
  const open = changes.filter(isOpen);
  const blocks: KnownBlock[] = open.length > 0 ? [] : [line(`${NOTHING} Ask with /access.`)];
  for (const change of lastOfEach(changes)) blocks.push(await changeLine(road, personId, change));
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

async function changeLine(road: Road, personId: string, change: Change): Promise<KnownBlock> {
  const isToThem = change.personId === personId;
  const title = inert(road.catalogue.entitlement(change.entitlementKey)?.title ?? change.entitlementKey);
  const other = isToThem ? null : inert((await readPerson(road.db, change.personId))?.name ?? 'somebody');
  const { headline, detail } = standing(change, await endingOf(road.db, change), {
    beneficiary: other ?? 'you',
    isToThem,
    title,
    deciders: decidersInWords(change.plan, (p) => inert(p.name)),
    owner: 'The owner',
    idp: IDP_NAME,
    signInAt: link(road.signInUrl),
    time: slackDate,
    safe: inert,
  });
  return line(`*${title}*${other === null ? '' : ` for ${other}`}\n${headline}. ${detail}`.trimEnd());
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
