import type { ExportedEntry } from '../ports/audit-destination.ts';
import { activities, type EntryKind, kindOf, type Severity } from './entry-kinds.ts';

/**
 * The audit as events of the Open Cybersecurity Schema Framework 1.8.0 (schema.ocsf.io). Who was put into a group or
 * taken out of it is Group Management (3006), everything else Entity Management (3004). Numbers and names are the
 * schema's; `unmapped` has what it has no place for, so that the whole entry is there.
 */
const OCSF_VERSION = '1.8.0';
const IAM = { category_uid: 3, category_name: 'Identity & Access Management' };
const ENTITY_MANAGEMENT = { class_uid: 3004, class_name: 'Entity Management' };
const GROUP_MANAGEMENT = { class_uid: 3006, class_name: 'Group Management' };
const severities: Record<Severity, string> = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High' };

type Data = Record<string, unknown>;
type Said = { person?: string; name?: string; part?: string };

export function ocsfEvent(entry: ExportedEntry, text: string, version: string): object {
  const data = JSON.parse(entry.data) as Data;
  const actor = JSON.parse(entry.actor) as Said;
  const kind = kindOf(entry, data);
  const group = groupEvent(entry, data);
  const what =
    group ??
    activity(ENTITY_MANAGEMENT, { id: activities[kind.activity], name: kind.activity }, entry.type, {
      entity: entityOf(entry, data),
    });
  return {
    ...what,
    ...IAM,
    ...about(entry, kind, text),
    actor: actorOf(actor),
    metadata: metadataOf(entry, version),
    unmapped: { actor, data },
  };
}

/** An entry without its data, which was of `size` bytes. */
export function ocsfStub(
  entry: ExportedEntry,
  text: string,
  { version, size }: { version: string; size: number },
): object {
  const entity = { uid: entry.id, type_id: 99, type: 'Audit entry' };
  return {
    ...activity(ENTITY_MANAGEMENT, { id: activities.Other, name: 'Other' }, entry.type, { entity }),
    ...IAM,
    ...about(entry, kindOf(entry, {}), text),
    metadata: { ...metadataOf(entry, version), is_truncated: true, untruncated_size: size },
  };
}

function about({ at }: ExportedEntry, { severity, isFailure }: EntryKind, text: string) {
  return {
    time: at.getTime(),
    timezone_offset: 0,
    severity_id: severity,
    severity: severities[severity],
    status_id: isFailure ? 2 : 1,
    status: isFailure ? 'Failure' : 'Success',
    message: text,
  };
}

type EventClass = { class_uid: number; class_name: string };

/** With `Other`, the name is that of the entry, as the schema wants the source's own. */
function activity(of: EventClass, { id, name }: { id: number; name: string }, type: string, rest: object) {
  return {
    ...of,
    activity_id: id,
    activity_name: id === activities.Other ? type : name,
    type_uid: of.class_uid * 100 + id,
    type_name: `${of.class_name}: ${name}`,
    ...rest,
  };
}

function metadataOf({ seq, id, at, type, changeId }: ExportedEntry, version: string) {
  return {
    version: OCSF_VERSION,
    product: { name: 'Latchkey', vendor_name: 'Latchkey', version },
    log_name: 'latchkey audit',
    event_code: type,
    original_time: at.toISOString(),
    sequence: seq,
    uid: id,
    ...(changeId === null ? {} : { correlation_uid: changeId }),
  };
}

const isPerson = { type_id: 1, type: 'User' };

function actorOf({ person, name, part }: Said) {
  if (person === undefined) return { app_name: part ?? name ?? 'latchkey' };
  return { user: { uid: person, ...(name === undefined ? {} : { full_name: name }), ...isPerson } };
}

function userOf({ id, name, email }: NonNullable<NonNullable<ExportedEntry['about']>['person']>) {
  return { uid: id, full_name: name, ...(email === '' ? {} : { email_addr: email }), ...isPerson };
}

