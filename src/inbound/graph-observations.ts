import { z } from 'zod';
import type { Observation, Told } from '../core/drift/observation.ts';
import { isStorable } from '../core/storable.ts';
import type { KnownSubscription } from '../store/graph-subscriptions.ts';

const id = z.string().min(1).max(100).refine(isStorable);
/**
 * The mark that tells one happening from the next. Each resource of Graph has some of it, directory objects often none.
 */
const mark = z.union([z.string().max(200).refine(isStorable), z.number()]).nullish();

const notificationSchema = z.looseObject({
  id: mark,
  changeType: z.enum(['created', 'updated', 'deleted']),
  resourceData: z.looseObject({
    id,
    '@odata.etag': mark,
    eventTime: mark,
    sequenceNumber: mark,
    'members@delta': z
      .array(
        z.looseObject({
          id,
          '@odata.type': z.string().nullish(),
          /** `"deleted"` in notifications, `{"reason":"deleted"}` in delta queries. */
          '@removed': z.unknown().optional(),
        }),
      )
      .nullish(),
  }),
});

/** A larger delta is told as one look at the group instead of so many at people. */
const DELTA_MAX = 100;

/**
 * The content of one notification of a subscription; null when it is not understood. Times are those of arrival: Graph
 * gives none for directory objects.
 */
export function readNotification(
  notification: unknown,
  { id: subscriptionId, groupName }: KnownSubscription,
  now: Date,
): Observation[] | null {
  const parsed = notificationSchema.safeParse(notification);
  if (!parsed.success) return null;
  const { changeType, resourceData } = parsed.data;
  // Graph has no event id that is always there. Without any mark the delivery counts as new. A repeat only has the IdP
  // read once more: an observation is a hint where to look. A second happening that is taken for the first would not be
  // looked at.
  const happening =
    parsed.data.id ??
    resourceData.sequenceNumber ??
    resourceData.eventTime ??
    resourceData['@odata.etag'] ??
    `at ${now.getTime()}`;
  const observation = (told: Told, about: string): Observation => ({
    key: `graph:${subscriptionId}:${resourceData.id}:${about}:${happening}`.slice(0, 500),
    eventSource: 'graph',
    payload: told,
    actor: null,
    occurredAt: now,
  });
  if (groupName === null) {
    const person = { entraId: resourceData.id };
    const happened = changeType === 'deleted' ? 'deleted' : 'changed';
    return [observation({ kind: 'person', person, happening: happened }, changeType)];
  }
  const group = { name: groupName };
  const delta = resourceData['members@delta'] ?? [];
  const arePeople = delta.every(({ '@odata.type': type }) => /(^|\.)user$/i.test(type ?? 'user'));
  if (delta.length === 0 || delta.length > DELTA_MAX || !arePeople)
    return [observation({ kind: 'group', group }, changeType)];
  return delta.map((member) => {
    const direction = (member['@removed'] ?? null) === null ? 'added' : 'removed';
    const person = { entraId: member.id };
    return observation({ kind: 'membership', person, group, direction }, `${member.id}:${direction}`);
  });
}
