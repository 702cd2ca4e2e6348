/**
 * How Okta's catalogue (OIN) apps speak SCIM 2.0: the requests of "Okta as SCIM client" in their order and
 * spelling. PATCH, never PUT; a deactivation has no path; a rename carries the read-only id; users are never
 * deleted. Sources: okta-developer-docs docs/reference/scim/scim-20 and docs/concepts/scim/faqs;
 * Captain-P-Goldfish/SCIM-SDK#419.
 */
import { ScimFailure, scimUrn, sendScim } from '../scim-wire.ts';
import type { OktaUser } from './records.ts';

const USER_AGENT = 'Okta SCIM Client 1.0.0';
/** Okta waits 60 s for an answer (docs/concepts/scim/faqs). */
const TIMEOUT_MS = 60_000;
const PAGE = 100;

export type ScimTarget = {
  url: string;
  scimToken: string;
  /** Gives up what is under way. */
  signal: AbortSignal;
};

type Resource = { id: string; active?: boolean };
type MemberChange = { op: 'add' | 'remove'; value: string; display: string };

export async function findUser(target: ScimTarget, userName: string): Promise<Resource | null> {
  return find(target, 'Users', 'userName', userName);
}

export async function findGroup(target: ScimTarget, displayName: string): Promise<Resource | null> {
  return find(target, 'Groups', 'displayName', displayName);
}

/** @throws ScimFailure, 409 when the user name is taken */
export async function createUser(target: ScimTarget, user: OktaUser, active: boolean): Promise<Resource> {
  const { profile } = user;
  return resource(
    await send(target, 'POST', '/Users', {
      schemas: [scimUrn.user, scimUrn.enterprise],
      userName: profile.login,
      ...profileAttributes(user),
      locale: 'en-US',
      externalId: user.id,
      groups: [],
      active,
    }),
  );
}

function profileAttributes({ profile }: OktaUser): Record<string, unknown> {
  return {
    name: { givenName: profile.firstName, familyName: profile.lastName },
    emails: [{ primary: true, value: profile.email, type: 'work' }],
    displayName: profile.displayName,
    ...(profile.title === undefined ? {} : { title: profile.title }),
    [scimUrn.enterprise]: {
      ...(profile.department === undefined ? {} : { department: profile.department }),
      ...(profile.managerId === undefined ? {} : { manager: { value: profile.managerId } }),
    },
  };
}

/** @throws ScimFailure, 409 when the name is taken */
export async function createGroup(target: ScimTarget, displayName: string): Promise<Resource> {
  return resource(
    await send(target, 'POST', '/Groups', { schemas: [scimUrn.group], displayName, members: [] }),
  );
}

export async function setActive(target: ScimTarget, id: string, active: boolean): Promise<void> {
  await patch(target, `/Users/${encodeURIComponent(id)}`, [{ op: 'replace', value: { active } }]);
}

/** Every mapped attribute, whichever of them changed; no path. */
export async function changeProfile(target: ScimTarget, id: string, user: OktaUser): Promise<void> {
  await patch(target, `/Users/${encodeURIComponent(id)}`, [
    { op: 'replace', value: profileAttributes(user) },
  ]);
}

export async function changeMembers(
  target: ScimTarget,
  groupId: string,
  changes: readonly MemberChange[],
): Promise<void> {
  const removed = changes.filter((c) => c.op === 'remove');
  const added = changes.filter((c) => c.op === 'add').map(({ value, display }) => ({ value, display }));
  await patch(target, `/Groups/${encodeURIComponent(groupId)}`, [
    ...removed.map((c) => ({ op: 'remove', path: `members[value eq ${JSON.stringify(c.value)}]` })),
    ...(added.length === 0 ? [] : [{ op: 'add', path: 'members', value: added }]),
  ]);
}

/** A full push: the group has exactly these members. */
export async function replaceMembers(
  target: ScimTarget,
  groupId: string,
  members: readonly { value: string; display: string }[],
): Promise<void> {
  await patch(target, `/Groups/${encodeURIComponent(groupId)}`, [
    { op: 'replace', path: 'members', value: members },
  ]);
}

/** Goes with every membership change, whether the name changed or not. */
export async function renameGroup(target: ScimTarget, groupId: string, displayName: string): Promise<void> {
  await patch(target, `/Groups/${encodeURIComponent(groupId)}`, [
    { op: 'replace', value: { id: groupId, displayName } },
  ]);
}

async function find(
  target: ScimTarget,
  kind: 'Users' | 'Groups',
  attribute: string,
  value: string,
): Promise<Resource | null> {
  const query = new URLSearchParams({
    filter: `${attribute} eq ${JSON.stringify(value)}`,
    startIndex: '1',
    count: String(PAGE),
  });
  const body = await send(target, 'GET', `/${kind}?${query}`);
  const found = (body as { Resources?: unknown[] } | null)?.Resources?.[0];
  return found === undefined ? null : resource(found);
}

async function patch(target: ScimTarget, path: string, operations: unknown[]): Promise<void> {
  await send(target, 'PATCH', path, { schemas: [scimUrn.patch], Operations: operations });
}

function send(target: ScimTarget, method: string, path: string, body?: unknown): Promise<unknown> {
  const { url, scimToken: token, signal } = target;
  return sendScim({ url, token, signal, timeoutMs: TIMEOUT_MS, userAgent: USER_AGENT }, method, path, body);
}

function resource(body: unknown): Resource {
  const { id, active } = (body ?? {}) as { id?: unknown; active?: unknown };
  if (typeof id !== 'string') throw new ScimFailure('The resource that came back has no id', 200);
  return { id, ...(typeof active === 'boolean' ? { active } : {}) };
}
