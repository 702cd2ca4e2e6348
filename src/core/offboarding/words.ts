import { countInWords, elapsedInWords } from '../duration.ts';
import { capital } from '../text.ts';
import type { StatusText } from '../wording/change-status.ts';
import { legName } from '../wording/legs.ts';
import { agreedInWords, byInWords } from './hand-over.ts';
import {
  countsAsLeft,
  isOffboardingOpen,
  namesOfTeamsLeft,
  type Offboarding,
  type OffboardingItem,
  openItemsOf,
  teamsTaken,
} from './offboarding.ts';

export type OffboardingNames = {
  /** The leaver, as the medium names people. */
  person: string;
  admins: string;
  idp: string;
  /** An owner by e-mail, as the medium names people; left out: by the e-mail. */
  owner?: (email: string) => string;
  time: (at: Date) => string;
  /** Makes a name that is not ours harmless in the medium at hand. */
  safe: (text: string) => string;
};

/** Why there is a case, in one line. */
export function causeOfOffboarding(o: Offboarding, names: OffboardingNames): string {
  const agreed =
    o.agreed === null
      ? ''
      : ` ${o.agreed.cause === 'deleted' ? 'Deleted' : 'Deactivated'} in ${names.idp} as well, ${names.time(o.agreed.at)}.`;
  return `${firstCause(o, names)}${agreed}`;
}

function firstCause(o: Offboarding, names: OffboardingNames): string {
  const since = names.time(o.openedAt);
  const confirmed =
    o.decidedBy === null || o.beganAt === null
      ? ''
      : ` ${byInWords(o.decidedBy, names)} says they have left.`;
  switch (o.cause) {
    case 'deprovisioned':
      return `Deactivated in ${names.idp}, ${since}.${confirmed}`;
    case 'deleted':
      return `Deleted in ${names.idp}, ${since}.${confirmed}`;
    case 'lostApp':
      return `The MuleSoft app was taken away in ${names.idp}, ${since}; the account itself is still active there.${confirmed}`;
    case 'byHand':
      return `Started by ${byInWords(o.startedBy, names)}, ${since}.`;
    default:
      return o.cause satisfies never;
  }
}

export function offboardingStatusText(o: Offboarding, names: OffboardingNames): StatusText {
  const said = (mood: StatusText['mood'], label: string, headline: string, detail = ''): StatusText => ({
    mood: isAlarmed(o) ? 'bad' : mood,
    label,
    headline,
    detail,
    words: null,
  });
  const open = openItemsOf(o).length;
  switch (o.state) {
    case 'asking':
      return said(
        'waiting',
        'asked about',
        `Has ${names.person} left the company?`,
        `All access to MuleSoft has ended already. ${names.admins}: if they have left, what they asked for, decide on and own is dealt with too.`,
      );
    case 'held':
      return said('waiting', 'held', 'Held: too many people were lost at once', 'Two admins decide.');
    case 'underway':
      return said(
        'moving',
        'underway',
        'Taking everything away',
        'Latchkey looks until MuleSoft shows nothing.',
      );
    case 'appsOpen':
      return said(
        'waiting',
        'applications left',
        `All access is gone; ${countInWords(open)} ${open === 1 ? 'application is' : 'applications are'} left`,
        'Their credentials open APIs until each is handed over or revoked. Their owners have been asked, and are reminded.',
      );
    case 'closed':
      return closed(o, said, names);
    case 'returned':
      return said(
        'good',
        'returned',
        `${names.person} is back in ${names.idp}`,
        o.ended.length === 0
          ? 'Nothing had been ended.'
          : 'What had ended stays so unless somebody restores it.',
      );
    case 'cancelled':
      return said(
        'over',
        'taken back',
        `Taken back by ${byInWords(o.cancelled?.by ?? null, names)}`,
        `${names.person} can ask for access, be given it and decide on it again. Nothing that was removed comes back by itself.`,
      );
    default:
      return o.state satisfies never;
  }
}

/** Nothing of the access is seen gone in time, and the case is still at it. */
function isAlarmed({ late, state }: Offboarding): boolean {
  return late !== null && late.clearedAt === null && isOffboardingOpen(state);
}

/** The effect that an admin's word still has once nothing is left to take away. */
function untilTakenBack(o: Offboarding, names: OffboardingNames): string {
  if (!countsAsLeft(o)) return '';
  const sight = o.cause === 'lostApp' ? 'has the app again' : `has left and returned in ${names.idp}, too`;
  return ` Until this is taken back, or ${names.person} ${sight}, they can’t ask for access, be given it, or decide on it.`;
}

