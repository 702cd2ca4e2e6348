import { figure } from '../mass-change/words.ts';
import { inTheirName } from '../policy/routing.ts';
import type { CampaignEvent } from './campaign.ts';

/** The audit entries of a campaign in words. */
export const campaignEntryWords: {
  [T in CampaignEvent['type']]: (event: Extract<CampaignEvent, { type: T }>) => string;
} = {
  campaignOpened: ({ plan, cause }) =>
    cause === 'cadence'
      ? `Access review begun by its cadence: ${plan.name}`
      : `Access review begun: ${plan.name}`,
  snapshotTaken: ({ lines }) => `Snapshot taken: ${figure(lines)} lines`,
  campaignPrepared: ({ prepared }) =>
    `Prepared: ${figure(prepared.lines)} lines for ${figure(prepared.reviewers)} reviewers`,
  campaignStarted: () => 'Started: its reviewers are told',
  linesSubmitted: ({ by, lines }) =>
    `${by === null ? 'Decided by the campaign’s rule, for nobody did in time' : `${inTheirName(by.name, by.insteadOf, (text) => text)} submitted`}: ${figure(lines.length)} lines`,
  linesReassigned: ({ from, to, lines, why }) =>
    `${from === null ? 'By Latchkey' : from.name}: ${figure(lines.length)} handed to ${to.name} (${why})`,
  objectionAnswered: ({ by, lines, why }) =>
    by === null
      ? `${figure(lines.length)} objected to: ${why}`
      : `${by.name} keeps ${figure(lines.length)} objected to: ${why}`,
  linesDropped: ({ lines, why }) => `${figure(lines.length)} need no decision: ${why}`,
  reviewersReminded: ({ reviewers }) => `${figure(reviewers.length)} reviewers reminded`,
  campaignExtended: () => 'Given more time, as written beforehand',
  campaignOverdue: ({ then }) =>
    then === 'revoke'
      ? 'Overdue: what nobody decided is taken away'
      : 'Overdue: what nobody decided goes to the fallback',
  campaignDecided: () => 'Every line is decided',
  campaignClosed: ({ certificate }) =>
    `Closed: MuleSoft shows all of it; certificate ${certificate.sha256.slice(0, 12)}`,
  campaignCancelled: ({ by, why }) => `Cancelled by ${by}: ${why}`,
};
