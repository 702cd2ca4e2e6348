import type { FaultCode, Party, Trouble } from './fault.ts';

/** Faults in words, for people who have to mend them: what happened, and what to do next. */

const names: Record<Party, string> = {
  idp: 'the identity provider',
  mulesoft: 'Anypoint',
  slack: 'Slack',
  model: 'the model',
  store: 'the database',
  queue: 'the queue',
  tickets: 'the ticket system',
  secrets: 'the store of secrets',
  siem: 'the SIEM',
  vanta: 'Vanta',
};

const troubles: Record<Trouble, string> = {
  unauthorized: 'does not accept our credentials',
  forbidden: 'does not allow it to us',
  not_found: 'does not know what was asked for',
  invalid: 'takes the question for malformed',
  throttled: 'asks to wait',
  unavailable: 'can’t be reached, or is out of order',
  timeout: 'does not answer in time',
  bad_answer: 'answers what can’t be read',
};

/** A fault's name for a party's trouble: its code, and the vendor's own where it says more. */
export type FaultName = { code: FaultCode; vendorCode?: string | undefined };

/**
 * `Okta does not accept our credentials (E0000011)`. `called`: the names of parties, where they are more to the
 * point than ours. No capital, no full stop.
 */
export function faultInWords(
  { code, vendorCode }: FaultName,
  called: Partial<Record<Party, string>> = {},
): string {
  const [party, trouble] = code.split('.') as [Party, Trouble];
  const words = troubles[trouble];
  if (names[party] === undefined || words === undefined) return 'something went wrong inside Latchkey';
  return `${called[party] ?? names[party]} ${words}${vendorCode === undefined ? '' : ` (${vendorCode})`}`;
}

/** What mends a party, of which Latchkey may know several: each says it of itself. No capital, no full stop. */
export type PartyAdvice = {
  /** Where its credentials are set, and to what. */
  credentials: string;
  /** Which rights Latchkey needs there, and where they are given. */
  rights: string;
  /** The setting that says where it is. */
  address: string;
};

const CREDENTIALS: Partial<Record<Party, string>> = {
  slack: 'set SLACK_BOT_TOKEN to the token of the installed app (Slack app page, OAuth & Permissions)',
  mulesoft:
    'set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET to those of the connected app (Access Management, Connected Apps), on the control plane of ANYPOINT_URL',
  siem: 'set SIEM_TOKEN to one that is active, and SIEM_KIND to how the SIEM wants it',
  vanta:
    'set VANTA_CLIENT_ID and VANTA_CLIENT_SECRET to those of the application (Vanta, Settings, Developer Console)',
  tickets: 'set TICKETS_TOKEN, and TICKETS_USER where it takes a user name, to ones that are active',
};

const RIGHTS: Partial<Record<Party, string>> = {
  slack: 'give the app every scope of slack-manifest.yaml, and install it again',
  mulesoft:
    'set ANYPOINT_ORG_ID to the root organisation, and give the connected app the scopes of docs/connect-anypoint.md',
  vanta:
    'make the application one of the type “Manage Vanta”, which may read, write and upload documents (docs/evidence.md)',
  tickets: 'let the account of TICKETS_TOKEN read the tickets (docs/connect-tickets.md)',
};

const ADDRESSES: Partial<Record<Party, string>> = {
  slack: 'SLACK_API_URL',
  mulesoft: 'ANYPOINT_URL',
  tickets: 'TICKETS_URL',
  siem: 'SIEM_URL',
  vanta: 'VANTA_URL',
};

/** Slack's own names that say more than our code. */
const SLACK_STEPS: Record<string, string> = {
  not_in_channel: 'invite Latchkey to the channel that the catalogue names (there: /invite @Latchkey)',
  channel_not_found:
    'make the channel that the catalogue names, or mend `channel` there, and invite Latchkey (/invite @Latchkey)',
  is_archived: 'take the channel that the catalogue names out of the archive, or name another',
};

/** The next step of the person who runs Latchkey, about a fault of an outside party. `of`: what the party says of itself. */
export function nextStepFor({ code, vendorCode }: FaultName, of?: PartyAdvice): string {
  const [party, trouble] = code.split('.') as [Party, Trouble];
  const step = party === 'slack' ? SLACK_STEPS[vendorCode ?? ''] : undefined;
  if (step !== undefined) return step;
  const address = of?.address ?? ADDRESSES[party] ?? 'its address';
  switch (trouble) {
    case 'unauthorized':
      return of?.credentials ?? CREDENTIALS[party] ?? 'set its credentials anew';
    case 'forbidden':
      return of?.rights ?? RIGHTS[party] ?? 'give Latchkey the rights it needs there';
    case 'not_found':
      return party === 'mulesoft'
        ? 'see that ANYPOINT_URL is the control plane of the organisation, and ANYPOINT_ORG_ID its root organisation’s id'
        : `see that ${address} is the right one`;
    case 'invalid':
    case 'bad_answer':
      return `see that ${address} is the right one`;
    case 'throttled':
      return 'Latchkey waits and asks again';
    default:
      return `Latchkey goes on trying; see that this machine reaches ${address} (name, proxy, firewall)`;
  }
}
