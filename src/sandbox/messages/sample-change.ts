import type { Change, Decision } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { evolve } from '../../core/change/evolve.ts';
import { type AtAGlance, atAGlance } from '../../core/facts/at-a-glance.ts';
import { factSheet, plainSummary } from '../../core/facts/request-facts.ts';
import type { GrantId } from '../../core/ids.ts';
import type { Catalogue, Entitlement } from '../../core/policy/catalogue.ts';
import type { ApproverPlan, ApproverStage } from '../../core/policy/routing.ts';
import type { Verdict } from '../../core/policy/verdict.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { oktaAdvice } from '../../idp/okta/advice.ts';
import type { AdviceResult } from '../../ports/adviser.ts';
import type { Summary } from '../../store/summaries.ts';
import { after, approver, CHANNEL, changeId, entitlementIn, named, nameOf, personId } from './sample.ts';

/** An event of the sample change; what is the same of all is filled in. */
export type SampleEvent = ChangeEvent extends infer E
  ? E extends ChangeEvent
    ? Omit<E, 'changeId' | 'at' | 'actor'> & { after?: number }
    : never
  : never;

/** The change after these events, each a second after the one before, or when it says. */
export function changeAfter(events: readonly SampleEvent[]): Change {
  const change = events.reduce<Change | null>((before, { after: seconds, ...event }, i) => {
    const at = after(seconds ?? i);
    return evolve(before, { changeId, at, actor: { part: 'latchkey' }, ...event } as ChangeEvent);
  }, null);
  if (change === null) throw new Error('a change begins with an event');
  return change;
}

const DAY = 86_400;
const HOUR = 3_600;

export function received(entitlement: Entitlement, rest: Partial<SampleEvent & object> = {}): SampleEvent {
  return {
    type: 'changeReceived',
    kind: 'grant',
    cause: 'request',
    entitlementKey: entitlement.key,
    personId: personId('ines'),
    requesterId: personId('ines'),
    reason: 'Looking into stuck orders for INC-4711',
    ticket: 'INC-4711',
    requestedSeconds: DAY,
    target: null,
    via: 'slack',
    lapsesAt: null,
    ...rest,
  } as SampleEvent;
}

/** One stage: the first is asked as the manager, the others as owners. */
export function planOf(keys: readonly string[], rest: Partial<ApproverStage> = {}): ApproverPlan {
  return { stages: [stageOf(keys, rest)], distinct: true };
}

function stageOf(keys: readonly string[], rest: Partial<ApproverStage> = {}): ApproverStage {
  const [first = 'tom', ...others] = keys;
  const slot = (source: string, key: string) => ({ source, people: [approver(key)], pinged: true });
  return {
    of: 'any',
    quorum: 1,
    slots: [slot('manager', first), ...others.map((key) => slot('owner', key))],
    escalated: false,
    ...rest,
  };
}

export function asked(
  entitlement: Entitlement,
  plan: ApproverPlan,
  verdict: Partial<Verdict> = {},
): SampleEvent {
  return {
    type: 'approversAsked',
    plan,
    verdict: {
      effect: 'ask',
      grounds: [{ text: `${entitlement.tier} tier: a person decides`, clause: 'AC-3' }],
      ...verdict,
    },
    round: 1,
    lapsesAt: after(3 * DAY),
    target: targetOf(entitlement),
  };
}

function targetOf({ idpGroup, team }: Entitlement): NonNullable<Change['target']> {
  return { idp: 'okta', groupId: 'group', groupName: idpGroup, teamId: 'team', teamName: team };
}

export function decision(
  outcome: Decision['outcome'],
  key: string | null,
  note: string | null = null,
): Decision {
  return {
    outcome,
    by: key === null ? null : personId(key),
    byName: key === null ? 'Latchkey' : nameOf(key),
    at: after(60),
    note,
    clickId: 'click',
  };
}

export function approval(key: string, seconds: number | null = null): SampleEvent {
  return {
    type: 'approvalGiven',
    approval: { by: personId(key), name: nameOf(key), at: after(50), seconds, clickId: 'click' },
  };
}

export function approved(entitlement: Entitlement, key = 'tom', seconds = DAY): SampleEvent {
  return {
    type: 'changeApproved',
    after: 60,
    decision: decision('approved', key),
    grant: { id: 'grant' as GrantId, startsAt: after(60), endsAt: after(60 + seconds) },
    target: targetOf(entitlement),
  } as SampleEvent;
}

export function summaryOf(
  entitlement: Entitlement,
  change: Change,
  rest: { advice?: AdviceResult | null; holders?: number; near?: number; heldUntil?: Date | null } = {},
): Summary {
  const { advice = advised, holders = 4, near = 2, heldUntil = null } = rest;
  const beneficiary = { name: nameOf('ines'), title: 'Integration intern', department: 'Orders' };
  const known = {
    requestedSeconds: change.requestedSeconds ?? HOUR,
    holders,
    holdersInDepartment: near,
    earlierGrants: 0,
    heldUntil,
  };
  const sheet = factSheet({
    ...known,
    entitlement,
    beneficiary,
    requester: null,
    reason: change.reason,
    ticket: change.ticket,
    verdict: change.verdict ?? { effect: 'ask', grounds: [] },
    clauses: [{ id: 'AC-3', text: 'Access to production is given for a purpose and for a time.' }],
  });
  const glance: AtAGlance = atAGlance({
    ...known,
    change,
    entitlement,
    beneficiary: { ...beneficiary, since: new Date('2026-01-05T08:00:00Z') },
    manager: nameOf('tom'),
    facts: { hour: 10, weekday: 'monday' },
  });
  return { sheet, plain: plainSummary(sheet), advice, glance };
}

export const advised: AdviceResult = {
  answered: true,
  advice: {
    headline: 'An intern asks for production access, with a ticket.',
    risks: [
      {
        text: 'An intern would get access to production.',
        severity: 'medium',
        facts: ['f1'],
        clauses: ['AC-3'],
      },
    ],
    questions: ['Which orders are stuck?'],
    lean: 'ask more',
  },
  provenance: {
    model: 'scripted-sandbox-model',
    promptId: 'request-risk',
    promptVersion: 1,
    inputTokens: 0,
    outputTokens: 0,
    latencyMs: 0,
    droppedClaims: 0,
  },
};

/** The view from which the messages of a change are made; Tom is asked, and Olga owns it. */
export function viewOf(entitlement: Entitlement, change: Change, rest: Partial<ChangeView> = {}): ChangeView {
  return {
    idpName: 'Okta',
    pushNow: oktaAdvice.pushNow,
    change,
    ending: null,
    entitlement,
    beneficiary: named('ines'),
    requester: null,
    pinged: [named('tom'), named('olga')],
    alsoMay: [],
    owner: named('olga'),
    admins: [],
    channel: CHANNEL,
    summary: summaryOf(entitlement, change),
    doneBy: null,
    objectiveMs: 60_000,
    signInUrl: 'https://anypoint.mulesoft.com/login',
    ...rest,
  };
}

/** The entitlement that most samples are about, and a sensitive one. */
export function usual(catalogue: Catalogue): { read: Entitlement; deploy: Entitlement } {
  return {
    read: entitlementIn(catalogue, 'orders-api-read'),
    deploy: entitlementIn(catalogue, 'orders-api-deploy'),
  };
}
