/** What an auditor asks for, by the number of the criterion or control. */
export type Framework = 'soc2' | 'iso27001';

export const frameworks = ['soc2', 'iso27001'] as const satisfies readonly Framework[];

export const frameworkNames: Record<Framework, string> = {
  soc2: 'SOC 2 (Trust Services Criteria)',
  iso27001: 'ISO/IEC 27001:2022, Annex A',
};

/** The lists of a pack, by their names. */
export const listNames = [
  'grants',
  'requests-not-granted',
  'removals',
  'terminations',
  'reviews',
  'review-lines',
  'emergencies',
  'violations',
  'exceptions',
  'membership-events',
  'team-events',
  'made-around-latchkey',
  'holders',
  'canary',
  'policies',
] as const;
export type ListName = (typeof listNames)[number];

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
      'Who held what at the end of the period, with the reason for each, and every change of it that the identity provider or Anypoint told of.',
    lists: ['holders', 'membership-events', 'team-events', 'made-around-latchkey', 'policies'],
  },
  {
    framework: 'soc2',
    id: 'CC6.2',
    asks: 'Access is authorised before it is given, and is taken away when it is no longer authorised.',
    answer:
      'For the whole population it is computed whether approval came before access, and from somebody else than the one who asked. Each that was not so is listed.',
    lists: ['grants', 'requests-not-granted', 'violations', 'removals', 'terminations'],
  },
  {
    framework: 'soc2',
    id: 'CC6.3',
    asks: 'Access is changed and removed by role and duty, with least privilege and separation of duties, and is reviewed.',
    answer:
      'Every access has an end. Each removal stands with the time until MuleSoft showed it gone, and each line of a review with its reviewer, its rationale and the time that it took.',
    lists: ['removals', 'terminations', 'reviews', 'review-lines', 'violations'],
  },
  {
    framework: 'soc2',
    id: 'CC7.2',
    asks: 'The system is watched for anomalies, and they are acted on.',
    answer:
      'What was made around Latchkey, what was late, what was refused and every alarm; and the canary, whose access is given and taken away all day to show that the way works.',
    lists: ['made-around-latchkey', 'exceptions', 'emergencies', 'canary'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.15',
    asks: 'Access control: rules exist, are approved, and are what is followed.',
    answer:
      'The policy as it was, in every version that decided something, under the fingerprint that each decision names.',
    lists: ['policies', 'grants'],
  },
  {
    framework: 'iso27001',
    id: 'A.5.16',
    asks: 'Identity management: the whole life cycle of identities.',
    answer: 'Who left, when that was known, and when everything of theirs was gone.',
    lists: ['terminations', 'holders'],
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
      'reviews',
      'review-lines',
      'removals',
      'terminations',
      'violations',
    ],
  },
  {
    framework: 'iso27001',
    id: 'A.8.2',
    asks: 'Privileged access rights: restricted, approved apart, limited in time, reviewed.',
    answer:
      'The column “tier” marks what the catalogue calls high or critical. Emergencies stand with their reason and with the review that somebody else gave.',
    lists: ['holders', 'grants', 'emergencies', 'review-lines'],
  },
];

export function controlsOf(asked: readonly Framework[]): Control[] {
  return controls.filter(({ framework }) => asked.includes(framework));
}
