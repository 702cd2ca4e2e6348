import { z } from 'zod';
import type { EventSource, GroupHint, Observation, Told } from '../../core/drift/observation.ts';
import { isStorable, oneLine } from '../../core/storable.ts';

/** Okta's uuid goes into the observation's key. */
const UUID_MAX = 200;
const NAME_MAX = 200;

const storable = z.string().min(1).refine(isStorable, 'has characters that can’t be stored');

const entitySchema = z.object({
  id: z.string().nullish(),
  type: z.string().nullish(),
  alternateId: z.string().nullish(),
  displayName: z.string().nullish(),
});
type Entity = z.infer<typeof entitySchema>;

/**
 * The parts of Okta's LogEvent that we use (OpenAPI description 2026.06.3): the same in event hooks and in the System
 * Log.
 */
const logEventSchema = z.object({
  uuid: storable.max(UUID_MAX),
  published: z.iso.datetime({ offset: true }),
  eventType: z.string(),
  actor: entitySchema.nullish(),
  outcome: z.object({ result: z.string().nullish() }).nullish(),
  target: z.array(entitySchema).nullish(),
});
type LogEvent = z.infer<typeof logEventSchema>;

type Happening = Extract<Told, { kind: 'person' }>['happening'];
type Reading =
  | { kind: 'membership'; direction: 'added' | 'removed' }
  | { kind: 'person'; happening: Happening }
  | { kind: 'group' };

const person = (happening: Happening): Reading => ({ kind: 'person', happening });

/** What each event type means to us. The log is asked for these; an event hook subscribes to these. */
const readings: Record<string, Reading> = {
  'group.user_membership.add': { kind: 'membership', direction: 'added' },
  'group.user_membership.remove': { kind: 'membership', direction: 'removed' },
  'group.lifecycle.create': { kind: 'group' },
  'group.lifecycle.delete': { kind: 'group' },
  'group.profile.update': { kind: 'group' },
  'user.lifecycle.create': person('created'),
  'user.lifecycle.activate': person('switchedOn'),
  'user.lifecycle.deactivate': person('deprovisioned'),
  'user.lifecycle.suspend': person('suspended'),
  'user.lifecycle.unsuspend': person('returned'),
  'user.lifecycle.reactivate': person('returned'),
  'user.lifecycle.delete.initiated': person('deleted'),
  'user.lifecycle.delete.completed': person('deleted'),
  // A locked account counts as suspended: nobody knows who is typing.
  'user.account.lock': person('suspended'),
  'user.account.unlock': person('returned'),
  'user.account.update_profile': person('changed'),
  // Of any app: whether it was ours shows when the person is looked at.
  'application.user_membership.add': person('changed'),
  'application.user_membership.remove': person('changed'),
  'user.session.clear': person('sessionsRevoked'),
};

export const eventTypes: readonly string[] = Object.keys(readings);

/** What a list of LogEvents comes to. `unread`: what is not understood, in words for our own log. */
export type ReadEvents = { observations: Observation[]; unread: { event: string; why: string }[] };

/**
 * Pure: Okta's LogEvents as observations, each under a key of its own (`okta:<uuid>`) whichever event source told it.
 * An event that did not succeed did not happen, and is left out. An event that can't be read is named, and holds up
 * none of the others.
 */
export function readLogEvents(events: readonly unknown[], eventSource: EventSource): ReadEvents {
  const read: ReadEvents = { observations: [], unread: [] };
  for (const raw of events) {
    const parsed = logEventSchema.safeParse(raw);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const why = `${issue?.path.join('.') || 'event'}: ${issue?.message ?? 'unreadable'}`;
      read.unread.push({ event: labelOf(raw), why });
      continue;
    }
    const event = parsed.data;
    if ((event.outcome?.result ?? 'SUCCESS') !== 'SUCCESS') continue;
    const reading = readings[event.eventType];
    const told = reading === undefined ? [] : toldBy(event, reading);
    if (told.length === 0)
      read.unread.push({
        event: labelOf(raw),
        why: reading === undefined ? 'an event type that means nothing to us' : 'it does not say about whom',
      });
    told.forEach((what, i) => {
      read.observations.push({
        key: i === 0 ? `okta:${event.uuid}` : `okta:${event.uuid}:${i}`,
        eventSource,
        payload: what,
        actor: actorOf(event.actor),
        occurredAt: new Date(event.published),
      });
    });
  }
  return read;
}

/** Usually one. Targets are found by type: their places differ from event to event (OpenAPI description, LogEvent). */
function toldBy(event: LogEvent, reading: Reading): Told[] {
  const people = idsOf(event, 'User').map((id) => ({ id }));
  const groups: GroupHint[] = idsOf(event, 'UserGroup').map((id) => ({ id }));
  switch (reading.kind) {
    case 'membership':
      return groups.flatMap((group) => people.map((person): Told => ({ ...reading, person, group })));
    case 'person':
      return people.map((person): Told => ({ ...reading, person }));
    case 'group':
      return groups.map((group): Told => ({ ...reading, group }));
    default:
      return reading satisfies never;
  }
}

function idsOf({ target }: LogEvent, type: 'User' | 'UserGroup'): string[] {
  return (target ?? [])
    .filter((t) => t.type === type)
    .map((t) => t.id ?? '')
    .filter((id) => id !== '' && isStorable(id));
}

/** A person, that is; rules, imports and apps are nobody who could decide. */
function actorOf(actor: Entity | null | undefined): Observation['actor'] {
  const id = actor?.id ?? '';
  if (actor?.type !== 'User' || id === '' || !isStorable(id)) return null;
  const name = [actor.displayName, actor.alternateId]
    .filter((text) => isStorable(text ?? ''))
    .map((text) => oneLine(text ?? ''))
    .find((text) => text !== '');
  return { id, name: (name ?? id).slice(0, NAME_MAX) };
}

function labelOf(raw: unknown): string {
  const { eventType, uuid } = (raw ?? {}) as { eventType?: unknown; uuid?: unknown };
  return `${String(eventType)} ${String(uuid)}`.slice(0, NAME_MAX);
}
