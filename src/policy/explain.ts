import { outsideInWords } from '../core/facts/request-facts.ts';
import { Fault } from '../core/fault.ts';
import type { EntitlementKey } from '../core/ids.ts';
import {
  type ApproverSource,
  type Catalogue,
  type Entitlement,
  quorumOf,
  sourceName,
  withQuorum,
} from '../core/policy/catalogue.ts';
import type { Policy } from '../core/policy/policy.ts';
import { conflictsOf, type Holding } from '../core/policy/separation.ts';
import {
  evaluateRequest,
  quorumUnder,
  type RequestFacts,
  ruledOut,
  type Verdict,
} from '../core/policy/verdict.ts';
import { type AtIdp, at, type Idps } from '../flow/idps/idps.ts';
import { askOutside } from '../flow/request/request-facts.ts';
import type { ChatDirectory } from '../ports/chat.ts';
import type { IdentityProvider, IdpPerson } from '../ports/identity-provider.ts';
import { verdictInWords } from './decision-tables.ts';

/**
 * The policy's answer if this person asked for this now, line by line. The access that they hold is read from the
 * groups in the IdP. Their other requests are not known here, and the lines say so.
 */
export async function explain(
  policy: Policy,
  { idps, chat }: { idps: Idps; chat: ChatDirectory },
  asked: { person: string; entitlement: string; seconds: number | null; hasTicket: boolean },
): Promise<string[]> {
  const { catalogue, rules } = policy;
  const entitlement = catalogue.entitlements.find((e) => e.key === asked.entitlement);
  if (entitlement === undefined)
    throw unknown(
      `there is no entitlement ${asked.entitlement}; there are ${catalogue.entitlements.map((e) => e.key).join(', ')}`,
    );
  const { idp } = at({ idps }, entitlement);
  const person = await onePerson(idp, asked.person);
  const notKnown: string[] = [];
  const facts = await factsOf(policy, { idps, idp, chat }, { ...asked, entitlement, person }, (fact, why) =>
    notKnown.push(`${fact}: not known (${why})`),
  );
  const verdict = evaluateRequest(facts, rules);
  const clause = (id: string | null) => catalogue.clauses.find((c) => c.id === id);
  const lines = [
    `${person.displayName} (${[person.title, person.department, person.status].filter(Boolean).join(', ')}) asks for ${entitlement.title}, tier ${entitlement.tier}`,
    ...[...outsideInWords(facts), ...notKnown].map((line) => `fact: ${line}`),
    `verdict: ${verdictInWords(verdict)}`,
    ...verdict.grounds.map((g) => {
      const source = [g.rule === undefined ? null : `rule ${g.rule}`, g.clause].filter(
        (part) => part !== null,
      );
      return `  because ${g.text}${source.length === 0 ? '' : ` (${source.join(', ')})`}`;
    }),
    ...(verdict.conflicts ?? []).map((c) => `  separation of duties: ${c.text}`),
  ];
  if (verdict.effect === 'ask')
    lines.push(...(await decidersOf(policy, { idps, idp }, person, { facts, verdict })));
  const ids = [...new Set(verdict.grounds.flatMap((g) => g.clause ?? []))];
  for (const id of ids) lines.push(`${id}: ${clause(id)?.text ?? ''}`);
  lines.push(
    'Not known here: requests that wait, roles through teams above, and the hour. They may make a difference where a rule asks for them.',
  );
  return lines;
}

type Asked = { person: IdpPerson; entitlement: Entitlement; seconds: number | null; hasTicket: boolean };

async function factsOf(
  { catalogue, rules }: Policy,
  { idps, idp, chat }: { idps: Idps; chat: ChatDirectory } & AtIdp,
  { person, entitlement, seconds, hasTicket }: Asked,
  onNotKnown: (fact: string, why: string) => void,
): Promise<RequestFacts> {
  const holdings: Holding[] = [];
  for (const { with: other } of entitlement.conflicts) {
    if (
      await holds(
        person,
        { idps, idp },
        catalogue.entitlements.find((e) => e.key === other),
        onNotKnown,
      )
    )
      holdings.push({ entitlementKey: other as EntitlementKey, how: 'held', through: null });
  }
  const duties = { holdings, brings: [] };
  const looksAtLocation = rules.looksAt.has('location') || rules.looksAt.has('locationUnknown');
  const outside = await askOutside(
    {
      idp,
      chat,
      onCall: rules.looksAt.has('onCall') ? catalogue.onCall : null,
      signInWithinSeconds: looksAtLocation ? catalogue.signInWithinSeconds : null,
    },
    { idpId: person.id, accountId: null, email: person.email },
    onNotKnown,
  );
  return {
    entitlement,
    beneficiary: {
      email: person.email,
      department: person.department,
      title: person.title,
      isActive: person.status === 'active',
    },
    requestedSeconds: seconds ?? entitlement.defaultSeconds,
    isForSomebodyElse: false,
    isAskedFor: true,
    hasTicket,
    isExtension: false,
    duties,
    conflicts: conflictsOf(catalogue, entitlement, duties),
    ...outside,
  };
}

