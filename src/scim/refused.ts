import type { Actor } from '../core/change/events.ts';
import type { Told } from '../core/drift/observation.ts';
import { isSameGroupName } from '../core/policy/catalogue.ts';
import { toldPerson } from '../flow/drift/observe-scim.ts';
import { pushWasRefused, type Refusal } from '../flow/drift/refused-push.ts';
import type { Tx } from '../store/postgres/database.ts';
import { readGroup } from '../store/scim/groups.ts';
import { membersAmong } from '../store/scim/members.ts';
import { readUser } from '../store/scim/users.ts';
import { operationsSent } from './bulk.ts';
import type { Refused } from './door.ts';
import { type Scim, write } from './endpoint.ts';
import { isUuid } from './resource.ts';
import { sameName } from './schema.ts';
import { mayMeanOff, removalIn, saidOfActive, wordsOfLoss } from './taken-away.ts';
import { observedMember } from './users.ts';

/** A request, or one operation of a Bulk. */
export type Sent = {
  method: string;
  /** Its address, or the path of an operation. */
  path: string;
  body: unknown;
  /** What could not be read as JSON; null: not even seen. Left out for what was read. */
  unread?: string | null;
};

/** A resource in an address, however the rest of it is written. */
const NAMED =
  /\/(User|Group)s?(?:\/|%2f)+(?:[^0-9a-f/]|%[0-9a-f]{2})*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])/i;

/** Members named one by one in what is looked at; of more than these the whole group is. */
const MAX_NAMED = 100;
/** Characters of a reason that are kept. */
const MAX_WHY = 300;

/**
 * A refused request that held a deactivation, a deletion or a removal of members is not lost. Latchkey looks at the
 * person whom it concerns, and an admin is told. A sender who may not speak for a resource (403) has taken nothing from
 * anybody. A request that is to be sent again (429, 503) comes again. A path that leads nowhere (404, 405) may name one
 * of ours all the same.
 */
export async function tellRefused(scim: Scim, sent: Sent, { status, detail }: Refused): Promise<void> {
  // Of what another source than the IdP pushes nobody's access hangs.
  if (!scim.isIdp || [401, 403, 429, 501, 503].includes(status)) return;
  const [, kind = '', id = ''] = NAMED.exec(sent.path) ?? [];
  const isUser = sameName(kind, 'User');
  const held = isUser ? heldOfUser(sent) : heldOfGroup(sent);
  if (held === null || id === '') return;
  await write(scim, async (unit) => {
    const about = await (isUser ? aboutUser(scim, unit.tx, id) : aboutGroup(scim, unit.tx, id, held.ids));
    if (about === null) return { result: null };
    const { method } = sent;
    return await pushWasRefused(unit, {
      ...about,
      resource_id: id,
      held: held.what,
      by: scim.client as Actor & { part: string },
      request: `${method} refused with ${status}`,
      why: detail.slice(0, MAX_WHY).toWellFormed().replaceAll('\0', ' '),
    });
  });
}

type Held = { what: Refusal['held']; ids: string[] | null };

function heldOfUser({ method, body, unread }: Sent): Held | null {
  if (method === 'DELETE') return { what: 'deletion', ids: null };
  if (method !== 'PUT' && method !== 'PATCH') return null;
  if (unread === undefined && saidOfActive(body) === 'off') return { what: 'deactivation', ids: null };
  const isPossible = unread === undefined ? mayMeanOff(body) : wordsOfLoss(unread, 'active');
  return isPossible ? { what: 'possible deactivation', ids: null } : null;
}

function heldOfGroup({ method, body, unread }: Sent): Held | null {
  const what = 'removal of members';
  if (method === 'DELETE') return { what: 'deletion', ids: null };
  if (method !== 'PUT' && method !== 'PATCH') return null;
  if (unread !== undefined) return wordsOfLoss(unread, 'members') ? { what, ids: null } : null;
  const ids = removalIn(body);
  return ids === null ? null : { what, ids: ids === 'any' ? null : ids };
}

type About = Pick<Refusal, 'kind' | 'name' | 'told'>;

/** Null: switched off already, not there, or another source's. */
async function aboutUser(scim: Scim, tx: Tx, id: string): Promise<About | null> {
  const row = await readUser(tx, id);
  if (row?.source !== scim.source || !row.active) return null;
  const person = toldPerson(observedMember(row));
  return {
    kind: 'user',
    name: row.user_name,
    told: [{ idp: scim.source, kind: 'person', person, happening: 'switchedOff' }],
  };
}

async function aboutGroup(scim: Scim, tx: Tx, id: string, ids: string[] | null): Promise<About | null> {
  const row = await readGroup(tx, id);
  if (row?.source !== scim.source) return null;
  const name = row.display_name;
  const group = { name };
  if (scim.observedGroups()?.some((one) => isSameGroupName(one, name)) === false) return null;
  if (ids === null || ids.length > MAX_NAMED)
    return { kind: 'group', name, told: [{ idp: scim.source, kind: 'group', group }] };
  const members = await membersAmong(tx, id, ids.filter(isUuid));
  const told = members.map(
    (member): Told => ({
      idp: scim.source,
      kind: 'membership',
      person: toldPerson(observedMember(member)),
      group,
      direction: 'removed',
    }),
  );
  return told.length === 0 ? null : { kind: 'group', name, told };
}

/** Records what each operation of a Bulk held, when the Bulk was refused as a whole. */
export async function tellRefusedAll(scim: Scim, body: unknown, refused: Refused): Promise<void> {
  for (const sent of operationsSent(body)) await tellRefused(scim, sent, refused);
}
