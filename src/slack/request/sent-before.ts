import type { ModalView } from '@slack/types';
import type { Change } from '../../core/change/change.ts';
import { durationInWords } from '../../core/duration.ts';
import { oneLine, seenWords } from '../../core/storable.ts';
import type { Data } from '../../flow/kernel/context.ts';
import type { Submission } from '../../flow/request/receive.ts';
import { messageModal } from './form.ts';

/** Whether a form that was sent before is the same as then: a person may change it while the first answer is late. */
export function isAsSent(
  before: Change,
  { entitlementKey, seconds, startsAt, reason, ticket }: Submission,
): boolean {
  return (
    before.entitlementKey === entitlementKey &&
    before.requestedSeconds === seconds &&
    (startsAt == null || before.startsAt?.getTime() === startsAt.getTime()) &&
    before.reason === seenWords(reason).trim() &&
    before.ticket === (oneLine(ticket ?? '') || null)
  );
}

export function sentBeforeModal(context: Data, { entitlementKey, requestedSeconds }: Change): ModalView {
  const title = context.catalogue.entitlement(entitlementKey)?.title ?? entitlementKey;
  const time = requestedSeconds === null ? '' : ` for ${durationInWords(requestedSeconds)}`;
  return messageModal(
    `Your request had arrived as you first sent it: ${title}${time}. What you changed since then was not asked for.`,
    'To change it, take it back in the direct message about it, and ask again.',
  );
}
