import type { ChangeEvent } from '../core/change/change.ts';
import type { MassChangeEvent } from '../core/mass-change/mass-change.ts';
import { figure } from '../core/mass-change/words.ts';
import type { OffboardingEvent } from '../core/offboarding/offboarding.ts';
import type { RefusalReason } from '../core/refusal.ts';
import { oneLine } from '../core/storable.ts';
import { causeInWords } from '../core/wording/ending.ts';
import type { Note } from '../flow/kernel/commit.ts';
import type { AuditEntry } from '../store/audit.ts';

/** An audit entry for people: what happened, told whole, and who caused it. */
export function entryInWords(entry: AuditEntry): { text: string; actor: string } {
  const actor = entry.actor as { name?: string; part?: string };
  return {
    text: oneLine(textOf(entry.type as Entry, entry.data, actor.name ?? null)),
    actor: oneLine(actor.name ?? actor.part ?? ''),
  };
}

type Entry = ChangeEvent['type'] | MassChangeEvent['type'] | OffboardingEvent['type'] | Note['type'];

/** `who`: the person who caused it; null for a part of Latchkey or an outside party. */
function textOf(type: Entry, data: Record<string, unknown>, who: string | null): string {
  const field = (name: string) => String(data[name] ?? '');
  const inner = (name: string, key: string) =>
    String((data[name] as Record<string, unknown> | undefined)?.[key] ?? '');
  const somebody = who ?? 'Somebody';
  switch (type) {
    case 'changeReceived':
      return receivedInWords(data, who);
    case 'requestRefused':
      return `Refused: ${inner('refusal', 'text')}`;
    case 'approversAsked':
      return 'Put to the approvers';
    case 'approversReminded':
      return 'Approvers reminded';
    case 'approvalGiven':
      return `${inner('approval', 'name')} approved`;
    case 'changeApproved':
      // The approvals stand above it by themselves.
      return who === null ? 'Settled by rule' : 'Decided: it goes on its way';
    case 'changeDenied':
      return `${inner('decision', 'byName')} denied: ${inner('decision', 'note')}`;
    case 'changeWithdrawn':
      return who === null ? inner('decision', 'note') || 'Taken back' : `${who} took it back`;
    case 'requestLapsed':
      return 'Lapsed: nobody decided in time';
    case 'requestClosed':
      return `Closed: ${inner('decision', 'note')}`;
    case 'idpWritten':
      return wroteInWords[field('wrote')]?.okta ?? `Okta: ${field('wrote')}`;
    case 'scimPushed':
      return 'Okta pushed it to Latchkey by SCIM';
    case 'delivered':
      return wroteInWords[field('wrote')]?.anypoint ?? `Anypoint: ${field('wrote')}`;
    case 'signInAwaited':
      return data.trouble == null
        ? 'Waiting for the first sign-in to Anypoint'
        : `Waiting for the first sign-in to Anypoint. ${field('trouble')}`;
    case 'signedIn':
      return 'Signed in to Anypoint';
    case 'changeLate':
      return `Alarm: ${field('why')}`;
    case 'changeSeen':
      return data.note == null
        ? 'Read in MuleSoft: it is so'
        : `Read in MuleSoft: it is so (${field('note')})`;
    case 'changeOvertaken':
      return `Overtaken: ${field('why')}`;
    case 'applyFailed':
      return `Okta refuses: ${field('text')}`;
    case 'endingWarned':
      return 'Told that the end is near';
    case 'grantEnded':
      return endedInWords(data, who);
    case 'adviceGiven':
      return data.answered === true
        ? 'The model gave its advice'
        : `No advice from the model (${field('why')})`;
    case 'clickRefused':
      return `${somebody} ${refusedClicks[field('reason') as RefusalReason] ?? 'pressed a button, and was refused'}`;
    case 'massOpened':
      return 'Many at once: put on one card';
    case 'massGrew':
      return `${countOf(data.items)} put on the card`;
    case 'massShrank':
      return `${countOf(data.keys)} taken off the card: ${field('why')}`;
    case 'massMoved':
      return 'Moved again before anybody decided';
    case 'massAsked':
      return 'Put to the approvers';
    case 'massReminded':
      return 'Approvers reminded';
    case 'massAnswered':
      return `${inner('answer', 'byName')} answered: ${inner('answer', 'verb')}`;
    case 'massItemsAnswered':
      return `${inner('answer', 'byName')} answered for single people: ${singlesIn(data.answer)}`;
    case 'massItemsDecided':
      return `Decided for single people: ${singlesIn(data.decision)}`;
    case 'massDecided':
      return 'Decided for all on the card: each goes on its way';
    case 'massClosed':
      return `Closed undecided: ${field('why')}`;
    case 'massDone':
      return 'All of it seen in MuleSoft';
    case 'offboardingStarted':
      return who === null
        ? 'The directory lost the person: their case begins'
        : `${who} started an offboarding`;
    case 'leaverConfirmed':
      return `${somebody} said that they have left`;
    case 'offboardingDismissed':
      return `${somebody} said that they have not left`;
    case 'requestsClosed':
      return `${countOf(data.changeIds)} pending requests closed`;
    case 'approvalsRerouted':
      return `${countOf(data.changeIds)} decisions put to others`;
    case 'accessEnded':
      return `${countOf(data.ended)} grants ended, ${countOf(data.revokes)} groups to be left`;
    case 'groupsGone':
      return 'Okta has them in no managed group any more';
    case 'teamsLeft':
      return `${areUnderway(data.teams) ? 'Found in' : 'Taken out of'} ${countOf(data.teams)} teams in Anypoint`;
    case 'lookalikesFound':
      return `${countOf(data.lookalikes)} users in Anypoint look like theirs: a person has to say`;
    case 'teamsGone':
      return 'Read in Anypoint: they are in no team';
    case 'applicationsFound':
      return `${countOf(data.items)} applications of theirs found`;
    case 'handOverAgreed':
      return `${somebody} agrees to hand an application over; others have a say too`;
    case 'decisionReopened':
    case 'massReopened':
      return `Asked anew: ${inner('by', 'name')}, who kept it, is the one who did it`;
    case 'applicationDecided':
      return `${somebody} decided what becomes of an application`;
    case 'applicationFailed':
      return `Not carried out: ${field('why')}`;
    case 'applicationSettled':
      return `An application is settled: ${field('outcome')}`;
    case 'ownersReminded':
      return 'Owners reminded of applications';
    case 'offboardingLate':
      return `Alarm: ${field('why')}`;
    case 'offboardingCaughtUp':
      return 'Alarm cleared: nothing of their access is left';
    case 'accessGone':
      return 'All access seen gone';
    case 'offboardingReported':
      return 'Offboarding complete, with the time each leg took';
    case 'offboardingClosed':
      return 'Nothing was there to end';
    case 'offboardingReturned':
      return 'Back in the directory';
    case 'directoryAgreed':
      return 'The directory says so too';
    case 'offboardingCancelled':
      return `${somebody} took the offboarding back; ${countOf(data.stopped)} groups not left yet are left alone`;
    case 'teamsGivenBack':
      return 'Teams given back';
    case 'accessRestored':
      return `${somebody} restored ${countOf(data.changeIds)} grants`;
    case 'membershipAccepted':
      return 'Recorded as it was found: the catalogue accepts it';
    case 'baselineEnded':
      return 'No longer counted as there before Latchkey';
    case 'birthrightWithheld':
      return `What the department has by rule is not given: ${((data.grounds as string[] | undefined) ?? []).join('; ')}`;
    case 'pushOwed':
      return 'Okta owes a push';
    case 'policyLoaded':
    case 'policyBroken':
    case 'policyMended':
    case 'queueAway':
    case 'queueBack':
    case 'canaryMissed':
    case 'canaryAlarmRaised':
    case 'canaryAlarmCleared':
    case 'baselineTaken':
    case 'groupReconciled':
    case 'teamReconciled':
    case 'reconciled':
    case 'scimUserChanged':
    case 'scimGroupChanged':
    case 'scimMembersChanged':
    case 'scimPushRefused':
    case 'scimTokenCreated':
    case 'scimTokenRevoked':
    case 'mcpTokenCreated':
    case 'mcpTokenRevoked':
      return inPlainWords(type);
    default:
      // An entry of a newer Latchkey.
      return inPlainWords(type satisfies never);
  }
}

