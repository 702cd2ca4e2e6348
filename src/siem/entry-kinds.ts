import type { ExportedEntry } from '../ports/audit-destination.ts';

/** OCSF's `severity_id`. */
export type Severity = 1 | 2 | 3 | 4;

/** What was done to the thing that an entry is about, as OCSF's Entity Management (3004) numbers it. */
export const activities = {
  Create: 1,
  Read: 2,
  Update: 3,
  Delete: 4,
  Enable: 8,
  Disable: 9,
  Other: 99,
} as const;
export type Activity = keyof typeof activities;

export type EntryKind = {
  activity: Activity;
  severity: Severity;
  /** Somebody tried, and it was not done. */
  isFailure: boolean;
};

/** What is begun, ended, read or refused; every other entry changes what it is about. */
const activityOf: Readonly<Record<string, Activity>> = {
  changeReceived: 'Create',
  massOpened: 'Create',
  offboardingStarted: 'Create',
  delegationBegun: 'Enable',
  delegationEnded: 'Disable',
  delegationNamed: 'Create',
  usualDelegateNamed: 'Create',
  usualDelegateDropped: 'Delete',
  campaignStarted: 'Create',
  scimTokenCreated: 'Create',
  mcpTokenCreated: 'Create',
  scimTokenRevoked: 'Delete',
  mcpTokenRevoked: 'Delete',
  digestMade: 'Create',
  evidenceMade: 'Read',
  evidenceUploadBegun: 'Read',
  evidenceUploaded: 'Read',
  certificateSent: 'Read',
  auditRead: 'Read',
  auditExported: 'Read',
  changeSeen: 'Read',
  reconciled: 'Read',
  groupReconciled: 'Read',
  teamReconciled: 'Read',
  webSignedIn: 'Other',
  policyAgreed: 'Other',
  adviceGiven: 'Other',
};

/** Of what an identity provider pushed, the entry says it. */
const didOf: Readonly<Record<string, Activity>> = { created: 'Create', deleted: 'Delete' };

const severityOf: Readonly<Record<string, Severity>> = {
  clickRefused: 2,
  requestRefused: 2,
  scimPushRefused: 2,
  changeDenied: 2,
  scimTokenCreated: 2,
  mcpTokenCreated: 2,
  auditRead: 2,
  auditExported: 2,
  auditResent: 2,
  policyLoaded: 2,
  policyAgreed: 2,
  auditKeysChanged: 2,
  secretOld: 2,
  membershipAccepted: 2,
  signInRefused: 3,
  applyFailed: 3,
  changeLate: 3,
  canaryMissed: 3,
  canaryAlarmRaised: 3,
  policyBroken: 3,
  deliveryTroubled: 3,
  provisioningStopped: 3,
  queueAway: 3,
  accountLost: 3,
  applicationFailed: 3,
  campaignOverdue: 3,
  offboardingLate: 4,
  emergencyReviewOverdue: 4,
};

const failures = new Set([
  'clickRefused',
  'requestRefused',
  'signInRefused',
  'scimPushRefused',
  'applyFailed',
  'applicationFailed',
  'changeLate',
  'canaryMissed',
  'policyBroken',
]);

/** Causes of a change that somebody in security wants to see at once: taken without approval, or found. */
const urgentCauses: readonly unknown[] = ['breakGlass', 'finding', 'loss'];

/** One of a newer or an older Latchkey is a change of something, and of no urgency. */
export function kindOf({ type }: Pick<ExportedEntry, 'type'>, data: Record<string, unknown>): EntryKind {
  const isUrgent = type === 'changeReceived' && urgentCauses.includes(data.cause);
  const emergency = type === 'emergencyReviewed' && data.found !== 'justified';
  return {
    activity: activityOf[type] ?? didOf[String(data.did)] ?? 'Update',
    severity: isUrgent || emergency ? 4 : (severityOf[type] ?? 1),
    isFailure: failures.has(type),
  };
}