const moves: Readonly<Record<string, { id: number; name: string }>> = {
  added: { id: 3, name: 'Add User' },
  removed: { id: 4, name: 'Remove User' },
  deleted: { id: 5, name: 'Delete' },
  created: { id: 6, name: 'Create' },
};
const otherMove = { id: activities.Other, name: 'Other' };

/** Null: it moved nobody into or out of a group, and no group itself. */
function groupEvent({ type, about }: ExportedEntry, data: Data): object | null {
  const found = groupOf(type, about?.target ?? null, data);
  if (found === null) return null;
  const { group, did } = found;
  const isOnePerson = type === 'idpWritten' || type === 'delivered';
  const user = isOnePerson && about?.person != null ? { user: userOf(about.person) } : {};
  return activity(GROUP_MANAGEMENT, moves[did] ?? otherMove, type, { group, ...user });
}

type Target = NonNullable<ExportedEntry['about']>['target'];

function groupOf(type: string, target: Target, data: Data): { group: object; did: string } | null {
  switch (type) {
    case 'idpWritten':
      return target === null ? null : { group: idpGroup(target), did: String(data.wrote) };
    case 'delivered':
      return target === null ? null : { group: teamOf(target), did: String(data.wrote) };
    case 'scimGroupChanged':
    case 'scimMembersChanged':
      return {
        group: { uid: String(data.scimGroupId), name: String(data.groupName ?? ''), type: 'SCIM group' },
        did: typeof data.did === 'string' ? data.did : directionOf(data),
      };
    default:
      return null;
  }
}

/** Both at once is neither of the schema's two. */
function directionOf({ addedCount, removedCount }: Data): string {
  if (Number(removedCount ?? 0) === 0) return 'added';
  return Number(addedCount ?? 0) === 0 ? 'removed' : 'both';
}

function idpGroup({ idp, groupId, groupName }: NonNullable<Target>) {
  return { uid: groupId, name: groupName, domain: idp, type: 'Group' };
}

function teamOf({ teamId, teamName }: NonNullable<Target>) {
  return { uid: teamId, name: teamName, domain: 'anypoint', type: 'Team' };
}

/** What an entry names as its thing, by the field with its id. */
const things: readonly (readonly [field: string, type: string])[] = [
  ['offboardingId', 'Leaver’s case'],
  ['campaignId', 'Access review'],
  ['massChangeId', 'Card on many'],
  ['delegationId', 'Delegation'],
  ['digestId', 'Digest'],
];

/** `managed_entity`: policies and people have a type of their own there. */
function entityOf({ type, changeId, about }: ExportedEntry, data: Data): object {
  if (changeId !== null)
    return {
      uid: changeId,
      ...(about === null ? {} : { name: about.entitlement }),
      ...other('Access change'),
      data: about === null ? {} : subjectOf(about),
    };
  for (const [field, name] of things)
    if (typeof data[field] === 'string') return { uid: data[field], ...other(name) };
  if (type.startsWith('policy')) {
    const named = typeof data.fingerprint === 'string' ? { uid: data.fingerprint } : {};
    const policy = { name: 'Policy of Latchkey', ...named };
    return { ...policy, type_id: 5, type: 'Policy', policy };
  }
  if (typeof data.scimUserId === 'string') {
    const user = { uid: data.scimUserId, name: String(data.userName ?? data.scimUserId), ...isPerson };
    return { uid: user.uid, name: user.name, type_id: 2, type: 'User', user };
  }
  if (typeof data.id === 'string') {
    const name = typeof data.name === 'string' ? { name: data.name } : {};
    return { uid: data.id, ...name, ...other('Latchkey') };
  }
  return { name: 'Latchkey', ...other('Latchkey') };
}

function other(type: string) {
  return { type_id: 99, type };
}

function subjectOf({ person, target }: NonNullable<ExportedEntry['about']>) {
  return {
    ...(person === null ? {} : { user: userOf(person) }),
    ...(target === null ? {} : { group: idpGroup(target), team: teamOf(target) }),
  };
}