const wroteInWords: Record<string, { okta: string; anypoint: string }> = {
  added: { okta: 'Okta: added to the group', anypoint: 'Anypoint said yes: added to the team' },
  removed: { okta: 'Okta: taken out of the group', anypoint: 'Anypoint said yes: taken out of the team' },
  'already so': { okta: 'Okta had it so already', anypoint: 'Anypoint had it so already' },
};

const refusedClicks: Partial<Record<RefusalReason, string>> = {
  selfApproval: 'may not decide on a request of their own',
  notAnApprover: 'is not an approver, and was refused',
  alreadySettled: 'came too late: it was settled already',
  alreadyApprovedByYou: 'had approved already',
  staleCard: 'pressed a button of an older card',
  denialNeedsReason: 'gave no reason for a denial',
  durationInvalid: 'chose a time that can’t be given',
  entitlementUnavailable: 'could not approve: it can’t be given at the moment',
  notEligible: 'could not approve: policy no longer allows it',
  nothingToEnd: 'wanted to end what has ended already',
  notYours: 'may not act on somebody else’s request',
};

function receivedInWords(data: Record<string, unknown>, who: string | null): string {
  if (data.kind === 'revoke') {
    const why = causeInWords(data.cause as Parameters<typeof causeInWords>[0]);
    return who === null ? `To be taken away: ${why}` : `To be taken away: ${why}, by ${who}`;
  }
  switch (data.cause) {
    case 'finding':
      return 'Found in the group; nobody asked for it';
    case 'loss':
      return 'Found to be taken out of the group by hand';
    case 'birthright':
      return `${data.lapsesAt == null ? 'Given by rule' : 'Rules would give it, and a person looks first'}: ${String(data.reason ?? '')}`;
    case 'renewal':
      return `${data.lapsesAt == null ? 'Goes on by rule' : 'Rules would let it go on, and a person looks first'}: ${String(data.reason ?? '')}`;
    case 'restore':
      return `${who ?? 'Somebody'} gave it again after a return`;
    case 'extension':
      return `${who ?? 'Somebody'} asked for longer`;
    default:
      return `${who ?? 'Somebody'} asked for it`;
  }
}

function countOf(all: unknown): string {
  return figure(Array.isArray(all) ? all.length : 0);
}

/** Teams found, which they are not out of yet. */
function areUnderway(teams: unknown): boolean {
  return Array.isArray(teams) && teams.every((team: { isUnderway?: true }) => team.isUnderway === true);
}

function endedInWords(data: Record<string, unknown>, who: string | null): string {
  const why = who === null ? 'Ended' : `${who} ended it`;
  if (data.stillHeld !== true) return why;
  return data.stillHeldUntil == null
    ? `${why}; the access stays, it was there before Latchkey`
    : `${why}; another grant keeps the access`;
}

/** `scimUserChanged` as `Scim user changed`. */
function inPlainWords(type: string): string {
  const words = type.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `2 left, 1 not left`. */
function singlesIn(answer: unknown): string {
  const choices = (answer as { choices?: { choice: string }[] } | undefined)?.choices ?? [];
  const left = choices.filter(({ choice }) => choice === 'revert').length;
  return `${left} left, ${choices.length - left} not left`;
}
