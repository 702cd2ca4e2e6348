import { countInWords } from '../core/duration.ts';
import type { Catalogue, Entitlement } from '../core/policy/catalogue.ts';
import { isForSomebody, quorumOf } from '../core/policy/catalogue.ts';
import type { ChatDirectory } from '../ports/chat.ts';
import type { IdentityProvider, IdpPerson } from '../ports/identity-provider.ts';
import type { Remark } from './lint.ts';
import { lintLadders } from './lint-ladder.ts';

type Directories = { idp: IdentityProvider; chat: ChatDirectory };

/** Whether those whom the catalogue names to decide are there, can be asked, and are enough. */
export async function lintPeople(catalogue: Catalogue, directories: Directories): Promise<Remark[]> {
  const { idp } = directories;
  const troubles = new Map<string, string | null>();
  const troubleWith = async (email: string) => {
    const key = email.toLowerCase();
    if (!troubles.has(key)) troubles.set(key, await whyNotAsked(email, directories));
    return troubles.get(key) ?? null;
  };
  const active = new Map<string, string[] | null>();
  const membersOf = async (name: string) => {
    const key = name.toLowerCase();
    if (!active.has(key)) active.set(key, await activeMembers(name, idp));
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
    const why = await troubleWith(e.owner);
    if (why !== null) say(`its owner: ${why}`);
    let isKnown = true;
    for (const source of e.approvers.stages.flatMap(({ sources }) => sources)) {
      if ('owner' in source) {
        if (why === null) approvers.add(e.owner.toLowerCase());
      } else if ('person' in source) {
        const trouble = await troubleWith(source.person);
        if (trouble === null) approvers.add(source.person.toLowerCase());
        else say(`its approvers: ${trouble}`);
      } else if ('group' in source) {
        const members = await membersOf(source.group);
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
async function activeMembers(name: string, idp: IdentityProvider): Promise<string[] | null> {
  const group = await idp.findGroup(name);
  if (group === null) return null;
  const found: string[] = [];
  for await (const member of idp.listMembers(group.id))
    if (isActive(member)) found.push(member.email.toLowerCase());
  return found;
}

/** Why this address can't be asked to decide; null: it can. */
async function whyNotAsked(email: string, { idp, chat }: Directories): Promise<string | null> {
  const found = await idp.findPeopleByEmail(email);
  const people = found.filter(isActive);
  if (people.length === 0)
    return found.length === 0
      ? `nobody in ${idp.system} has the address ${email}`
      : `${email} is not active in ${idp.system}, and so can’t decide anything`;
  if (people.length > 1)
    return `several people in ${idp.system} have the address ${email}: none of them can decide`;
  return (await chat.findByEmail(email)) === null
    ? `${chat.name} has no member with the address ${email}, so they can’t be asked`
    : null;
}

function isActive({ status }: IdpPerson): boolean {
  return status === 'active';
}
