import { z } from 'zod';
import type { PersonHint, Told } from '../core/drift/observation.ts';
import { isStorable } from '../core/storable.ts';
import type { SetClaims } from './set-token.ts';

type Happening = Extract<Told, { kind: 'person' }>['happening'];

/** What one event of a SET comes to. `ignored`: understood as far as it goes, but nothing follows, and why. */
export type SetReading =
  /** `at`: when it happened, in milliseconds; null: the event does not say. */
  | { event: string; told: Told[]; at: number | null }
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
 * The readings of a SET, event by event: SCIM events (RFC 9967), CAEP session-revoked, RISC's account events. An event
 * only tells whom or which group to look at, whatever it says happened. The data of `full` events is not needed for
 * that.
 */
export function readEvents({ events, subId, sub, iss }: SetClaims): SetReading[] {
  return Object.entries(events).map(([event, said]) => {
    const happening = happenings[event.toLowerCase()];
    if (event.toLowerCase().startsWith(SSF)) return { event, ignored: 'about the stream itself' };
    if (happening === undefined) return { event, ignored: 'nothing follows from this event' };
    const { data: payload } = z.looseObject({}).safeParse(said);
    if (payload === undefined) return { event, malformed: 'events: one is no object' };
    // Before RFC 9493 each event had a subject of its own; where one has, it is more to the point than the token's.
    const named = [payload.subject, subId, sub === null ? undefined : { format: 'iss_sub', iss, sub }];
    const subjects = named.filter((one) => one !== undefined && one !== null).map((one) => readSubject(one));
    const subject = subjects.find(isClear) ?? subjects[0];
    if (subject === undefined) return { event, malformed: 'sub_id is missing' };
    if ('malformed' in subject) return { event, malformed: subject.malformed };
    const at = millisecondsOf(payload.event_timestamp);
    if ('groupIds' in subject)
      return { event, told: subject.groupIds.map((id) => ({ kind: 'group', group: { id } })), at };
    const [first] = subject.names;
    if (first === undefined) return { event, ignored: 'nobody can be found by such a subject' };
    const person: PersonHint = subject.names.length === 1 ? first : { anyOf: subject.names };
    return { event, told: [{ kind: 'person', person, happening }], at };
  });
}

/** Seconds since 1970 as this would be are past the year 5000: then they are milliseconds, as Okta sends them. */
const SECONDS_MAX = 1e11;

/** A NumericDate (RFC 7519 section 2), or what Okta makes of one; null: none at all. */
export function millisecondsOf(time: unknown): number | null {
  if (typeof time !== 'number' || !(time > 0) || time > SECONDS_MAX * 1_000) return null;
  return time > SECONDS_MAX ? time : time * 1_000;
}

type Subject = { names: PersonHint[] } | { groupIds: string[] } | { malformed: string };

function isClear(subject: Subject): boolean {
  return 'groupIds' in subject || ('names' in subject && subject.names.length > 0);
}

const text = z.string().min(1).max(300).refine(isStorable);
/**
 * Formats of RFC 9493 section 3.2, `scim` of RFC 9967, and `complex` of the Shared Signals Framework. Also those that
 * drafts and RISC called `subject_type`. A subject can have members that we don't know.
 */
const formats = {
  scim: z.looseObject({ uri: text, externalId: text.nullish() }),
  email: z.looseObject({ email: text }),
  iss_sub: z.looseObject({ sub: text }),
  // The drafts' own examples call the id `sub`.
  opaque: z.union([z.looseObject({ id: text }), z.looseObject({ sub: text })]),
  account: z.looseObject({ uri: text }),
  aliases: z.looseObject({ identifiers: z.array(z.unknown()).min(1).max(20) }),
  id_token_claims: z.looseObject({ sub: text.nullish(), email: text.nullish() }),
  complex: z.looseObject({ user: z.unknown().optional(), group: z.unknown().optional() }),
};

/** Parts of a complex subject, each with a format of its own; drafts and Okta give the whole none. */
const partsOfComplex = ['user', 'device', 'session', 'application', 'tenant', 'org_unit', 'group'];

function formatOf(subject: unknown): string | undefined {
  const { data } = z
    .looseObject({ format: text.optional(), subject_type: text.optional() })
    .safeParse(subject);
  const said = data?.format ?? data?.subject_type;
  if (said !== undefined) return said.replaceAll('-', '_').toLowerCase();
  const hasParts = partsOfComplex.some((part) => typeof data?.[part] === 'object' && data[part] !== null);
  return hasParts ? 'complex' : undefined;
}

/** An id is tried as the IdP's own, then as a login; if it is neither, the person is unknown. */
function readSubject(subject: unknown, within: 'aliases' | 'complex' | null = null): Subject {
  const format = formatOf(subject);
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
      return data === undefined ? wrong : { names: [{ id: (data.id ?? data.sub) as string }] };
    }
    case 'account': {
      const { data } = formats.account.safeParse(subject);
      const login = /^acct:(.+)$/i.exec(data?.uri ?? '')?.[1];
      return login === undefined ? wrong : { names: [{ id: login }] };
    }
    case 'aliases': {
      const { data } = formats.aliases.safeParse(subject);
      // "An identifier in the list must not be of the aliases format" (RFC 9493 section 3.2.8).
      return data === undefined || within === 'aliases'
        ? wrong
        : joined(data.identifiers.map((one) => readSubject(one, 'aliases')));
    }
    case 'id_token_claims': {
      const { data } = formats.id_token_claims.safeParse(subject);
      const { sub, email } = data ?? {};
      const names = [...(sub == null ? [] : [{ id: sub }]), ...(email == null ? [] : [{ email }])];
      return names.length === 0 ? wrong : { names };
    }
    case 'complex': {
      const { data } = formats.complex.safeParse(subject);
      if (data === undefined || within !== null) return wrong;
      if (data.user != null) return readSubject(data.user, 'complex');
      return data.group == null ? { names: [] } : groupOf(readSubject(data.group, 'complex'));
    }
  }
}

/** What is named is a group, by whatever it is called. */
function groupOf(subject: Subject): Subject {
  if (!('names' in subject)) return subject;
  return { groupIds: subject.names.flatMap((name) => ('id' in name && name.id !== null ? [name.id] : [])) };
}

/**
 * An issuer may provision from the IdP: then `externalId` is the IdP's id. Or it is the IdP itself: then its own id is.
 * We can't see which, so both are tried.
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
  // Of several names one that says nothing takes nothing from the others.
  const malformed = subjects.find((subject) => 'malformed' in subject);
  if (malformed !== undefined && !subjects.some(isClear)) return malformed;
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
