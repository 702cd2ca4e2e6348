import type { HomeView, KnownBlock } from '@slack/types';
import type { Change } from '../core/change.ts';
import { standing } from '../core/words.ts';
import type { Road } from '../flow/road.ts';
import { endingOf } from '../store/changes.ts';
import { actions, type SlackContent } from './card.ts';
import { inert, mrkdwn, slackDate } from './mrkdwn.ts';

/** `/access mine`: what a person has and asked for, newest first. */
export async function overview(road: Road, changes: readonly Change[]): Promise<SlackContent> {
  if (changes.length === 0) {
    const text = 'You have nothing through Latchkey and asked for nothing yet. Ask with /access.';
    return { text, blocks: [{ type: 'section', text: mrkdwn(text) }] };
  }
  const endings = await Promise.all(changes.map((change) => endingOf(road.db, change)));
  const blocks = changes.map((change, i): KnownBlock => {
    const title = road.catalogue.entitlement(change.entitlementKey)?.title ?? change.entitlementKey;
    const now = standing(change, endings[i] ?? null, {
      beneficiary: 'you',
      title: inert(title),
      deciders: change.plan?.seats.flatMap((s) => s.people.map((p) => inert(p.name))).join(' or ') ?? '',
      owner: 'the owner',
      idp: 'Okta',
      time: slackDate,
      safe: inert,
    });
    return { type: 'section', text: mrkdwn(`*${inert(title)}*\n${now.headline}. ${now.detail}`) };
  });
  return { text: 'Your access', blocks };
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