function closed(
  o: Offboarding,
  said: (mood: StatusText['mood'], label: string, headline: string, detail?: string) => StatusText,
  names: OffboardingNames,
): StatusText {
  if (o.closing === 'dismissed')
    return said(
      'over',
      'not left',
      `Not left, says ${byInWords(o.decidedBy, names)}`,
      `They only lost the app. Access can be asked for again with /access once ${names.idp} assigns it.`,
    );
  if (o.closing === 'nothing') return said('over', 'closed', 'Closed: there was nothing to end');
  return said(
    'over',
    'complete',
    'Offboarding complete',
    `Nothing of theirs is left in MuleSoft.${untilTakenBack(o, names)}`,
  );
}

/** The legs, each with what it came to and its time; what has not been done yet says so. */
export function offboardingLines(o: Offboarding, names: OffboardingNames): string[] {
  const began = o.beganAt ?? o.openedAt;
  const lines: string[] = [];
  const isWhole = o.beganAt !== null;
  if (isWhole) {
    lines.push(line(o.legs.requests !== null, closedRequests(o)));
    lines.push(line(o.legs.approvals !== null, reroutedApprovals(o)));
    lines.push(line(o.legs.groups !== null, groups(o, names, began)));
  } else if (o.ended.length > 0) lines.push(line(true, `${counted(o.ended.length, 'grant')} ended`));
  lines.push(line(o.legs.teams !== null, teams(o, names)));
  const maintained = teamsTaken(o).filter((team) => team.membershipType === 'maintainer');
  if (maintained.length > 0)
    lines.push(`• Maintainer of ${namesOf(maintained, names)} no longer: name another one in Anypoint`);
  const kept = o.teams.filter((team) => team.kept !== null);
  if (kept.length > 0)
    lines.push(`• Still listed in ${namesOf(kept, names)}: Anypoint takes nobody out of it`);
  if (isWhole && (o.state !== 'underway' || o.items.length > 0)) lines.push(applications(o));
  if (o.lookalikes.length > 0) lines.push(lookalikes(o, names));
  return lines;
}

/** A question: Latchkey takes nothing from whom it can't show to be the leaver. */
function lookalikes(o: Offboarding, names: OffboardingNames): string {
  const users = o.lookalikes.map(({ username, teams }) => {
    const inTeams = teams.length === 0 ? 'in no team' : `in ${teams.map(names.safe).join(', ')}`;
    return `“${names.safe(username)}” (${inTeams})`;
  });
  return `? Theirs as well? Anypoint has ${users.join(', ')} with their e-mail or name, which ${names.idp} does not know as theirs. Nothing was taken there: look in Anypoint, and if it is theirs disable it or take it out of its teams`;
}

/** What was taken away before an offboarding was taken back. */
export type Removed = {
  /** Until when it was granted; null: nobody had granted it. */
  gone: { title: string; until: Date | null }[];
  /** Groups that they were not out of yet. */
  left: string[];
};

/** The outcome of everything, once it is taken back: what to ask for again, and what stays as it is. */
export function takenBackLines(o: Offboarding, { gone, left }: Removed, names: OffboardingNames): string[] {
  const lines: string[] = [];
  const bullets = (head: string, all: readonly string[]) => {
    if (all.length > 0) lines.push(`*${head}*`, ...all.map((one) => `• ${one}`));
  };
  bullets(
    'Removed; whoever still needs it asks for it again with /access:',
    gone.map(
      ({ title, until }) =>
        `${names.safe(title)}${until === null ? ' (without a grant)' : `, granted until ${names.time(until)}`}`,
    ),
  );
  bullets('Not removed yet, and left as it is; the owner is asked whether it stays:', left.map(names.safe));
  const requests = o.legs.requests?.count ?? 0;
  const decisions = o.legs.approvals?.count ?? 0;
  const settled = o.items.filter((item) => item.settled !== null);
  bullets('Stays as it is:', [
    ...(requests === 0 ? [] : [`${capital(counted(requests, 'request'))} closed; ask again`]),
    ...(decisions === 0 ? [] : [`${capital(counted(decisions, 'decision'))} put to others`]),
    ...settled.map((item) => `${names.safe(item.name)}: ${itemStatusText(item, names).replace('✓ ', '')}`),
  ]);
  if (lines.length === 0) lines.push('Nothing had been removed.');
  return lines;
}

function line(isDone: boolean, text: string): string {
  return `${isDone ? '✓' : '…'} ${capital(text)}`;
}

function closedRequests({ legs }: Offboarding): string {
  const n = legs.requests?.count ?? 0;
  return n === 0 ? 'No request was pending' : `${counted(n, 'pending request')} closed`;
}

function reroutedApprovals({ legs }: Offboarding): string {
  const n = legs.approvals?.count ?? 0;
  return n === 0 ? 'Nothing waited for their decision' : `${counted(n, 'decision')} put to others`;
}

