import type { Leg } from '../change/change.ts';
import { quorumOf } from '../policy/catalogue.ts';
import type { CarriedElsewhere } from '../policy/delivery.ts';
import { type ApproverPlan, isStranded, mayApprove } from '../policy/routing.ts';
import type { Mood, StatusText } from '../wording/change-status.ts';
import { legName } from '../wording/legs.ts';
import type { MassChange } from './mass-change.ts';

/** How far the items of a decided mass change are: each kept or reverted, and seen in MuleSoft or not yet. */
export type MassProgress = {
  /** Not decided, or not worked off yet. */
  open: number;
  kept: { all: number; seen: number };
  reverted: { all: number; seen: number };
  /** `delivery`: who carries it, where that is not Latchkey. */
  late: { leg: Leg; delivery?: CarriedElsewhere; count: number; outcome: 'kept' | 'reverted' }[];
  failed: number;
  /** Kept for people who have never signed in to Anypoint. */
  signIn: number;
  /** Kept, and given by Anypoint at their next sign-in. */
  nextSignIn: number;
  /** Of those, so many would not be given it by a sign-in now: the group mapping is not as it should be. */
  unmapped: number;
};

export type MassNames = {
  /** The entitlement's title. */
  title: string;
  group: string;
  /** The Anypoint team. */
  team?: string;
  /** Of those taken out, how many hold no grant and were there before Latchkey. */
  foundThere?: number;
  /** Who may decide, joined. */
  deciders: string;
  /** Who moved. */
  mover: string;
  idp: string;
  safe: (text: string) => string;
};

export function totalOf({ open, kept, reverted }: MassProgress): number {
  return open + kept.all + reverted.all;
}

/** Whether every item is worked off and seen. */
export function isAllSeen({ open, kept, reverted }: MassProgress): boolean {
  return open === 0 && kept.seen === kept.all && reverted.seen === reverted.all;
}

/** What was found, in one line. */
export function massHead(mass: MassChange, count: number, names: MassNames): string {
  const people = `${figure(count)} ${count === 1 ? 'person' : 'people'} ${count === 1 ? 'was' : 'were'}`;
  switch (mass.kind) {
    case 'finding':
      return `${people} put into ${names.group} (${names.title}), and nobody asked for it here`;
    case 'lost':
      return `${people} taken out of ${names.group} (${names.title}), ${whyWanted(count, names.foundThere ?? 0)}`;
    case 'excess': {
      const are = count === 1 ? '1 person is' : `${figure(count)} people are`;
      return `${are} in the Anypoint team ${names.team} (${names.title}), and nothing gives it to ${count === 1 ? 'them' : 'any of them'}`;
    }
    case 'deactivated':
      return `${people} switched off within a short time`;
    case 'moved': {
      const still =
        count === 1 ? 'one access that no longer fits' : `${figure(count)} accesses that no longer fit`;
      return `${names.mover} ${wayInWords(mass, names)}, and still holds ${still}`;
    }
    default:
      return mass.kind satisfies never;
  }
}

function whyWanted(count: number, foundThere: number): string {
  if (foundThere === 0) return 'though access was granted';
  const before = 'in it before Latchkey, and nobody asked for it here';
  if (foundThere >= count) return count === 1 ? `who was ${before}` : `who were ${before}`;
  return `though access was granted to ${figure(count - foundThere)}; the others were ${before}`;
}

function wayInWords({ moved }: MassChange, names: MassNames): string {
  const to = names.safe(moved?.to ?? 'no department');
  if (moved === null || moved.from === null) return `is in ${to} now`;
  return moved.from === moved.to
    ? `has another manager in ${to}`
    : `moved from ${names.safe(moved.from)} to ${to}`;
}

/** What the two answers come to, as their buttons say it. */
export function massVerbWords(kind: MassChange['kind']): { keep: string; revert: string } {
  switch (kind) {
    case 'finding':
      return { keep: 'Keep all', revert: 'Revert all' };
    case 'lost':
      return { keep: 'Put all back', revert: 'Let all end' };
    case 'excess':
      return { keep: 'Keep all', revert: 'Take all out' };
    case 'deactivated':
      return { keep: 'They have not left', revert: 'They have left' };
    case 'moved':
      return { keep: 'Keep', revert: 'End all' };
    default:
      return kind satisfies never;
  }
}

