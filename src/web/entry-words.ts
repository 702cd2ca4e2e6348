import type { ChangeEvent } from '../core/change.ts';
import type { AuditEntry } from '../store/audit.ts';

/** An audit entry for people: what happened, and who caused it. */
export function entryInWords(entry: AuditEntry): { text: string; actor: string } {
  const actor = entry.actor as { name?: string; part?: string };
  return {
    text: textOf(entry.type as ChangeEvent['type'] | 'adviceGiven' | 'clickRefused', entry.data),
    actor: actor.name ?? actor.part ?? '',
  };
}

type Entry = ChangeEvent['type'] | 'adviceGiven' | 'clickRefused';

function textOf(type: Entry, data: Record<string, unknown>): string {
  const field = (name: string) => String(data[name] ?? '');
  const inner = (name: string, key: string) =>
    String((data[name] as Record<string, unknown> | undefined)?.[key] ?? '');
  switch (type) {
    case 'changeReceived':
      return field('kind') === 'revoke' ? 'Access is to be taken away' : 'Asked for';
    case 'requestRefused':
      return `Refused: ${inner('refusal', 'text')}`;
    case 'approversAsked':
      return 'Put to the approvers';
    case 'approversReminded':
      return 'Approvers reminded';
    case 'approvalGiven':
      return `Approval by ${inner('approval', 'name')}`;
    case 'changeApproved':
      return inner('decision', 'by') === 'null' || inner('decision', 'by') === ''
        ? 'Settled by rule'
        : `Approved by ${inner('decision', 'byName')}`;
    case 'changeDenied':
      return `Denied by ${inner('decision', 'byName')}: ${inner('decision', 'note')}`;
    case 'changeWithdrawn':
      return 'Taken back';
    case 'requestLapsed':
      return 'Lapsed: nobody decided in time';
    case 'idpWritten':
      return field('wrote') === 'already so'
        ? 'The identity provider had it so already'
        : `Identity provider: ${field('wrote')}`;
    case 'scimPushed':
      return 'Pushed to Latchkey by SCIM';
    case 'delivered':
      return `Delivered to Anypoint: ${field('wrote')}`;
    case 'signInAwaited':
      return 'Waiting for the first sign-in to Anypoint';
    case 'signedIn':
      return 'Signed in to Anypoint';
    case 'changeLate':
      return `Alarm: ${field('why')}`;
    case 'changeSeen':
      return 'Seen in MuleSoft';
    case 'changeOvertaken':
      return `Overtaken: ${field('why')}`;
    case 'applyFailed':
      return `The identity provider refuses: ${field('text')}`;
    case 'endingWarned':
      return 'Warned that the end is near';
    case 'grantEnded':
      return data.stillHeld === true ? 'Ended; another grant keeps the access' : 'Ended';
    case 'adviceGiven':
      return data.answered === true
        ? 'The model gave its advice'
        : `No advice from the model (${field('why')})`;
    case 'clickRefused':
      return `A click was refused (${field('reason')})`;
    default:
      return type satisfies never;
  }
}
