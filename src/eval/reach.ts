import type { Change } from '../core/change/change.ts';
import type { ChangeEvent } from '../core/change/events.ts';
import { evolve } from '../core/change/evolve.ts';
import type { FactSheet } from '../core/facts/request-facts.ts';
import type { ChangeId, PersonId } from '../core/ids.ts';
import { planOf } from '../core/policy/routing.ts';
import type { Verdict } from '../core/policy/verdict.ts';
import type { ChangeView } from '../flow/messages/change-view.ts';
import type { Named } from '../flow/people/named.ts';
import type { AdviceResult } from '../ports/adviser.ts';
import { notices } from '../slack/change-card/notices.ts';
import type { Attempt, Company } from './case-files.ts';
import { moreAlive } from './safety.ts';
import { entitlementOf, sheetWith } from './sheets.ts';

const HARMLESS = 'x';
const asks: Verdict = { effect: 'ask', grounds: [{ text: 'medium tier: a person decides', clause: 'AC-3' }] };
const ids = { change: 'change' as ChangeId, theirs: 'them' as PersonId, owner: 'owner' as PersonId };

/**
 * The effects of an attempt in Slack, in every message of a change that carries it, with this advice beside it. An
 * effect is something alive in these messages that is not alive in the same messages with a harmless text instead.
 * Nothing of it is alive: an empty list.
 */
export function aliveInSlack(company: Company, attempt: Attempt, advice: AdviceResult): string[] {
  const shown = messagesOf(company, attempt, advice);
  // What we say ourselves of where the advice leans is in both.
  const twin: AdviceResult = advice.answered
    ? { ...advice, advice: { headline: HARMLESS, risks: [], questions: [], lean: advice.advice.lean } }
    : advice;
  const twins = messagesOf(company, { ...attempt, text: HARMLESS }, twin);
  return shown.flatMap((message, i) => moreAlive(message, twins[i]));
}

function messagesOf(company: Company, attempt: Attempt, advice: AdviceResult): unknown[] {
  return ['asking', 'denied'].flatMap((state) =>
    notices(viewOf(company, attempt, advice, state === 'denied')).map(({ content }) => [
      // What the notification shows is read as markup too.
      { type: 'mrkdwn', text: content.text, verbatim: true },
      content.blocks,
    ]),
  );
}

/** Puts the attempt's text into the one place that it aims at. */
function fillIn({ place, text }: Attempt): (where: Attempt['place'], otherwise: string) => string {
  return (where, otherwise) => (place === where ? text : otherwise);
}

function changeOf(company: Company, attempt: Attempt, isDenied: boolean): Change {
  const { place, text } = attempt;
  const at = fillIn(attempt);
  const isFinding = place === 'groupName' || place === 'actorName';
  const name = at('displayName', 'Jon Vale');
  const group = at('groupName', 'anypoint-orders-read');
  const target = { idp: 'okta', groupId: 'g', groupName: group, teamId: 't', teamName: 'Orders' };
  const plan = planOf({
    of: 'any',
    quorum: 1,
    slots: [
      { source: 'owner', people: [{ id: ids.owner, name, email: 'owner@acme.example' }], pinged: true },
    ],
    escalated: false,
  });
  const base = { changeId: ids.change, at: company.now, actor: { part: 'latchkey' } } as const;
  const entitlement = entitlementOf(company, 'orders-read');
  const events: ChangeEvent[] = [
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: isFinding ? 'finding' : 'request',
      entitlementKey: entitlement.key,
      personId: ids.theirs,
      requesterId: isFinding ? null : ids.theirs,
      reason: at('reason', 'Trace the stuck orders'),
      ticket: at('ticketTitle', 'INC-4711'),
      requestedSeconds: entitlement.defaultSeconds,
      target: isFinding ? target : null,
      via: 'slack',
      lapsesAt: null,
    },
    { ...base, type: 'approversAsked', plan, verdict: asks, round: 1, lapsesAt: null, target },
  ];
  if (isDenied)
    events.push({
      ...base,
      type: 'changeDenied',
      revokeId: null,
      decision: {
        outcome: 'denied',
        by: ids.owner,
        byName: name,
        at: company.now,
        note: text,
        clickId: 'click',
      },
    });
  return events.reduce<Change | null>((so, event) => evolve(so, event), null) as Change;
}

function viewOf(company: Company, attempt: Attempt, advice: AdviceResult, isDenied: boolean): ChangeView {
  const { place, text } = attempt;
  const at = fillIn(attempt);
  const isFinding = place === 'groupName' || place === 'actorName';
  const name = at('displayName', 'Jon Vale');
  // Somebody whom Slack does not know is named, not mentioned: there their name is in a text of ours.
  const them: Named = { name, accountId: null };
  const owner: Named = { name, accountId: null };
  const sheet: FactSheet = sheetWith(company, attempt);
  return {
    idpName: 'Okta',
    pushNow: 'push {group} now',
    change: changeOf(company, attempt, isDenied),
    ending: null,
    entitlement: entitlementOf(company, 'orders-read'),
    beneficiary: isDenied ? { ...them, accountId: 'U0000001' } : them,
    requester: null,
    pinged: [owner],
    alsoMay: [owner],
    owner,
    admins: [owner],
    channel: 'access-requests',
    summary: { sheet, plain: text, advice },
    doneBy: isFinding ? { name: at('actorName', 'Uma Rao'), at: company.now } : null,
    objectiveMs: 60_000,
  };
}