async function decidersOf(
  { rules, catalogue }: Policy,
  at: { idps: Idps } & AtIdp,
  person: IdpPerson,
  { facts, verdict }: { facts: RequestFacts; verdict: Verdict },
): Promise<string[]> {
  const { approvers, owner } = facts.entitlement;
  const { stages } = withQuorum(approvers, quorumUnder(verdict, quorumOf(approvers)));
  const lines: string[] = [];
  for (const [n, { of, quorum, sources }] of stages.entries()) {
    const inTurn = stages.length === 1 ? 'decided by' : n === 0 ? 'decided first by' : 'then by';
    lines.push(
      `${inTurn}: ${of} of ${sources.length} source${sources.length === 1 ? '' : 's'}, ${quorum} in all, never ${person.displayName}`,
    );
    for (const source of sources) {
      const people = await peopleOf({ catalogue, ...at }, source, { owner, person });
      const said = people
        .filter((p) => p.status === 'active' && p.id !== person.id)
        .map((p) => {
          const out = ruledOut(rules, facts, { email: p.email, department: p.department, title: p.title });
          return out === null ? p.displayName : `${p.displayName} may not (${out.text})`;
        });
      const isElsewhere = 'onCall' in source && people.length === 0;
      const none = isElsewhere ? 'whoever is on call then' : 'nobody, so the catalogue’s admins';
      lines.push(`  ${sourceName(source)}: ${said.join(', ') || none}`);
    }
  }
  return lines;
}

/**
 * The people whom a source names in the identity provider. The chat is not asked here for the members of a user group.
 */
async function peopleOf(
  { catalogue, idps, idp }: { catalogue: Catalogue; idps: Idps } & AtIdp,
  source: ApproverSource,
  { owner, person }: { owner: string; person: IdpPerson },
): Promise<IdpPerson[]> {
  const byEmail = async (emails: readonly string[]) =>
    (await Promise.all(emails.map((email) => byEmailAt([idp, ...idps.all], email)))).flat();
  const ofGroup = async (name: string) => {
    const group = await idp.findGroup(name);
    return group === null ? [] : [...(await idp.pageOfMembers(group.id, null)).rows];
  };
  if ('manager' in source) {
    const manager = person.manager === null ? null : await idp.readPerson(person.manager);
    return manager === null ? [] : [manager];
  }
  if ('owner' in source) return await byEmail([owner]);
  if ('admins' in source) return await byEmail(catalogue.admins);
  if ('person' in source) return await byEmail([source.person]);
  if ('group' in source) return await ofGroup(source.group);
  const { onCall } = catalogue;
  return onCall !== null && 'idpGroup' in onCall ? await ofGroup(onCall.idpGroup) : [];
}

/** Whom this address means: the identity provider that it is about comes first, as when somebody is asked. */
async function byEmailAt(idps: readonly IdentityProvider[], email: string): Promise<IdpPerson[]> {
  for (const idp of new Set(idps)) {
    const active = (await idp.findPeopleByEmail(email)).filter((p) => p.status === 'active');
    if (active.length > 0) return active.length === 1 ? active : [];
  }
  return [];
}

/**
 * Whether somebody holds an entitlement, which may be another identity provider's. There they are whoever alone has
 * their address; that is good enough for telling, and decides nothing.
 */
async function holds(
  person: IdpPerson,
  { idps, idp }: { idps: Idps } & AtIdp,
  entitlement: Entitlement | undefined,
  onNotKnown: (fact: string, why: string) => void,
): Promise<boolean> {
  if (entitlement === undefined) return false;
  const there = at({ idps }, entitlement).idp;
  const group = await there.findGroup(entitlement.idpGroup);
  if (group === null) return false;
  if (there === idp) return await idp.isMember(group.id, person.id);
  const [theirs, second] = await there.findPeopleByEmail(person.email);
  if (second !== undefined)
    onNotKnown(
      `whether they hold ${entitlement.title}`,
      `several people in ${there.name} have the address ${person.email}`,
    );
  return theirs !== undefined && second === undefined && (await there.isMember(group.id, theirs.id));
}

async function onePerson(idp: IdentityProvider, named: string): Promise<IdpPerson> {
  const found = named.includes('@') ? await idp.findPeopleByEmail(named) : [];
  const [one, second] =
    found.filter((p) => p.status === 'active').length > 0
      ? found.filter((p) => p.status === 'active')
      : found;
  if (second !== undefined) throw unknown(`several people have the address ${named}: give the login`);
  const person = one ?? (await idp.readPerson(named));
  if (person === null)
    throw unknown(`${idp.name} knows nobody called ${named}: give an e-mail address or a login`);
  return person;
}

function unknown(text: string): Fault {
  return new Fault('config.invalid', text, { retryable: false });
}
