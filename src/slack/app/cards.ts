import type { Cards } from '../../flow/cards.ts';
import { anchorNotices } from '../audit/anchor.ts';
import type { SlackContent } from '../blocks.ts';
import { emergencyNotices } from '../break-glass/card.ts';
import { canaryNotices } from '../canary/alarm.ts';
import { jointNotices } from '../change-card/joint-personal.ts';
import { notices } from '../change-card/notices.ts';
import { delegationNotices } from '../delegation/card.ts';
import { deliveryNotices } from '../delivery/alarm.ts';
import { digestNotices } from '../digest/card.ts';
import { refusedPushNotices } from '../drift/refused-push.ts';
import { massNotices } from '../mass-change/card.ts';
import { offboardingNotices } from '../offboarding/card.ts';
import { lostAccountNotices } from '../offboarding/lost-account.ts';
import { policyNotices } from '../policy/alarm.ts';
import { provisioningNotices } from '../provisioning/alarm.ts';
import { queueNotices } from '../queue/alarm.ts';
import { campaignNotices } from '../review/campaign-card.ts';
import { reviewNotices } from '../review/review-card.ts';
import { secretNotices } from '../secrets/old-secret.ts';
import { ticketsNotices } from '../tickets/alarm.ts';

/** Slack's messages about each thing that people are told of. */
export const cards: Cards<SlackContent> = {
  change: notices,
  jointRequest: jointNotices,
  massChange: massNotices,
  offboarding: offboardingNotices,
  campaign: campaignNotices,
  review: reviewNotices,
  emergency: emergencyNotices,
  canary: canaryNotices,
  policy: policyNotices,
  refusedPush: refusedPushNotices,
  lostAccount: lostAccountNotices,
  provisioning: provisioningNotices,
  queue: queueNotices,
  secret: secretNotices,
  anchor: anchorNotices,
  tickets: ticketsNotices,
  delivery: deliveryNotices,
  digest: digestNotices,
  delegation: delegationNotices,
};
