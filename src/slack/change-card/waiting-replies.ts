import type { Change } from '../../core/change/change.ts';
import { isForAbsence } from '../../core/change/stage-opened.ts';
import { type ApproverPlan, isStranded, openStage, stillMissing } from '../../core/policy/routing.ts';
import { escapeMrkdwn, slackDate } from '../mrkdwn.ts';
import { mention, namedOf } from './names.ts';
import type { Reply, Told } from './outcome.ts';

/**
 * Replies for the things that time brings to a request that waits for its approvers. Each is told under the card, so
 * the people whom it mentions are told. It is told to the people who wait too, where it is news to them.
 */
export const waitingReplies: readonly Reply[] = [
  {
    key: ({ change }) => keyOf(change, 'stage', change.clock?.stage ?? 0, (n) => n > 0 && isAsked(change)),
    text: ({ change, names }) =>
      `Approved by ${change.approvals.map(({ name }) => escapeMrkdwn(name)).join(', ')}. Now waiting for ${names.deciders}.`,
  },
  {
    key: ({ change }) =>
      keyOf(
        change,
        'escalated',
        change.clock?.rungs[change.clock.stage] ?? 0,
        (n) => n > 0 && isAsked(change),
      ),
    text: (told) => {
      const { change, reader } = told;
      const to = rungOf(told);
      if (change.clock?.climbed?.why === 'nobodyLeft')
        return `Nobody whom the rule names is left to decide, so ${to} decides.`;
      if (change.clock?.climbed?.why === 'away')
        return `:palm_tree: ${absentInWords(change)}, so ${to} is asked too. Whoever is away can still decide.`;
      const earlier = 'Those who were asked before can still decide.';
      return reader === 'channel'
        ? `:arrow_up: Nobody has answered in time, so ${to} is asked too. ${earlier}`
        : `:arrow_up: Nobody has answered yet, so ${to} is asked too. ${earlier} Nothing to do for you.`;
    },
  },
  {
    key: ({ change }) => keyOf(change, 'absent', absentIn(change).length, (n) => n > 0 && isAsked(change)),
    text: ({ change }) =>
      `:palm_tree: ${absentInWords(change)}, so the catalogue’s admins are asked too. Whoever is away can still decide.`,
  },
  {
    key: ({ change, reader }) =>
      reader === 'channel'
        ? keyOf(change, 'warned', change.clock?.warned == null ? 0 : 1, (n) => n > 0)
        : null,
    text: ({ change, names, view }) => {
      const warned = change.clock?.warned;
      if (warned == null) return '';
      const who = isWithoutDeciders(change) ? names.owner : mentionedIn(view);
      return warned.next === null
        ? `:hourglass: ${who}: this lapses ${slackDate(warned.nextAt)} if it is not decided until then.`
        : `:hourglass: ${who}: ${escapeMrkdwn(warned.next)} is asked too ${slackDate(warned.nextAt)} if it is not decided until then.`;
    },
  },
  {
    key: ({ change, reader }) =>
      reader === 'channel'
        ? keyOf(change, 'reminded', change.clock?.reminders.length ?? 0, (n) => n > 0)
        : null,
    text: ({ change, names, view }) => {
      if (isWithoutDeciders(change))
        return `Still waiting: nobody can decide on this until ${names.owner} mends the catalogue.`;
      const named = namedOf(view);
      const last = change.clock?.reminders.at(-1)?.people ?? [];
      const missing =
        change.approvals.length === 0 || change.plan === null
          ? names.deciders
          : stillMissing(change.plan, change.approvals, escapeMrkdwn);
      return `Still waiting for ${missing}.${last.length === 0 ? '' : ` Please decide: ${last.map((person) => mention(named(person))).join(', ')}.`}`;
    },
  },
];

/** One reply for each round, stage, rung and time; null: not now. */
function keyOf(change: Change, what: string, n: number, isDue: (n: number) => boolean): string | null {
  if (change.state !== 'asking' || !isDue(n)) return null;
  const { stage = 0, rungs = [] } = change.clock ?? {};
  return `${what}:${change.round}.${stage}.${rungs[stage] ?? 0}.${n}`;
}

/** The plan names who is asked now: it may be looked up a moment later than the stage is opened. */
function isAsked({ plan, approvals, clock }: Change): boolean {
  if (plan === null) return false;
  const { n, stage } = openStage(plan, approvals);
  return n === (clock?.stage ?? 0) && (stage.rungs?.length ?? 0) >= (clock?.rungs[n] ?? 0);
}

/** The people whom the last rung asks: mentioned where they can be, else as the catalogue says. */
function rungOf({ change: { plan, approvals, clock }, view }: Told): string {
  const named = namedOf(view);
  const rung = plan === null ? undefined : openStage(plan, approvals).stage.rungs?.at(-1);
  const people = rung?.people.map((person) => mention(named(person))) ?? [];
  return people.length === 0 ? escapeMrkdwn(clock?.climbed?.to ?? '') : people.join(' or ');
}

/** Those who are away, where the admins are asked in the stage that waits, for there was no rung left to climb. */
function absentIn({ plan, approvals }: Change): NonNullable<ApproverPlan['absent']> {
  if (plan === null) return [];
  const { stage } = openStage(plan, approvals);
  return stage.escalated && isForAbsence(plan, stage) ? (plan.absent ?? []) : [];
}

/** `Tom Okafor is away until Monday, and nobody decides in their stead`. */
function absentInWords({ plan }: Change): string {
  const people = (plan?.absent ?? []).map(
    ({ name, until }) =>
      `${escapeMrkdwn(name)} is away${until === null ? '' : ` until ${slackDate(new Date(until))}`}`,
  );
  return `${people.join(' and ')}, and nobody decides in their stead`;
}

function mentionedIn({ pinged, alsoMay }: Told['view']): string {
  return (pinged.length > 0 ? pinged : alsoMay).map(mention).join(', ');
}

export function isWithoutDeciders({ plan }: Change): boolean {
  return plan === null || isStranded(plan);
}
