import { csvHead, csvLine } from '../csv.ts';
import type { Campaign } from './campaign.ts';

/** One line of a certificate, as an auditor reads it. Times are ISO 8601 in UTC. */
export type CertificateLine = {
  line: number;
  kind: string;
  person: string | null;
  email: string | null;
  department: string | null;
  personStatus: string | null;
  entitlement: string;
  title: string;
  tier: string;
  group: string;
  heldSince: string | null;
  endsAt: string | null;
  approvedBy: string | null;
  approvedAt: string | null;
  lastUsedAt: string | null;
  conflicts: string[];
  /** The one insight that the reviewer was shown, in words. */
  insight: string;
  /** `ended`: it had ended by itself before anybody decided. */
  decision: string;
  comment: string | null;
  /** Of a rule that was objected to: what was said to it, by whom and when. */
  objectionAnswer: string | null;
  /** Null: the rule of the campaign, or nobody (it had ended by itself). */
  reviewer: string | null;
  reviewerEmail: string | null;
  decidedAt: string;
  inBulk: boolean;
  secondsTaken: number | null;
  handedOn: string | null;
  /** What the card was that counted as the review. */
  countedFrom: string | null;
  revoke: string | null;
  revokedAt: string | null;
  goneFromMuleSoftAt: string | null;
  /** What else is to be known of it: given again, by another way, or not looked at in MuleSoft. */
  muleSoftNote: string | null;
};

export type Certificate = {
  type: 'latchkey access review certificate';
  version: 2;
  installation: { identityProvider: string };
  campaign: {
    id: string;
    name: string;
    startedBy: string;
    scope: Campaign['scope'];
    reviewers: Campaign['reviewers'];
    overdue: Campaign['overdue'];
    comparedAt: string | null;
    snapshotAt: string | null;
    startedAt: string | null;
    dueAt: string | null;
    extendedAt: string | null;
    decidedAt: string | null;
    closedAt: string;
    /** From the start until everything was decided, and until MuleSoft showed all of it. */
    hoursToDecide: number | null;
    hoursToClose: number | null;
  };
  counts: Record<string, number>;
  /** Being asked about on a card of its own when the snapshot was taken, so in no line here. */
  onCardsOfTheirOwn: number;
  lines: CertificateLine[];
};

const columns: readonly (keyof CertificateLine)[] = [
  'line',
  'kind',
  'person',
  'email',
  'department',
  'personStatus',
  'entitlement',
  'title',
  'tier',
  'group',
  'heldSince',
  'endsAt',
  'approvedBy',
  'approvedAt',
  'lastUsedAt',
  'conflicts',
  'insight',
  'decision',
  'comment',
  'objectionAnswer',
  'reviewer',
  'reviewerEmail',
  'decidedAt',
  'inBulk',
  'secondsTaken',
  'handedOn',
  'countedFrom',
  'revoke',
  'revokedAt',
  'goneFromMuleSoftAt',
  'muleSoftNote',
];

/** The lines as CSV, a header first. */
export function certificateCsv({ lines }: Pick<Certificate, 'lines'>): string {
  const rows = lines.map((line) => csvLine(columns.map((column) => line[column])));
  return `${csvHead(columns)}${rows.join('')}`;
}
