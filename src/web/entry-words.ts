import { delegationEntryWords } from '../core/delegation/entry-words.ts';
import { massEntryWords } from '../core/mass-change/entry-words.ts';
import { offboardingEntryWords } from '../core/offboarding/entry-words.ts';
import type { RefusalReason } from '../core/refusal.ts';
import { campaignEntryWords } from '../core/review/entry-words.ts';
import type { StepUpEnd } from '../core/step-up/step-up.ts';
import { oneLine } from '../core/storable.ts';
import { changeEntryWords, refusedClickInWords, stepUpEnds } from '../core/wording/change-entries.ts';
import type { Note } from '../flow/kernel/commit.ts';
import type { AuditEntry } from '../store/audit.ts';

/** An audit entry for people: what happened, told whole, and who caused it. */
export function entryInWords(entry: AuditEntry, idp: string): { text: string; actor: string } {
  const actor = entry.actor as { name?: string; part?: string };
  return {
    text: oneLine(told(entry, actor.name ?? null, idp)),
    actor: oneLine(actor.name ?? actor.part ?? ''),
  };
}

/** An entry of a newer Latchkey is in no table, and one of an older may lack what is told of it: their names say it. */
function told({ type, data }: AuditEntry, who: string | null, idp: string): string {
  const tell = entryWords[type];
  if (tell == null) return inPlainWords(type);
  try {
    return tell(data as never, who, idp);
  } catch {
    return inPlainWords(type);
  }
}

