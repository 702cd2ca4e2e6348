import { Fault } from '../core/fault.ts';
import type { Catalogue, Entitlement } from '../core/policy/catalogue.ts';
import { mappingAdvice, mappingTrouble } from '../core/policy/claim-mapping.ts';
import type { Rules } from '../core/policy/verdict.ts';
import { mappedPlace } from '../flow/catalogue/claim-trouble.ts';
import { type Idps, systemOf } from '../flow/idps/idps.ts';
import type { ChatDirectory } from '../ports/chat.ts';
import type { MuleSoft } from '../ports/mulesoft.ts';
import type { ClauseTerms } from './clause-terms.ts';
import { lintMadeApprovers, lintNumbers } from './lint-approvers.ts';
import { lintClauses, lintProse } from './lint-clauses.ts';
import { lintPeople } from './lint-people.ts';
import { type Looked, looked } from './looked.ts';
import { fingerprintOf, grownSince, mixesAdministration, reachOf } from './team-roles.ts';

/** `problem`: has to be mended. `advice`: works, but somebody should know. */
export type Remark = { kind: 'problem' | 'advice'; entitlement: string | null; text: string };

/** Pure: what catalogue, clauses and rules alone say that will bite somebody. */
export function lintCatalogue(
  catalogue: Catalogue,
  rules: Pick<Rules, 'looksAt'>,
  terms: readonly ClauseTerms[],
): Remark[] {
  const remarks: Remark[] = [
    ...lintClauses(catalogue, terms),
    ...lintProse(catalogue, terms),
    ...lintMadeApprovers(catalogue),
    ...lintNumbers(catalogue),
  ];
  const advise = (entitlement: string | null, text: string) =>
    remarks.push({ kind: 'advice', entitlement, text });
  if (catalogue.admins.length < 2)
    advise(null, 'there is one admin only: what would be theirs to decide and is about them, nobody can');
  if (rules.looksAt.has('onCall') && catalogue.onCall === null)
    advise(null, 'rules ask who is on call, and nobody says: set `onCall`, or they always fail');
  for (const e of catalogue.entitlements) {
    if (e.key === catalogue.canary?.entitlement) continue;
    if (e.clauses.length === 0) advise(e.key, 'no clause of policy.md bears on it: name those that do');
    if ((e.tier === 'high' || e.tier === 'critical') && e.reviewEverySeconds === null)
      advise(e.key, `tier ${e.tier} without a review: write e.g. \`review: { every: 90d }\``);
  }
  return remarks;
}

/** IdP's and Anypoint's word on it: places that are missing, and teams that give more than they seem to. */
export async function lintOutside(
  catalogue: Catalogue,
  { idps, mulesoft, chat }: Parties,
): Promise<Remark[]> {
  const remarks = await lintOnCall(catalogue, idps, chat);
  remarks.push(...(await lintPeople(catalogue, { idps, chat })));
  for (const e of catalogue.entitlements) remarks.push(...(await lintPlaces(e, idps, mulesoft)));
  return remarks;
}

async function lintPlaces(e: Entitlement, idps: Idps, mulesoft: MuleSoft): Promise<Remark[]> {
  const remarks: Remark[] = [];
  const say = (kind: Remark['kind'], text: string) => remarks.push({ kind, entitlement: e.key, text });
  const sayUnread = (all: readonly (Looked<unknown> | null)[]) => {
    for (const one of all) if (one !== null && 'unread' in one) say('problem', one.unread);
  };
  const system = systemOf(e, idps);
  const idp = idps.find(system);
  if (idp === null) say('problem', `${e.idp} is not connected: its settings are not there`);
  const group =
    idp === null ? null : await looked(() => idp.findGroup(e.idpGroup), `the group ${e.idpGroup}`, idp);
  const team = await looked(() => mulesoft.findTeam(e.team), `the team ${e.team}`);
  sayUnread([group, team]);
  if (group !== null && 'is' in group && group.is === null)
    say('problem', `the group ${e.idpGroup} does not exist in ${idp?.name}`);
  if ('unread' in team) return remarks;
  if (team.is === null) {
    say('problem', `the team ${e.team} does not exist in Anypoint`);
    return remarks;
  }
  const { id, name } = team.is;
  const given = await looked(lintTeam.bind(null, e, team.is, mulesoft), `what the team ${name} gives`);
  sayUnread([given]);
  if ('is' in given) remarks.push(...given.is);
  if (e.delivery !== 'claim' || group === null || 'unread' in group || group.is === null) return remarks;
  const target = { idp: system, groupId: group.is.id, groupName: group.is.name, teamName: name };
  const mappings = await looked(
    () => mulesoft.groupMappingsOf(id),
    `the external group mappings of the team ${name}, by which a sign-in gives it,`,
  );
  sayUnread([mappings]);
  if ('unread' in mappings) return remarks;
  const place = mappedPlace(target, idps);
  const trouble = mappingTrouble(mappings.is, place);
  if (trouble !== null) say('problem', trouble);
  const advice = trouble === null ? mappingAdvice(mappings.is, place) : null;
  if (advice !== null) say('advice', advice);
  return remarks;
}

