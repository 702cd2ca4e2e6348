import { setTimeout as sleep } from 'node:timers/promises';
import { countInWords } from '../core/duration.ts';
import { Fault } from '../core/fault.ts';
import type { Catalogue, Entitlement } from '../core/policy/catalogue.ts';
import { isForSomebody, quorumOf } from '../core/policy/catalogue.ts';
import { type Idps, systemOf } from '../flow/idps/idps.ts';
import type { ChatDirectory } from '../ports/chat.ts';
import type { IdentityProvider, IdpPerson } from '../ports/identity-provider.ts';
import type { Remark } from './lint.ts';
import { lintLadders } from './lint-ladder.ts';

/** What says at which identity provider it is. */
type OfIdp = { idp?: string | undefined };
type Directories = { idps: Idps; chatName: string; accountOf: (email: string) => Promise<string | null> };
/** A chat that is asked too often is asked again so many times, each when it says. */
const TRIES = 5;
const WAIT_MAX_MS = 60_000;

/** Whether those whom the catalogue names to decide are there, can be asked, and are enough. */
export async function lintPeople(
  catalogue: Catalogue,
  { idps, chat }: { idps: Idps; chat: ChatDirectory },
): Promise<Remark[]> {
  const inChat = new Map<string, Promise<string | null>>();
  const accountOf = (email: string) => {
    const key = email.toLowerCase();
    const known = inChat.get(key) ?? patiently(() => chat.findByEmail(email));
    inChat.set(key, known);
    return known;
  };
  const directories: Directories = { idps, chatName: chat.name, accountOf };
  const troubles = new Map<string, string | null>();
  const troubleWith = async (email: string, e: OfIdp = {}) => {
    const key = `${systemOf(e, idps)} ${email.toLowerCase()}`;
    if (!troubles.has(key))
      troubles.set(key, await whyNotAsked(email, directories, idps.find(systemOf(e, idps))));
    return troubles.get(key) ?? null;
  };
  const active = new Map<string, string[] | null>();
  const membersOf = async (name: string, e: OfIdp) => {
    const key = `${systemOf(e, idps)} ${name.toLowerCase()}`;
    if (!active.has(key)) active.set(key, await activeMembers(name, idps.find(systemOf(e, idps))));
    return active.get(key) ?? null;
  };

  const remarks: Remark[] = [];
  for (const admin of catalogue.admins) {
    const why = await troubleWith(admin);
    if (why !== null) remarks.push({ kind: 'problem', entitlement: null, text: `admins: ${why}` });
  }
  for (const e of catalogue.entitlements) {
    if (e.key === catalogue.canary?.entitlement) continue;
    const say = (text: string) => remarks.push({ kind: 'problem', entitlement: e.key, text });
    const approvers = new Set<string>();
    const why = await troubleWith(e.owner, e);
    if (why !== null) say(`its owner: ${why}`);
    let isKnown = true;
    for (const source of e.approvers.stages.flatMap(({ sources }) => sources)) {
      if ('owner' in source) {
        if (why === null) approvers.add(e.owner.toLowerCase());
      } else if ('person' in source) {
        const trouble = await troubleWith(source.person, e);
        if (trouble === null) approvers.add(source.person.toLowerCase());
        else say(`its approvers: ${trouble}`);
      } else if ('group' in source) {
        const members = await membersOf(source.group, e);
        if (members === null) {
          isKnown = false;
          say(`the group ${source.group} of its approvers does not exist`);
        } else if (members.length === 0) say(`the group ${source.group} of its approvers has no members`);
        for (const member of members ?? []) approvers.add(member);
      }
    }
    const text = isKnown ? tooFew(e, approvers) : null;
    if (text !== null) say(text);
  }
  return [...remarks, ...(await lintLadders(catalogue, { troubleWith, membersOf }))];
}

/** `approvers`: all there are now, without the manager, who depends on who asks. */
function tooFew(e: Entitlement, approvers: ReadonlySet<string>): string | null {
  const sources = e.approvers.stages.flatMap((stage) => stage.sources);
  const quorum = quorumOf(e.approvers);
  if (
    !sources.some((source) => 'group' in source) ||
    sources.some((source) => 'onCall' in source || 'admins' in source) ||
    !isForSomebody(e.requestableBy)
  )
    return null;
  const most = approvers.size + (sources.some((source) => 'manager' in source) ? 1 : 0);
  if (most >= quorum) return null;
  return `it takes ${countInWords(quorum)} to approve, and its approvers are ${countInWords(most)} active ${most === 1 ? 'person' : 'people'} now: it always goes to the catalogue’s admins`;
}

/** E-mail addresses in lower case; null: there is no such group. */
async function activeMembers(name: string, idp: IdentityProvider | null): Promise<string[] | null> {
  const group = (await idp?.findGroup(name)) ?? null;
  if (idp === null || group === null) return null;
  const found: string[] = [];
  for await (const member of idp.listMembers(group.id))
    if (isActive(member)) found.push(member.email.toLowerCase());
  return found;
}

/**
 * Why this address can't be asked to decide; null: it can. As when somebody is asked: the identity provider that it is
 * about comes first, and whom it does not have active is looked for in the others.
 */
async function whyNotAsked(
  email: string,
  { idps, chatName, accountOf }: Directories,
  preferred: IdentityProvider | null,
): Promise<string | null> {
  const others = idps.all.filter((idp) => idp !== preferred);
  let inactiveIn: string | null = null;
  for (const idp of preferred === null ? others : [preferred, ...others]) {
    const found = await idp.findPeopleByEmail(email);
    const people = found.filter(isActive);
    if (people.length > 1)
      return `several people in ${idp.name} have the address ${email}: none of them can decide`;
    if (people.length === 1)
      return (await accountOf(email)) === null
        ? `${chatName} has no member with the address ${email}, so they can’t be asked`
        : null;
    if (found.length > 0) inactiveIn ??= idp.name;
  }
  return inactiveIn === null
    ? `nobody in ${idps.name} has the address ${email}`
    : `${email} is not active in ${inactiveIn}, and so can’t decide anything`;
}

/** Asks again when a limit of theirs is over. Throws the last Fault otherwise. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Fault) || error.retryAfterMs === undefined || tries === TRIES) throw error;
      await sleep(Math.min(error.retryAfterMs, WAIT_MAX_MS));
    }
  }
}

function isActive({ status }: IdpPerson): boolean {
  return status === 'active';
}
