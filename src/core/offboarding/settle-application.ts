import { type Refusal, refuse } from '../refusal.ts';
import type { OffboardingEvent } from './events.ts';
import { isHandedOver, type Say } from './hand-over.ts';
import {
  type By,
  type ItemDecision,
  type ItemOutcome,
  isOffboardingOpen,
  namesOfTeamsLeft,
  type Offboarding,
  type OffboardingItem,
  type OffboardingReport,
} from './offboarding.ts';

export type ItemClick = { id: string; key: string } & Pick<ItemDecision, 'verb'>;

/** Everything the decision rests on, gathered at the click. */
export type ItemFacts = {
  clicker: By & { email?: string };
  /** The owner of an API that it calls, or an admin, as the catalogue says now. */
  mayDecide: boolean;
  /**
   * The people with a say in a hand-over, as Anypoint and the catalogue have them now: the owner of every API that it
   * calls, and the admins.
   */
  say?: Say;
  /** For a hand-over: to whom. */
  to: ItemDecision['to'];
  now: Date;
};

const nothingMore = 'Nothing more to do; the message shows what became of it.';

/**
 * Whether this click decides what becomes of an application. An empty list of events means the very same click was
 * counted before. Refusals change nothing and are shown to the clicker only.
 */
export function settleApplication(
  offboarding: Offboarding,
  click: ItemClick,
  facts: ItemFacts,
): OffboardingEvent[] | Refusal {
  const item = offboarding.items.find((known) => known.key === click.key);
  if (item === undefined)
    return refuse('unknownChange', 'Latchkey does not know this application.', 'Look for a newer message.');
  if (item.decision?.clickId === click.id) return [];
  const { clicker } = facts;
  if (clicker.id === offboarding.personId)
    return refuse(
      'selfApproval',
      'It is yours, so you can’t decide what becomes of it.',
      'The owner of the API or an admin decides.',
    );
  if (!facts.mayDecide)
    return refuse(
      'notAnApprover',
      'You are not among those who may decide what becomes of this application.',
      'The owner of the API that it calls decides, or one of the catalogue’s admins.',
    );
  const done = refuseDone(offboarding, item);
  if (done !== null) return done;
  if (click.verb === 'revoke' && item.isOurOwn)
    return refuse(
      'notEligible',
      'Latchkey signs in with this connected app, so it is not revoked.',
      'Hand it over instead.',
    );
  if (click.verb === 'handOver' && facts.to === null)
    return refuse('unknownPerson', 'Nobody was chosen to take it.', 'Choose somebody and send it again.');
  const { id, name, insteadOf } = clicker;
  const by: By = { id, name, ...(insteadOf === undefined ? {} : { insteadOf }) };
  const base = {
    offboardingId: offboarding.id,
    at: facts.now,
    actor: { person: clicker.id, name: clicker.name },
    key: click.key,
  } as const;
  if (click.verb === 'handOver' && facts.to !== null) {
    const word = { by, email: clicker.email ?? '', to: facts.to, at: facts.now, clickId: click.id };
    const before = item.agreed ?? [];
    if (before.some((one) => one.clickId === click.id)) return [];
    const words = [...before.filter((one) => one.by.id !== clicker.id), word];
    if (!isHandedOver(words, facts.to, facts.say ?? { admins: [], apis: [] }))
      return [{ ...base, type: 'handOverAgreed', word }];
  }
  return [
    {
      ...base,
      type: 'applicationDecided',
      decision: { verb: click.verb, by, at: facts.now, clickId: click.id, to: facts.to },
    },
  ];
}

function refuseDone({ state }: Offboarding, { settled, decision }: OffboardingItem): Refusal | null {
  if (settled !== null) return refuse('alreadySettled', 'This is settled already.', nothingMore);
  if (!isOffboardingOpen(state))
    return refuse('alreadySettled', 'This offboarding is over, so nothing is changed any more.', nothingMore);
  if (decision === null) return null;
  const what = decision.verb === 'revoke' ? 'is revoking it' : `is handing it to ${decision.to?.name ?? ''}`;
  return refuse('alreadySettled', `${decision.by.name} ${what} already.`, nothingMore);
}

/** The outcome for an application, by what Anypoint shows now and what was decided; null: it is still the leaver's. */
export function outcomeOf(
  item: Pick<OffboardingItem, 'decision'>,
  shown: { ownerUserIds: readonly string[] } | null,
  leaverUserIds: ReadonlySet<string>,
): ItemOutcome | null {
  if (shown === null) return item.decision?.verb === 'revoke' ? 'revoked' : 'gone';
  if (shown.ownerUserIds.some((id) => leaverUserIds.has(id))) return null;
  const to = item.decision?.to?.anypointUserId;
  return to !== undefined && shown.ownerUserIds.includes(to) ? 'handedOver' : 'elsewhere';
}

/** Pure: the final report, the last audit entry of a case. */
export function reportOf(o: Offboarding, now: Date): OffboardingReport {
  const since = (from: Date, to: Date | null | undefined) =>
    to == null ? null : Math.max(0, to.getTime() - from.getTime());
  const began = o.beganAt ?? o.openedAt;
  const lastItem = o.items.reduce<Date | null>(
    (last, { settled }) => (settled !== null && (last === null || settled.at > last) ? settled.at : last),
    null,
  );
  return {
    cause: o.cause,
    startedBy: o.startedBy?.name ?? 'the identity provider',
    legs: {
      requests: since(began, o.legs.requests?.at),
      approvals: since(began, o.legs.approvals?.at),
      groups: since(began, o.legs.groups?.at),
      // Taken at once, also while the rest was asked about.
      teams: since(o.openedAt, o.legs.teams?.at),
      applications: o.items.length === 0 ? null : since(began, lastItem ?? now),
    },
    requests: o.legs.requests?.count ?? 0,
    approvals: o.legs.approvals?.count ?? 0,
    grants: o.ended.length,
    memberships: o.revokes.length,
    teams: namesOfTeamsLeft(o),
    applications: o.items.map(({ name, settled, decision }) => ({
      name,
      outcome: settled?.outcome ?? 'gone',
      by: decision?.by.name ?? null,
      to: decision?.to?.name ?? null,
    })),
  };
}