export type Parties = {
  idps: Idps;
  mulesoft: MuleSoft;
  chat: ChatDirectory;
  /** Approvers can be asked to sign in afresh; left out: not known. */
  hasSignIn?: boolean;
};

/** Pure: rules that ask for a fresh sign-in where nobody can be asked to sign in. */
export function lintStepUp({ asksFor }: Pick<Rules, 'asksFor'>, hasSignIn: boolean): Remark[] {
  if (hasSignIn || asksFor?.has('stepUp') !== true) return [];
  const text =
    'rules let approvals count only after a fresh sign-in (`@needs("stepUp")`), and none can be asked for: such approvals are refused. Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or take the rules out';
  return [{ kind: 'problem', entitlement: null, text }];
}

/**
 * The mistakes in the catalogue's sources of who is on call; none where it has no such source. Each entitlement's
 * identity provider is asked who is on call for it.
 */
export async function lintOnCall(
  { onCall, entitlements }: Catalogue,
  idps: Idps,
  chat: ChatDirectory,
): Promise<Remark[]> {
  const problem = (text: string): Remark[] => [
    { kind: 'problem', entitlement: null, text: `onCall: ${text}` },
  ];
  if (onCall === null) return [];
  try {
    if ('idpGroup' in onCall) {
      const found: Remark[] = [];
      for (const idp of idps.all)
        if (
          entitlements.some((e) => systemOf(e, idps) === idp.system) &&
          (await idp.findGroup(onCall.idpGroup)) === null
        )
          found.push(...problem(`the group ${onCall.idpGroup} does not exist in ${idp.name}`));
      return found;
    }
    return (await chat.membersOfUserGroup(onCall.slackUserGroup)) === null
      ? problem(`${chat.name} has no user group @${onCall.slackUserGroup}, or it is switched off`)
      : [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const scope = 'idpGroup' in onCall ? '' : '; reading user groups takes the scope usergroups:read';
    return problem(`${error.message}${scope}`);
  }
}

async function lintTeam(
  e: Entitlement,
  team: { id: string; name: string; ancestorIds: string[] },
  mulesoft: MuleSoft,
): Promise<Remark[]> {
  const remarks: Remark[] = [];
  const say = (kind: Remark['kind'], text: string) => remarks.push({ kind, entitlement: e.key, text });
  const roles = (await Promise.all([team.id, ...team.ancestorIds].map((id) => mulesoft.rolesOf(id)))).flat();
  const mixed = mixesAdministration(roles);
  if (mixed !== null)
    say(
      'problem',
      `the group ${e.idpGroup} is a “default group” trap: its team ${team.name} gives ${mixed.administer.join(', ')} together with ${mixed.read.join(', ')}; whoever is let in to look administers. Give administration to a team of its own`,
    );
  else if (e.tier !== 'critical' && e.tier !== 'high' && roles.some((r) => reachOf(r.name) === 'administer'))
    say(
      'problem',
      `tier ${e.tier}, but its team ${team.name} gives administration: raise the tier or take the role out`,
    );
  const fingerprint = fingerprintOf(roles);
  const block = `reviewed: { on: ${new Date().toISOString().slice(0, 10)}, roles: ${fingerprint} }`;
  if (e.reviewed === null) {
    const names = [...new Set(roles.map((r) => r.name))].join(', ') || 'nothing';
    say('advice', `nobody has noted a look at what its team gives (${names}); looked at, write \`${block}\``);
    return remarks;
  }
  const grown = grownSince(e.reviewed.roles, roles);
  if (grown.length > 0)
    say(
      'problem',
      `its team ${team.name} has grown since the review of ${e.reviewed.on}: ${[...new Set(grown.map((r) => r.name))].join(', ')}. Take that out of the team, or look at it and write \`${block}\``,
    );
  else if (fingerprint !== e.reviewed.roles)
    say('advice', `its team ${team.name} gives less than when it was reviewed: write \`${block}\``);
  return remarks;
}
