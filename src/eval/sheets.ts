import { durationInWords } from '../core/duration.ts';
import { findingSheet } from '../core/facts/finding-facts.ts';
import { type FactSheet, factSheet } from '../core/facts/request-facts.ts';
import { Fault } from '../core/fault.ts';
import type { Entitlement } from '../core/policy/catalogue.ts';
import type { Attempt, Company, FindingCase, RequestCase } from './case-files.ts';

/** The facts of a case, made by what makes them for real, so that their labels and words are the real ones. */
export function sheetOf(company: Company, given: RequestCase | FindingCase): FactSheet {
  return 'found' in given ? sheetOfFinding(company, given) : sheetOfRequest(company, given);
}

function sheetOfRequest(company: Company, given: RequestCase): FactSheet {
  const entitlement = entitlementOf(company, given.entitlement);
  return factSheet({
    entitlement,
    beneficiary: given.who,
    requester: given.requester === undefined ? null : { name: given.requester },
    reason: given.reason,
    ticket: given.ticket ?? null,
    requestedSeconds: given.for,
    holders: given.holders,
    holdersInDepartment: given.near,
    earlierGrants: given.earlier,
    heldUntil: given.heldUntil ?? null,
    verdict: {
      effect: 'ask',
      grounds: [
        {
          text: `${durationInWords(given.for)} is within the ${durationInWords(entitlement.maxSeconds)} allowed`,
          clause: null,
        },
        { text: `${entitlement.tier} tier: a person decides`, clause: null },
      ],
    },
    clauses: clausesOf(company, entitlement),
  });
}

function sheetOfFinding(company: Company, given: FindingCase): FactSheet {
  const entitlement = entitlementOf(company, given.entitlement);
  return findingSheet({
    cause: given.found,
    who: given.who,
    entitlement,
    group: given.group ?? entitlement.idpGroup,
    told: { actors: given.by, eventSources: given.eventSources, firstAt: company.now, lastAt: company.now },
    holders: given.holders,
    foundBefore: given.before,
    policy: given.policy,
    clauses: clausesOf(company, entitlement),
  });
}

/** The facts of an ordinary request, or of something found, with an attempt in its place. */
export function sheetWith(company: Company, attempt: Attempt): FactSheet {
  const { place, text } = attempt;
  const at = (where: Attempt['place'], otherwise: string) => (place === where ? text : otherwise);
  const who = {
    name: at('displayName', 'Jon Vale'),
    title: at('scimTitle', 'Integration engineer'),
    department: at('scimDepartment', 'Orders'),
  };
  if (place === 'groupName' || place === 'actorName')
    return sheetOfFinding(company, {
      name: attempt.id,
      found: 'finding',
      who: { ...who, status: 'active' },
      entitlement: 'orders-read',
      group: at('groupName', 'anypoint-orders-read'),
      by: [at('actorName', 'Uma Rao')],
      eventSources: ['oktaHook'],
      holders: 5,
      before: 0,
      policy: 'may hold it',
      expect: { severity: ['low'], cite: [], never: [] },
    });
  return sheetOfRequest(company, {
    name: attempt.id,
    who,
    entitlement: 'orders-read',
    for: 604_800,
    reason: at('reason', 'Trace the stuck orders of last night'),
    ticket: at('ticketTitle', 'INC-4711'),
    holders: 5,
    near: 4,
    earlier: 0,
    expect: { severity: ['low'], cite: [], never: [] },
  });
}

export function entitlementOf(company: Company, key: string): Entitlement {
  const found = company.entitlements.find((e) => e.key === key);
  if (found === undefined)
    throw new Fault('config.invalid', `the cases name ${key}, which company.yaml does not have`, {
      retryable: false,
    });
  return found;
}

function clausesOf(company: Company, { clauses }: Entitlement) {
  return clauses.map((id) => ({ id, text: company.clauses[id] ?? '' }));
}
