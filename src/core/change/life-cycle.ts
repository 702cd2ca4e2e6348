import type { ChangeEvent } from './events.ts';

/**
 * The life cycle, whole: state by event. An event that is not listed can't happen. Anypoint's answer and a SCIM push
 * can overtake our own note of the IdP write, so `applying` takes those too.
 */
export const lifeCycle = {
  received: {
    requestRefused: 'refused',
    approversAsked: 'asking',
    changeScheduled: 'scheduled',
    changeApproved: 'applying',
    changeDenied: 'denied',
    changeWithdrawn: 'withdrawn',
    requestLapsed: 'lapsed',
    requestClosed: 'closed',
  },
  asking: {
    approvalGiven: 'asking',
    stepUpAsked: 'asking',
    stepUpEnded: 'asking',
    approversReminded: 'asking',
    approversNudged: 'asking',
    requestNarrowed: 'asking',
    questionAsked: 'asking',
    questionAnswered: 'asking',
    approversWarned: 'asking',
    approversEscalated: 'asking',
    stageOpened: 'asking',
    approversAsked: 'asking',
    changeScheduled: 'scheduled',
    changeApproved: 'applying',
    changeDenied: 'denied',
    changeWithdrawn: 'withdrawn',
    requestLapsed: 'lapsed',
    requestClosed: 'closed',
  },
  // Approved for later: nothing is given before its start, and then only what still fits.
  scheduled: {
    startDelayed: 'scheduled',
    approversAsked: 'asking',
    changeApproved: 'applying',
    requestRefused: 'refused',
    changeDenied: 'denied',
    changeWithdrawn: 'withdrawn',
    requestLapsed: 'lapsed',
    requestClosed: 'closed',
  },
  applying: {
    idpWritten: 'verifying',
    scimPushed: 'applying',
    delivered: 'applying',
    changeLate: 'late',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'applying',
    renewalDeclined: 'applying',
    endAgreed: 'applying',
    ticketChanged: 'applying',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  verifying: {
    scimPushed: 'verifying',
    delivered: 'verifying',
    signInAwaited: 'awaitingSignIn',
    changeLate: 'late',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'verifying',
    renewalDeclined: 'verifying',
    endAgreed: 'verifying',
    ticketChanged: 'verifying',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  awaitingSignIn: {
    // What keeps somebody in Anypoint from counting as them is another now.
    signInAwaited: 'awaitingSignIn',
    signedIn: 'verifying',
    scimPushed: 'awaitingSignIn',
    delivered: 'verifying',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    endingWarned: 'awaitingSignIn',
    renewalDeclined: 'awaitingSignIn',
    endAgreed: 'awaitingSignIn',
    ticketChanged: 'awaitingSignIn',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  late: {
    idpWritten: 'late',
    scimPushed: 'late',
    delivered: 'late',
    signInAwaited: 'awaitingSignIn',
    // Stuck at another leg than before.
    changeLate: 'late',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'late',
    renewalDeclined: 'late',
    endAgreed: 'late',
    ticketChanged: 'late',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  inEffect: {
    endingWarned: 'inEffect',
    renewalDeclined: 'inEffect',
    endAgreed: 'inEffect',
    ticketChanged: 'inEffect',
    decisionReopened: 'ended',
    grantEnded: 'ended',
  },
  refused: {},
  denied: {},
  withdrawn: {},
  lapsed: {},
  closed: {},
  ended: {},
  superseded: { ticketChanged: 'superseded', grantEnded: 'ended' },
  failed: { endingWarned: 'failed', grantEnded: 'ended' },
} as const satisfies Record<string, Partial<Record<ChangeEvent['type'], string>>>;

export type ChangeState = keyof typeof lifeCycle;

/** The state after an event, or null when the life cycle has no such step from here. */
export function nextState(state: ChangeState, event: ChangeEvent['type']): ChangeState | null {
  return (lifeCycle[state] as Partial<Record<ChangeEvent['type'], ChangeState>>)[event] ?? null;
}