/** What each answer does, said before it is pressed. */
export function massVerbsExplained(mass: MassChange, names: MassNames): string {
  switch (mass.kind) {
    case 'finding':
      return `Keep makes each of them a grant with an end; who may not hold it by policy is taken out again. Revert takes all of them out of ${names.group}.`;
    case 'lost':
      return (names.foundThere ?? 0) === 0
        ? `Put back adds them to ${names.group} again, until their grants end. Let end ends their grants.`
        : `Until this is decided, whoever still has the team in MuleSoft keeps it. Put back adds them to ${names.group} again: by their grants until those end, else as before; who may not hold it by policy is not put back. Let end ends their grants and takes the team away.`;
    case 'excess':
      return `Until this is decided they stay in the team. Keep adds them to ${names.group}, each with a grant that has an end; who may not hold it by policy is taken out. Take out removes all of them from the team. Either way, find out who or what put them into the team in Anypoint itself, or they may come again.${mass.target?.delivery === 'claim' ? ' Who came by the group claim of a sign-in comes again with the next one, until the identity provider no longer sends that group.' : ''}`;
    case 'deactivated':
      return 'While they are switched off they are out of MuleSoft, whatever is decided. If they have left, what they hold, asked for, decide on and own is closed too. One by one decides on single people, and the others wait.';
    case 'moved':
      return 'Keep leaves everything until its end. What is ended is taken away at once.';
    default:
      return mass.kind satisfies never;
  }
}

export function massStatusText(mass: MassChange, progress: MassProgress, names: MassNames): StatusText {
  const said = (mood: Mood, label: string, headline: string, detail: string): StatusText => ({
    mood,
    label,
    headline,
    detail,
    words: null,
  });
  const by = names.safe(mass.decision?.byName ?? '');
  switch (mass.state) {
    case 'received':
      return said('moving', 'received', 'Latchkey is gathering the facts', '');
    case 'asking':
      return said(
        'waiting',
        'waiting for a decision',
        'Waiting for a decision',
        waitingFor(mass, progress, names),
      );
    case 'closed':
      return said(
        'over',
        'closed',
        'Closed: nothing is left to decide',
        'It was changed back or has ended meanwhile.',
      );
    case 'decided':
      return said(
        progress.late.length + progress.failed > 0 ? 'bad' : 'moving',
        'being worked off',
        `${decidedInWords(mass)} ${by}`,
        progressInWords(mass, progress, names),
      );
    case 'done':
      return said(
        mass.decision?.verb === 'revert' ? 'over' : 'good',
        'done',
        `${decidedInWords(mass)} ${by}; all of it is done`,
        progressInWords(mass, progress, names),
      );
    default:
      return mass.state satisfies never;
  }
}

function waitingFor(mass: MassChange, progress: MassProgress, names: MassNames): string {
  if (mass.plan === null || isStranded(mass.plan))
    return 'Nobody can decide on this: whoever may is on the card themselves, or has left. The catalogue’s admins have to name another owner.';
  const may = new Set(mayApprove(mass.plan).map(({ id }) => id));
  const answered = mass.answers.map((a) => {
    const said = `${names.safe(a.byName)}: ${massVerbWords(mass.kind)[a.verb === 'keep' ? 'keep' : 'revert']}`;
    return may.has(a.by) ? said : `${said} (does not count: they may not decide on this now)`;
  });
  const single = singlyAnswered(mass, names);
  const waits =
    answered.length + single.length === 0
      ? `Waiting for ${names.deciders}.`
      : `${[...answered, ...single].join('; ')}. ${takesInWords(mass.plan)}`;
  const { kept, reverted } = progress;
  return kept.all + reverted.all === 0
    ? waits
    : `${waits} Decided one by one already: ${figure(reverted.all)} left, ${figure(kept.all)} not left.`;
}

