import type { Subject } from '../core/jobs/reactions.ts';
import type { Notice } from '../ports/messenger.ts';
import { type AnchorView, readAnchorView } from './audit/anchors.ts';
import { type EmergencyView, readEmergencyView } from './break-glass/view.ts';
import { type CanaryView, readCanaryView } from './canary/view.ts';
import { type DelegationView, readDelegationView } from './delegation/view.ts';
import { type DeliveryView, readDeliveryView } from './delivery/view.ts';
import { type DigestView, readDigestView } from './digest/view.ts';
import { type RefusedPushView, readRefusedPushView } from './drift/refused-push.ts';
import type { Context } from './kernel/context.ts';
import { type MassView, toldMassChange } from './mass-change/view.ts';
import { type ChangeView, type JointView, readJointView, readView } from './messages/change-view.ts';
import { type LostAccountView, readLostAccountView } from './offboarding/lost-account.ts';
import { type OffboardingView, toldOffboarding } from './offboarding/view.ts';
import { type PolicyView, readPolicyView } from './policy/policy-alarm.ts';
import { type ProvisioningView, readProvisioningView } from './provisioning/watch.ts';
import { type QueueView, readQueueView } from './queue/queue-alarm.ts';
import { type CampaignView, type ReviewView, readCampaignView, readReviewView } from './review/view.ts';
import { readSecretView, type SecretView } from './secrets/secret-ages.ts';
import { readTicketsView, type TicketsView } from './tickets/trouble.ts';

/** What the messages about each thing are made of. */
export type Views = {
  change: ChangeView;
  jointRequest: JointView;
  massChange: MassView;
  offboarding: OffboardingView;
  campaign: CampaignView;
  review: ReviewView;
  emergency: EmergencyView;
  canary: CanaryView;
  policy: PolicyView;
  refusedPush: RefusedPushView;
  lostAccount: LostAccountView;
  provisioning: ProvisioningView;
  queue: QueueView;
  secret: SecretView;
  anchor: AnchorView;
  tickets: TicketsView;
  delivery: DeliveryView;
  digest: DigestView;
  delegation: DelegationView;
};

/**
 * How a chat draws each thing that people are told of. It is pure: from the known state to the messages that should
 * exist. A second chat is a second set of these.
 */
export type Cards<Content> = { [S in keyof Views]: (view: Views[S]) => Notice<Content>[] };

/** Reads what the messages about each thing are made of. Null: there is nothing to tell of it, or no such thing. */
const readers: {
  [S in keyof Views]: (
    context: Context,
    id: string,
    unreachable?: ReadonlySet<string>,
  ) => Promise<Views[S] | null>;
} = {
  change: readView,
  jointRequest: readJointView,
  massChange: toldMassChange,
  offboarding: toldOffboarding,
  campaign: readCampaignView,
  review: readReviewView,
  emergency: readEmergencyView,
  canary: readCanaryView,
  policy: readPolicyView,
  refusedPush: readRefusedPushView,
  lostAccount: readLostAccountView,
  provisioning: readProvisioningView,
  queue: readQueueView,
  secret: readSecretView,
  anchor: readAnchorView,
  tickets: readTicketsView,
  delivery: readDeliveryView,
  digest: readDigestView,
  delegation: readDelegationView,
};

/**
 * The messages that should exist about this thing now; null: none can be said. `unreachable`: accounts that can't be
 * written to; what has to be read all the same goes to somebody else.
 */
export async function noticesAbout<S extends Subject | 'change'>(
  context: Context,
  cards: Cards<unknown>,
  about: S,
  { id, unreachable = new Set() }: { id: string; unreachable?: ReadonlySet<string> },
): Promise<Notice<unknown>[] | null> {
  const view = await readers[about](context, id, unreachable);
  return view === null ? null : cards[about](view);
}
