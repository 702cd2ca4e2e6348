import type { KnownBlock } from '@slack/types';
import type { Change } from '../../core/change/change.ts';
import { escapeMrkdwn, mrkdwn, slackDate } from '../mrkdwn.ts';

/** Approvals that were clicked and wait for a fresh sign-in; nothing where none does. */
export function stepUpBlocks({ state, stepUps = [] }: Pick<Change, 'state' | 'stepUps'>): KnownBlock[] {
  if (state !== 'asking' || stepUps.length === 0) return [];
  const waits = stepUps.map(
    ({ name, expiresAt }) => `the sign-in of ${escapeMrkdwn(name)}, until ${slackDate(expiresAt)}`,
  );
  const text = `:lock: Waits for ${waits.join(', and for ')}. Before that the approval does not count.`;
  return [{ type: 'context', elements: [mrkdwn(text)] }];
}