function takesInWords(plan: ApproverPlan): string {
  const { toKeep } = plan;
  const quorum = quorumOf(plan);
  return toKeep === undefined
    ? `It takes ${quorum} of one mind.`
    : `It takes ${toKeep.quorum} of one mind to keep, ${quorum} to take away.`;
}

/** The people who have answered by name and wait for another to say the same, with the number of items. */
function singlyAnswered({ itemAnswers }: MassChange, names: MassNames): string[] {
  const byPerson = Map.groupBy(itemAnswers, ({ by }) => by);
  return [...byPerson.values()].flatMap((answers) => {
    const keys = new Set(answers.flatMap(({ choices }) => choices.map(({ key }) => key)));
    const who = names.safe(answers[0]?.byName ?? '');
    return keys.size === 0 ? [] : [`${who} has answered for ${figure(keys.size)} of them by name`];
  });
}

function decidedInWords({ kind, decision }: MassChange): string {
  const verb = decision?.verb ?? 'keep';
  if (verb === 'choose') return 'Chosen one by one by';
  switch (kind) {
    case 'finding':
      return verb === 'keep' ? 'Kept by' : 'Reverted by';
    case 'lost':
      return verb === 'keep' ? 'Put back by' : 'Let end by';
    case 'excess':
      return verb === 'keep' ? 'Kept by' : 'Taken out by';
    case 'deactivated':
      return verb === 'keep' ? 'Not left, says' : 'Left, says';
    case 'moved':
      return verb === 'keep' ? 'Kept by' : 'Ended by';
    default:
      return kind satisfies never;
  }
}

/** The people who kept some of them and turned out to have put them in; null: nobody. */
export function reopenedInWords(mass: MassChange, names: Pick<MassNames, 'idp' | 'safe'>): string | null {
  const { reopened = [] } = mass;
  if (reopened.length === 0) return null;
  const each = reopened.map(
    ({ name, count }) =>
      `${names.safe(name)}, who kept them, put ${figure(count)} of them there, as ${names.idp} says now`,
  );
  return `${each.join('; ')}. Those do not stand: their grants have ended, and others are asked about them anew.`;
}

/** `4,998 of 5,000 gone in MuleSoft, 2 late (Okta’s SCIM push)`. */
function progressInWords({ kind }: MassChange, p: MassProgress, names: MassNames): string {
  const parts: string[] = [];
  const isTravelling = kind === 'finding' || kind === 'lost' || kind === 'excess';
  const kept = isTravelling ? 'in effect in MuleSoft' : 'kept';
  const reverted = kind === 'deactivated' ? 'on their way out' : 'gone in MuleSoft';
  const half = (n: { all: number; seen: number }, words: string, outcome: 'kept' | 'reverted') => {
    if (n.all === 0) return;
    const late = p.late
      .filter((l) => l.outcome === outcome)
      .map((l) => `, ${figure(l.count)} late (${legName(l.leg, names.idp, l.delivery)})`);
    parts.push(`${figure(n.seen)} of ${figure(n.all)} ${words}${late.join('')}`);
  };
  half(p.kept, kept, 'kept');
  half(p.reverted, reverted, 'reverted');
  if (p.signIn > 0)
    parts.push(`${figure(p.signIn)} ${p.signIn === 1 ? 'waits' : 'wait'} for a first sign-in to Anypoint`);
  if (p.nextSignIn > 0) {
    const unmapped = p.unmapped === 0 ? '' : `, which would not give it to ${figure(p.unmapped)} of them now`;
    parts.push(
      `${figure(p.nextSignIn)} ${p.nextSignIn === 1 ? 'has it from their' : 'have it from their'} next sign-in to Anypoint${unmapped}`,
    );
  }
  if (p.failed > 0) parts.push(`${figure(p.failed)} that ${names.idp} refuses: look at ${names.group} there`);
  if (p.open > 0) parts.push(`${figure(p.open)} still to be started`);
  return parts.length === 0 ? '' : `${parts.join('; ')}.`;
}

/** `5,000`. */
export function figure(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
