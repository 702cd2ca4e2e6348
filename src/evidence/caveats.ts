import { utc } from '../core/evidence/words.ts';
import { requestsAddUp } from './page-requests.ts';
import type { PackFacts } from './plan.ts';

type Known = Pick<
  PackFacts,
  | 'plan'
  | 'madeAt'
  | 'lists'
  | 'teamLog'
  | 'sources'
  | 'recordBegan'
  | 'archivedBefore'
  | 'policies'
  | 'privileged'
  | 'requests'
  | 'deactivations'
  | 'signers'
  | 'signingKeys'
>;

/** A log of the identity provider is read to its end within this. */
const READ_WITHIN_MS = 15 * 60_000;

/** What this pack can't show, or not wholly: it is said first, for what is not looked for is not missed. Empty: nothing. */
export function caveatsOf(facts: Known): string[] {
  return [
    ...ofPeriod(facts),
    ...ofRecord(facts),
    ...ofLogs(facts),
    ...ofDeactivations(facts),
    ...ofLists(facts),
    ...(requestsAddUp(facts)
      ? []
      : ['What was asked for is not as much as was given, was not given and is open: see the populations.']),
    ...ofPolicies(facts.policies),
    ...ofPrivileged(facts.privileged),
    ...ofKeys(facts),
    ...(facts.signers.length > 0
      ? []
      : [
          'This pack is not signed: no key was set (AUDIT_SIGNING_KEY). Whoever has it can change it, and make the manifest anew.',
        ]),
  ];
}

function ofPeriod({ plan, madeAt }: Known): string[] {
  return plan.to <= madeAt
    ? []
    : [`The period is not over: it goes on until ${utc(plan.to)}. All is as of ${utc(madeAt)}.`];
}

function ofRecord({ plan, recordBegan, archivedBefore }: Known): string[] {
  if (archivedBefore !== null)
    return [
      `Audit entries from before ${utc(archivedBefore)} are in an archive and were not read. Who held what, stories, alarms and first writes may lack what they tell: bring them back (latchkey audit restore), and make the pack again.`,
    ];
  if (recordBegan === null) return ['The record is empty: Latchkey has written nothing yet.'];
  return recordBegan <= plan.from
    ? []
    : [`Latchkey’s record begins at ${utc(recordBegan)}. Of the time before nothing is known here.`];
}

function ofLogs({ plan, madeAt, teamLog, sources }: Known): string[] {
  const end = Math.min(plan.to.getTime(), madeAt.getTime());
  const found = sources.flatMap(({ source, isLog, readTo, refusedAt }) => {
    if (refusedAt !== null)
      return [
        `${source} can’t be read since ${utc(refusedAt)}: what it has since is not held against the record.`,
      ];
    if (isLog && readTo === null)
      return [`${source} was never read to its end: what it has is not wholly held against the record.`];
    return readTo !== null && readTo.getTime() < end - READ_WITHIN_MS
      ? [`${source} was read up to ${utc(readTo)}: what it has since is not held against the record.`]
      : [];
  });
  for (const { source, readFrom, readTo } of sources)
    if (readFrom !== null && readTo !== null && readFrom > plan.from)
      found.push(
        `${source} is read from ${utc(readFrom)} on: what it has from before is not held against the record.`,
      );
  if (sources.filter(({ source, firstAt }) => firstAt !== null && !isOwnTelling(source)).length > 1)
    found.push(
      'What the identity provider told both by itself and in its log is kept once, under the source that told first. That the other has it too is not kept: how much of one source another confirms can’t be said.',
    );
  if (!teamLog.isWhole)
    found.push(
      'Anypoint’s audit log is not known for the whole period: of the rest of it nothing can be said by that log.',
    );
  return found;
}

/** Pushes and comparisons tell in their own words, and stand beside what a log has. */
function isOwnTelling(source: string): boolean {
  return source === 'scim' || source === 'reconcile';
}

/** They were kept for 35 days once, and whoever keeps none tells of none. */
function ofDeactivations({ plan, deactivations: { since }, sources }: Known): string[] {
  return [
    ...(since === null || since <= plan.from
      ? []
      : [
          `Deactivations that were told of before ${utc(since)} are not kept: leavers of that time are held against none.`,
        ]),
    ...(sources.some(({ readTo }) => readTo !== null)
      ? []
      : [
          'No log of an identity provider is read: leavers are held only against the deactivations that one sent by itself.',
        ]),
  ];
}

function ofLists({ lists }: Known): string[] {
  return [...lists.values()].flatMap(({ name, title, counted, written }) =>
    // A policy has a row for each of its files.
    counted === null || counted === written || name === 'policies'
      ? []
      : [`${title}: ${written} rows were written, and ${counted} counted.`],
  );
}

/** A record that begins with a key has it within the first day. */
const NOTED_WITHIN_MS = 86_400_000;

function ofKeys({ plan, recordBegan, signers, signingKeys: { since } }: Known): string[] {
  if (signers.length === 0 || recordBegan === null) return [];
  const needed = Math.max(plan.from.getTime(), recordBegan.getTime() + NOTED_WITHIN_MS);
  if (since !== null && since.getTime() <= needed) return [];
  return [
    since === null
      ? 'Which keys signed the audit, and when, is not in the audit that is at hand.'
      : `Which keys signed the audit is in it from ${utc(since)} on, and not before.`,
  ];
}

function ofPolicies(policies: Known['policies']): string[] {
  const of = (count: number) => (count === 1 ? 'one policy' : `${count} policies`);
  const notAgreed = policies.filter(({ isAgreed }) => !isAgreed).length;
  const undated = policies.filter(({ isDated }) => !isDated).length;
  return [
    ...(notAgreed === 0
      ? []
      : [
          `Who agreed to ${of(notAgreed)} is not recorded: see the list of policies. \`latchkey policy agreed\` records it.`,
        ]),
    ...(undated === 0
      ? []
      : [
          `When ${of(undated)} of the period came in force is not in the audit that is at hand: its entry is in an archive, or it was kept before such entries were made. \`loadedAt\` says when it was kept first.`,
        ]),
  ];
}

function ofPrivileged({ byToday, unknown }: Known['privileged']): string[] {
  const of = (count: number) => (count === 1 ? 'one privileged access' : `${count} privileged accesses`);
  return [
    ...(byToday === 0
      ? []
      : [
          `Of ${of(byToday)} the catalogue that decided is not kept: how long and by how many people it may be given was held against the catalogue of today.`,
        ]),
    ...(unknown === 0
      ? []
      : [
          `Of ${of(unknown)} no catalogue that is kept has the entitlement: how long and by how many people it may be given can’t be said.`,
        ]),
  ];
}
