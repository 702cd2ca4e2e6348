/** What an auditor asks for, by the number of the criterion or control. */
export type Framework = 'soc2' | 'iso27001';

export const frameworks = ['soc2', 'iso27001'] as const satisfies readonly Framework[];

export const frameworkNames: Record<Framework, string> = {
  soc2: 'SOC 2 (Trust Services Criteria)',
  iso27001: 'ISO/IEC 27001:2022, Annex A',
};

/** The lists of a pack, each with its title. */
export const listTitles = {
  grants: 'Access that was given',
  'requests-not-granted': 'Asked for or found, and not given',
  'requests-open': 'Asked for or found, and open at the end of the period',
  removals: 'Access that was taken away',
  'removals-in-anypoint': 'Taken away in Anypoint alone',
  terminations: 'Leavers',
  deactivations: 'Deactivations that the identity provider told of',
  reviews: 'Access reviews',
  'review-lines': 'Lines of access reviews, and what weekly digests were answered',
  duties: 'One person in several parts',
  emergencies: 'Break-glass: access taken in an emergency',
  violations: 'Not approved before it was given, or not by somebody else',
  exceptions: 'Exceptions',
  'membership-events': 'Membership changes as event sources told them',
  'team-events': 'Membership changes as Anypoint’s audit log has them',
  'made-around-latchkey': 'Membership changes made around Latchkey',
  'holders-at-start': 'Who held what at the start of the period',
  holders: 'Who held what at the end of the period',
  entitlements: 'Entitlements, and which are privileged',
  privileged: 'Privileged access in the period',
  canary: 'Rounds of the canary',
  policies: 'Policies that decided or were in force',
  'signing-keys': 'Keys that signed the audit, and when',
} as const;
export type ListName = keyof typeof listTitles;

export type Control = {
  framework: Framework;
  id: string;
  /** What it is about, in the auditor's words. */
  asks: string;
  /** How it is answered here. */
  answer: string;
  /** The lists that answer it. */
  lists: ListName[];
};

const controls: readonly Control[] = [
  {
    framework: 'soc2',
    id: 'CC6.1',
    asks: 'Logical access is restricted to what is authorised, and who has access can be shown.',
    answer:
      'Who held what at the start and at the end of the period, with the reason for each, and every change of it that the identity provider or Anypoint told of.',
    lists: [
      'entitlements',
      'holders-at-start',
      'holders',
      'membership-events',
      'team-events',
      'made-around-latchkey',
      'policies',
    ],
  },
  {
    framework: 'soc2',
    id: 'CC6.2',
    asks: 'Access is authorised before it is given, and is taken away when it is no longer authorised.',
    answer:
      'For the whole population it is computed whether approval came before access, and from somebody else than the one who asked. Each that was not so is listed.',
    lists: [
      'grants',
      'requests-not-granted',
      'requests-open',
      'violations',
      'removals',
      'removals-in-anypoint',
      'terminations',
      'deactivations',
    ],
  },
  {
    framework: 'soc2',
    id: 'CC6.3',
    asks: 'Access is changed and removed by role and duty, with least privilege and separation of duties, and is reviewed.',
    answer:
      'Every access has an end. Each removal stands with the time until MuleSoft showed it gone, and each line of a review with its reviewer, its rationale, the time that it took, and whether the reviewer had approved that access. Whoever had several parts in it is listed.',
    lists: [
      'removals',
      'removals-in-anypoint',
      'terminations',
      'reviews',
      'review-lines',
      'duties',
      'violations',
    ],
  },
  {
    framework: 'soc2',
    id: 'CC7.2',
    asks: 'The system is watched for anomalies, and they are acted on.',
    answer:
      'What was made around Latchkey; among the exceptions what was late, what failed, and the alarms: of the canary, the queue, provisioning, pushes, groups that are not carried to their teams, policies, tickets, secrets and leavers. And the canary, whose access is given and taken away again and again to show that the way works: each round stands with its time, and days without one are exceptions.',
    lists: ['made-around-latchkey', 'exceptions', 'emergencies', 'canary'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.15',
    asks: 'Access control: rules exist, are approved, and are what is followed.',
    answer:
      'The policy as it was, in every version that decided something, under the fingerprint that each decision names; when it was in force, and who agreed to it, as that was recorded.',
    lists: ['policies', 'grants'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.16',
    asks: 'Identity management: the whole life cycle of identities.',
    answer:
      'Who left, when that was known, and when everything of theirs was gone; and every deactivation that the identity provider told of, with the leaver’s case for it.',
    lists: ['terminations', 'deactivations', 'holders-at-start', 'holders'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.17',
    asks: 'Authentication information: it is managed and protected.',
    answer:
      'Latchkey keeps no passwords of people. Approvals that policy holds for a fresh sign-in, and the sign-ins that did not count, are among the exceptions; so are secrets of ours that grew old.',
    lists: ['exceptions'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.18',
    asks: 'Access rights: provisioned, reviewed, modified and removed by the rules.',
    answer: 'All four, each as a whole population with its count.',
    lists: [
      'grants',
      'requests-not-granted',
      'requests-open',
      'reviews',
      'review-lines',
      'removals',
      'removals-in-anypoint',
      'terminations',
      'violations',
    ],
  },
  {
    framework: 'iso27001',
    id: 'A.8.2',
    asks: 'Privileged access rights: restricted, approved apart, limited in time, reviewed.',
    answer:
      'Privileged is what the catalogue calls high or critical. Everybody who held such access at any time of the period stands with its days, and with who approved it by what right. Emergencies stand with their reason and with the review that somebody gave.',
    lists: ['entitlements', 'privileged', 'emergencies', 'review-lines'],
  },
];

export function controlsOf(asked: readonly Framework[]): Control[] {
  return controls.filter(({ framework }) => asked.includes(framework));
}
