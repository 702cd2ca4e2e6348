import { figure } from '../mass-change/words.ts';
import type { OffboardingEvent } from './events.ts';

/**
 * The audit entries of an offboarding in words. `who`: the person who caused it; null for a part of Latchkey or an
 * outside party.
 */
export const offboardingEntryWords: {
  [T in OffboardingEvent['type']]: (
    event: Extract<OffboardingEvent, { type: T }>,
    who: string | null,
    idp: string,
  ) => string;
} = {
  offboardingStarted: (_event, who) =>
    who === null ? 'The directory lost the person: their case begins' : `${who} started an offboarding`,
  leaverConfirmed: (_event, who) => `${who ?? 'Somebody'} said that they have left`,
  offboardingDismissed: (_event, who) => `${who ?? 'Somebody'} said that they have not left`,
  requestsClosed: ({ changeIds }) => `${figure(changeIds.length)} pending requests closed`,
  approvalsRerouted: ({ changeIds }) => `${figure(changeIds.length)} decisions put to others`,
  accessEnded: ({ ended, revokes }) =>
    `${figure(ended.length)} grants ended, ${figure(revokes.length)} groups to be left`,
  groupsGone: (_event, _who, idp) => `${idp} has them in no managed group any more`,
  // Teams found, which they are not out of yet, or taken out of.
  teamsLeft: ({ teams }) =>
    `${teams.every((team) => team.isUnderway === true) ? 'Found in' : 'Taken out of'} ${figure(teams.length)} teams in Anypoint`,
  lookalikesFound: ({ lookalikes }) =>
    `${figure(lookalikes.length)} users in Anypoint look like theirs: a person has to say`,
  teamsGone: () => 'Read in Anypoint: they are in no team',
  applicationsFound: ({ items }) => `${figure(items.length)} applications of theirs found`,
  handOverAgreed: (_event, who) =>
    `${who ?? 'Somebody'} agrees to hand an application over; others have a say too`,
  applicationDecided: (_event, who) => `${who ?? 'Somebody'} decided what becomes of an application`,
  applicationFailed: ({ why }) => `Not carried out: ${why}`,
  applicationSettled: ({ outcome }) => `An application is settled: ${outcome}`,
  ownersReminded: () => 'Owners reminded of applications',
  offboardingLate: ({ why }) => `Alarm: ${why}`,
  offboardingCaughtUp: () => 'Alarm cleared: nothing of their access is left',
  accessGone: () => 'All access seen gone',
  offboardingReported: () => 'Offboarding complete, with the time each leg took',
  offboardingClosed: () => 'Nothing was there to end',
  directoryAgreed: () => 'The directory says so too',
  offboardingReturned: () => 'Back in the directory',
  offboardingCancelled: ({ stopped }, who) =>
    `${who ?? 'Somebody'} took the offboarding back; ${figure(stopped.length)} groups not left yet are left alone`,
  teamsGivenBack: () => 'Teams given back',
  accessRestored: ({ changeIds }, who) => `${who ?? 'Somebody'} restored ${figure(changeIds.length)} grants`,
};
