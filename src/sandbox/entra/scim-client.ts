/**
 * How Entra's provisioning speaks SCIM 2.0, in both dialects: as it is, and with `aadOptscim062020` behind the tenant
 * URL (entra-docs, application-provisioning-config-problem-scim-compatibility and use-scim-to-provision-users-and-groups).
 */
import { ScimFailure, scimUrn, sendScim } from '../scim-wire.ts';
import type { EntraUser } from './tenant.ts';

const FLAG = 'aadOptscim062020';
/** One PATCH carries at most so many members. */
const MEMBERS_PER_PATCH = 100;
const TIMEOUT_MS = 30_000;

const urn = {
  ...scimUrn,
  adGroup: 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
} as const;

export type ScimTarget = {
  url: string;
  token: string;
  /** The compliance flag. */
  isCompliant: boolean;
  signal: AbortSignal;
};

export type PushedUser = { userName: string; externalId: string; active: boolean; user: EntraUser };

export async function findUser(target: ScimTarget, userName: string): Promise<string | null> {
  return await find(target, `/Users?filter=${encodeURIComponent(`userName eq ${JSON.stringify(userName)}`)}`);
}

export async function findGroup(target: ScimTarget, name: string): Promise<string | null> {
  const filter = encodeURIComponent(`displayName eq ${JSON.stringify(name)}`);
  return await find(target, `/Groups?excludedAttributes=members&filter=${filter}`);
}

export async function createUser(
  target: ScimTarget,
  { userName, externalId, active, user }: PushedUser,
): Promise<string> {
  const [givenName = '', ...family] = user.displayName.split(' ');
  return idOf(
    await send(target, 'POST', '/Users', {
      schemas: [urn.user, urn.enterprise],
      externalId,
      userName,
      active,
      displayName: user.displayName,
      ...(user.jobTitle === null ? {} : { title: user.jobTitle }),
      emails: [{ primary: true, type: 'work', value: user.mail ?? userName }],
      meta: { resourceType: 'User' },
      name: { formatted: user.displayName, familyName: family.join(' '), givenName },
      ...(user.department === null ? {} : { [urn.enterprise]: { department: user.department } }),
      roles: [],
    }),
  );
}

export async function createGroup(
  target: ScimTarget,
  { displayName, externalId }: { displayName: string; externalId: string },
): Promise<string> {
  return idOf(
    await send(target, 'POST', '/Groups', {
      schemas: [urn.group, urn.adGroup],
      externalId,
      displayName,
      meta: { resourceType: 'Group' },
    }),
  );
}

export async function renameGroup(target: ScimTarget, id: string, displayName: string): Promise<void> {
  const op = target.isCompliant ? 'replace' : 'Replace';
  await patch(target, `/Groups/${id}`, [{ op, path: 'displayName', value: displayName }]);
}

/** Whoever is deleted is switched off, and their name is changed in the same request. */
export async function changeUser(
  target: ScimTarget,
  id: string,
  { active, userName }: { active?: boolean; userName?: string },
): Promise<void> {
  const op = target.isCompliant ? 'replace' : 'Replace';
  const operations: unknown[] = [];
  if (active !== undefined)
    operations.push({ op, path: 'active', value: target.isCompliant ? active : active ? 'True' : 'False' });
  if (userName !== undefined) operations.push({ op, path: 'userName', value: userName });
  await patch(target, `/Users/${id}`, operations);
}

export async function changeMembers(
  target: ScimTarget,
  groupId: string,
  { added, removed }: { added: readonly string[]; removed: readonly string[] },
): Promise<void> {
  const path = `/Groups/${groupId}`;
  for (const ids of parts(added))
    await patch(target, path, [
      {
        op: target.isCompliant ? 'add' : 'Add',
        path: 'members',
        value: ids.map((value) => ({ $ref: null, value })),
      },
    ]);
  for (const ids of parts(removed))
    await patch(
      target,
      path,
      target.isCompliant
        ? ids.map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }))
        : [{ op: 'Remove', path: 'members', value: ids.map((value) => ({ value })) }],
    );
}

function parts(ids: readonly string[]): string[][] {
  const all: string[][] = [];
  for (let at = 0; at < ids.length; at += MEMBERS_PER_PATCH) all.push(ids.slice(at, at + MEMBERS_PER_PATCH));
  return all;
}

async function patch(target: ScimTarget, path: string, operations: unknown[]): Promise<void> {
  if (operations.length > 0)
    await send(target, 'PATCH', path, { schemas: [urn.patch], Operations: operations });
}

async function find(target: ScimTarget, path: string): Promise<string | null> {
  const body = (await send(target, 'GET', path)) as { Resources?: { id?: unknown }[] } | null;
  const id = body?.Resources?.[0]?.id;
  return typeof id === 'string' ? id : null;
}

function send(target: ScimTarget, method: string, path: string, body?: unknown): Promise<unknown> {
  const flagged = target.isCompliant ? `${path}${path.includes('?') ? '&' : '?'}${FLAG}` : path;
  return sendScim({ ...target, timeoutMs: TIMEOUT_MS }, method, flagged, body);
}

function idOf(body: unknown): string {
  const id = (body as { id?: unknown } | null)?.id;
  if (typeof id !== 'string') throw new ScimFailure('The resource that came back has no id', 200);
  return id;
}