function groups(o: Offboarding, names: OffboardingNames, began: Date): string {
  const n = o.revokes.length;
  const grants = o.ended.length === 0 ? '' : `${counted(o.ended.length, 'grant')} ended; `;
  if (n === 0) return `${grants}in no group of ${names.idp} that gives access`;
  const took = o.legs.groups === null ? '' : ` after ${spanInWords(began, o.legs.groups.at)}`;
  return `${grants}out of ${counted(n, 'group')} in ${names.idp}${took}`;
}

function teams(o: Offboarding, names: OffboardingNames): string {
  const left = namesOfTeamsLeft(o);
  const took = o.legs.teams === null ? '' : ` after ${spanInWords(o.openedAt, o.legs.teams.at)}`;
  const note = o.teamsNote === null ? '' : ` (${names.safe(o.teamsNote)})`;
  if (left.length === 0)
    return o.legs.teams === null ? 'Reading their teams in Anypoint' : `In no team in Anypoint${note}`;
  const which = `${counted(left.length, 'team')} in Anypoint (${left.map(names.safe).join(', ')})`;
  return o.legs.teams === null
    ? `Out of ${which}; looking until it shows`
    : `Gone from ${which}${took}${note}`;
}

function applications({ items }: Offboarding): string {
  if (items.length === 0) return '✓ They own no application';
  const settled = items.filter((item) => item.settled !== null).length;
  return line(
    settled === items.length,
    `${settled} of ${items.length} application${items.length === 1 ? '' : 's'} handed over or revoked`,
  );
}

/** What became of one application, or what it waits for. */
export function itemStatusText(
  item: OffboardingItem,
  names: Pick<OffboardingNames, 'safe' | 'owner'>,
  isOver = false,
): string {
  const { settled, decision, trouble } = item;
  if (isOver && settled === null) return 'Left as it was';
  const by = decision === null ? '' : ` by ${byInWords(decision.by, names)}`;
  const to = names.safe(decision?.to?.name ?? '');
  switch (settled?.outcome) {
    case 'handedOver':
      return `✓ Handed over to ${to}${by}`;
    case 'revoked':
      return `✓ Revoked${by}: its credentials open nothing any more`;
    case 'elsewhere':
      return '✓ Anypoint shows another owner';
    case 'gone':
      return '✓ Anypoint no longer has it';
    default:
      if (decision?.verb === 'revoke') return `Being revoked${by}`;
      if (decision !== null) return `Being handed over to ${to}${by}`;
      if (trouble !== null) return names.safe(trouble);
      return item.agreed === undefined || item.agreed.length === 0
        ? 'Hand it over or revoke it'
        : agreedInWords(item, item.agreed, names);
  }
}

/** What an application may do, for whoever decides on it. */
export function itemInWords({ kind, contracts, coOwners, isOurOwn }: OffboardingItem): string {
  if (isOurOwn) return 'connected app that Latchkey itself signs in with: it can only be handed over';
  const also =
    coOwners === 0
      ? ''
      : `; ${countInWords(coOwners)} ${coOwners === 1 ? 'other owns' : 'others own'} it too, and lose it when it is revoked`;
  if (kind === 'connectedApp') return `connected app: signs in to Anypoint by itself${also}`;
  const apis = contracts.map(
    ({ api, environment, status, owner, contact }) =>
      `${api} in ${environment}${status === 'APPROVED' ? '' : ` (${status.toLowerCase()})`}${owner === null && contact != null ? ` (contact named in Exchange: ${contact})` : ''}`,
  );
  return `client application: calls ${apis.length === 0 ? 'no API at the moment' : apis.join(', ')}${also}`;
}

/** Which leg is stuck, and why; null: no alarm. */
export function lateInWords(o: Offboarding, names: OffboardingNames): string | null {
  if (o.late === null || (o.late.clearedAt === null && !isOffboardingOpen(o.state))) return null;
  const leg = legName(o.late.leg, names.idp);
  return o.late.clearedAt === null
    ? `Stuck at ${leg}: ${names.safe(o.late.why)}.`
    : `The alarm is cleared; it was stuck at ${leg}.`;
}

/** `one grant`, `two grants`. */
function counted(n: number, thing: string): string {
  return `${countInWords(n)} ${thing}${n === 1 ? '' : 's'}`;
}

function namesOf(all: readonly { name: string }[], names: OffboardingNames): string {
  return all.map((team) => names.safe(team.name)).join(', ');
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `1.2 s`, `14 s`, `3 minutes`, `2 days`. */
export function spanInWords(from: Date, to: Date): string {
  const ms = Math.max(0, to.getTime() - from.getTime());
  for (const [unit, length] of UNITS) if (ms >= 2 * length) return `${Math.round(ms / length)} ${unit}s`;
  return elapsedInWords(ms);
}
