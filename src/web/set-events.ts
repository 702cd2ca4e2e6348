import { z } from 'zod';
import type { Told, ToldPerson } from '../core/observation.ts';
import { isStorable } from '../core/storable.ts';
import type { SetClaims } from './set-token.ts';

type Happening = Extract<Told, { kind: 'person' }>['happening'];

/** What one event of a SET comes to. `ignored`: understood as far as it goes, but nothing follows, and why. */
export type SetReading =
  | { event: string; told: Told[] }
  | { event: string; ignored: string }
  | { event: string; malformed: string };

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/';
const SCIM = 'urn:ietf:params:scim:event:';

/** Events about a subject, by their URI in lower case: drafts of RFC 9967 wrote `SCIM`. */
const happenings: Record<string, Happening> = {
  [`${SCIM}feed:add`]: 'changed',
  [`${SCIM}feed:remove`]: 'changed',
  [`${SCIM}prov:create:notice`]: 'created',
  [`${SCIM}prov:create:full`]: 'created',
  [`${SCIM}prov:patch:notice`]: 'changed',
  [`${SCIM}prov:patch:full`]: 'changed',
  [`${SCIM}prov:put:notice`]: 'changed',
  [`${SCIM}prov:put:full`]: 'changed',
  [`${SCIM}prov:delete`]: 'deleted',
  [`${SCIM}prov:activate`]: 'switchedOn',
  [`${SCIM}prov:deactivate`]: 'switchedOff',
  [`${CAEP}session-revoked`]: 'sessionsRevoked',
  [`${RISC}sessions-revoked`]: 'sessionsRevoked',
  [`${RISC}account-disabled`]: 'switchedOff',
  [`${RISC}account-enabled`]: 'switchedOn',
  [`${RISC}account-purged`]: 'deleted',
};

/**
 * What a SET says, event by event: SCIM events (RFC 9967), CAEP session-revoked, RISC's account events. Whatever the
 * event says happened, it only tells whom or which group to look at; `full` events' data is not needed for that.
 */
export function readEvents({ events, subId, sub, iss }: SetClaims): SetReading[] {
  return Object.entries(events).map(([event, payload]) => {
    const happening = happenings[event.toLowerCase()];
    if (event.toLowerCase().startsWith(SSF)) return { event, ignored: 'about the stream itself' };
    if (happening === undefined) return { event, ignored: 'nothing follows from this event' };
    // Before RFC 9493 the subject stood in the event.
    const named = subId ?? payload.subject ?? (sub === null ? undefined : { format: 'iss_sub', iss, sub });
    if (named === undefined) return { event, malformed: 'sub_id is missing' };
    const subject = readSubject(named);
    if ('malformed' in subject) return { event, malformed: subject.malformed };
    if ('groupIds' in subject)
      return { event, told: subject.groupIds.map((id) => ({ kind: 'group', group: { id } })) };
    const [first] = subject.names;
    if (first === undefined) return { event, ignored: 'nobody can be found by such a subject' };
    const person: ToldPerson = subject.names.length === 1 ? first : { anyOf: subject.names };
    return { event, told: [{ kind: 'person', person, happening }] };
  });
}

type Subject = { names: ToldPerson[] } | { groupIds: string[] } | { malformed: string };

const text = z.string().min(1).max(300).refine(isStorable);
/** Formats of RFC 9493 section 3.2, `scim` of RFC 9967, `complex` of the Shared Signals Framework. */
const formats = {
  scim: z.looseObject({ uri: text, externalId: text.nullish() }),
  email: z.looseObject({ email: text }),
  iss_sub: z.looseObject({ iss: text, sub: text }),
  opaque: z.looseObject({ id: text }),
  account: z.looseObject({ uri: text }),
  aliases: z.looseObject({ identifiers: z.array(z.unknown()).min(1).max(20) }),
  complex: z.looseObject({ user: z.unknown().optional() }),
};

/** An id is tried as the IdP's own, then as a login; if it is neither, the person is unknown. */
function readSubject(subject: unknown, isNested = false): Subject {
  const shape = z.looseObject({ format: text.optional(), subject_type: text.optional() }).safeParse(subject);
  const format = (shape.data?.format ?? shape.data?.subject_type)?.replaceAll('-', '_').toLowerCase();
  if (format === undefined) return { malformed: 'sub_id: has no format (RFC 9493)' };
  if (!Object.hasOwn(formats, format)) return { names: [] };
  const wrong: Subject = { malformed: `sub_id: does not fit its format ${format}` };
  switch (format as keyof typeof formats) {
    case 'scim': {
      const { data } = formats.scim.safeParse(subject);
      return data === undefined ? wrong : ofScim(data.uri, data.externalId ?? null);
    }
    case 'email': {
      const { data } = formats.email.safeParse(subject);
      return data === undefined ? wrong : { names: [{ email: data.email }] };
    }
    case 'iss_sub': {
      const { data } = formats.iss_sub.safeParse(subject);
      return data === undefined ? wrong : { names: [{ id: data.sub }] };
    }
    case 'opaque': {
      const { data } = formats.opaque.safeParse(subject);
      return data === undefined ? wrong : { names: [{ id: data.id }] };
    }
    case 'account': {
      const { data } = formats.account.safeParse(subject);
      const login = /^acct:(.+)$/i.exec(data?.uri ?? '')?.[1];
      return login === undefined ? wrong : { names: [{ id: login }] };
    }
    case 'aliases': {
      const { data } = formats.aliases.safeParse(subject);
      // "An identifier in the list must not be of the aliases format" (RFC 9493 section 3.2.8).
      return data === undefined || isNested
        ? wrong
        : joined(data.identifiers.map((one) => readSubject(one, true)));
    }
    case 'complex': {
      const { data } = formats.complex.safeParse(subject);
      if (data === undefined || isNested) return wrong;
      return data.user === undefined ? { names: [] } : readSubject(data.user, true);
    }
  }
}

/**
 * Whether the issuer provisions from the IdP (then `externalId` is the IdP's id) or is the IdP itself (then its own id
 * is) can't be seen: both are tried.
 */
function ofScim(uri: string, externalId: string | null): Subject {
  const [, type, encoded] = /(?:^|\/)(Users|Groups)\/([^/?#]+)\/?$/i.exec(uri) ?? [];
  if (type === undefined || encoded === undefined) return { names: [] };
  const own = decoded(encoded);
  if (own === null) return { malformed: 'sub_id: its uri is none' };
  const ids = [...new Set([externalId, own])].filter((id) => id !== null);
  return type.toLowerCase() === 'groups' ? { groupIds: ids } : { names: ids.map((id) => ({ id })) };
}

function joined(subjects: readonly Subject[]): Subject {
  const malformed = subjects.find((subject) => 'malformed' in subject);
  if (malformed !== undefined) return malformed;
  const groupIds = subjects.flatMap((subject) => ('groupIds' in subject ? subject.groupIds : []));
  if (groupIds.length > 0) return { groupIds: [...new Set(groupIds)] };
  return { names: subjects.flatMap((subject) => ('names' in subject ? subject.names : [])) };
}

function decoded(segment: string): string | null {
  try {
    const id = decodeURIComponent(segment);
    return isStorable(id) ? id : null;
  } catch {
    return null;
  }
}