/** Null: the name of the entry says it. */
const noteWords: { [T in Note['type']]: ((data: never, who: string | null, idp: string) => string) | null } =
  {
    adviceGiven: ({ answered, why }: { answered: boolean; why?: string }) =>
      answered === true ? 'The model gave its advice' : `No advice from the model (${why ?? ''})`,
    clickRefused: ({ reason }: { reason: RefusalReason }, who) =>
      `${who ?? 'Somebody'} ${refusedClickInWords(reason)}`,
    signInRefused: ({ why }: { why: StepUpEnd }) =>
      `A sign-in for an approval did not count: ${stepUpEnds[why]}`,
    emergencyReviewOverdue: ({ climbed, people }: { climbed: string | null; people: string[] }) =>
      climbed === null
        ? `Its review is overdue; reminded: ${people.join(', ')}`
        : `Its review is overdue: ${climbed} is asked too`,
    emergencyReviewed: ({ found, comment }: { found: string; comment: string }, who) =>
      `${who ?? 'Somebody'} says of the emergency: ${found === 'justified' ? 'justified' : 'not justified'}. ${comment}`,
    membershipAccepted: () => 'Recorded as it was found: the catalogue accepts it',
    accountLost: () => 'One identity provider has lost the person, and another has them active',
    accountBack: () => 'An identity provider that had lost the person has them again',
    provisioningStopped: ({ what, said }: { what: string; said: string | null }) =>
      `Provisioning to Latchkey stands still: ${what}${said === null ? '' : ` (${said})`}`,
    provisioningResumed: () => 'Provisioning to Latchkey works again',
    baselineEnded: () => 'No longer counted as there before Latchkey',
    birthrightWithheld: ({ grounds }: { grounds?: string[] }) =>
      `What the department has by rule is not given: ${(grounds ?? []).join('; ')}`,
    pushOwed: (_data, _who, idp) => `${idp} owes a push`,
    usualDelegateNamed: ({ delegate }: { delegate: { name: string } }, who) =>
      `${who ?? 'Somebody'} named ${delegate.name} for whenever they are away`,
    usualDelegateDropped: (_data, who) => `${who ?? 'Somebody'} names nobody for every absence any more`,
    digestMade: ({ kind }: { kind: string }) =>
      kind === 'security' ? 'The picture of the week was made for an admin' : 'A weekly digest was made',
    accessReviewed: ({ verb }: { verb: string }, who) =>
      `${who ?? 'Somebody'} looked at it in a digest: ${reviewed[verb] ?? verb}`,
    evidenceMade: ({ from, to, sha256 }: { from: string; to: string; sha256: string }) =>
      `A pack of evidence was made, from ${from} to ${to}; its manifest has SHA-256 ${sha256}`,
    policyAgreed: ({
      fingerprint,
      name,
      on,
      where,
    }: {
      fingerprint: string;
      name: string;
      on: string;
      where: string;
    }) => `${name} agreed to the policy ${fingerprint} on ${on}, as can be seen at ${where}`,
    evidenceUploadBegun: ({ to, sha256 }: { to: string; sha256: string }) =>
      `The pack of evidence whose manifest has SHA-256 ${sha256} is about to be uploaded to ${to}`,
    evidenceUploaded: ({ to, arrived, of }: { to: string; arrived: number; of: number }) =>
      `Evidence was uploaded to ${to}: ${arrived} of ${of} files are there`,
    certificateSent: (_data, who) => `${who ?? 'Somebody'} had the certificate sent to them`,
    webSignedIn: (_data, who) => `${who ?? 'Somebody'} signed in to the web page`,
    auditRead: ({ of, asked }: { of: string; asked: string }, who) =>
      `${who ?? 'Somebody'} read ${of}${asked === '' ? '' : `: ${asked}`}`,
    auditExported: ({ from, to }: { from: number; to: number }, who) =>
      `${who ?? 'Somebody'} exported the audit, entries ${from} to ${to}`,
    auditResent: ({ destination, from }: { destination: string; from: number }, who) =>
      `${who ?? 'Somebody'} had the audit sent to ${destination} again, from entry ${from}`,
    policyLoaded: null,
    policyBroken: null,
    policyMended: null,
    queueAway: null,
    queueBack: null,
    secretOld: null,
    secretReplaced: null,
    auditAnchored: null,
    auditKeysChanged: ({ keys }: { keys: string[] }) =>
      `The audit’s checkpoints are signed with ${keys.join(' and ')} from now on`,
    auditArchived: null,
    auditRestored: null,
    ticketsAway: null,
    ticketsBack: null,
    deliveryTroubled: ({
      groupName,
      teamName,
      why,
    }: {
      groupName: string;
      teamName: string;
      why?: string;
    }) =>
      why === undefined
        ? `People in ${groupName} are not in the team ${teamName}`
        : `No sign-in gives the team ${teamName}: ${why}`,
    deliveryMended: ({ groupName, teamName }: { groupName: string; teamName: string }) =>
      `${groupName} gives the team ${teamName} again`,
    canaryMissed: null,
    canaryAlarmRaised: null,
    canaryAlarmCleared: null,
    baselineTaken: null,
    groupReconciled: null,
    teamReconciled: null,
    reconciled: null,
    scimUserChanged: null,
    scimGroupChanged: null,
    scimMembersChanged: null,
    scimPushRefused: null,
    scimTokenCreated: null,
    scimTokenRevoked: null,
    mcpTokenCreated: null,
    mcpTokenRevoked: null,
    apiTokenCreated: ({ name, scopes }: { name: string; scopes: string[] }) =>
      `The API token ${name} was made, for ${scopes.join(', ')}`,
    apiTokenRevoked: ({ name }: { name: string }) => `The API token ${name} was revoked`,
  };

const reviewed: Readonly<Record<string, string>> = {
  keep: 'it is kept',
  revoke: 'it is taken away',
  notRenewed: 'it is not to be renewed',
  ask: 'its holder is asked',
  stillNeeded: 'it is still needed',
};

/** Of an event its fields are stored, as JSON has them: this is where they are taken for the event again. */
const entryWords: Partial<Record<string, ((data: never, who: string | null, idp: string) => string) | null>> =
  {
    ...changeEntryWords,
    ...massEntryWords,
    ...offboardingEntryWords,
    ...delegationEntryWords,
    ...campaignEntryWords,
    ...noteWords,
  };

/** Every type of entry with its name in plain words, by that name. */
export function entryTypes(): [type: string, name: string][] {
  const types = Object.keys(entryWords).map((type): [string, string] => [type, inPlainWords(type)]);
  return types.toSorted(([, a], [, b]) => a.localeCompare(b));
}

/** `scimUserChanged` as `Scim user changed`. */
function inPlainWords(type: string): string {
  const words = type.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
