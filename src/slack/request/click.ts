import type { ClickReceived } from '../../core/jobs/reactions.ts';
import type { CardKey } from './form.ts';

/** A press on a change's card. `once`: what makes it another one than the next press of the same person. */
export function click(
  key: CardKey,
  accountId: string,
  once: string,
  act: ClickReceived['act'],
): ClickReceived {
  return {
    clickId: `${accountId}-${key.change}-${once}`,
    changeId: key.change,
    round: key.round,
    chatUserId: accountId,
    channel: key.channel,
    act,
  };
}
