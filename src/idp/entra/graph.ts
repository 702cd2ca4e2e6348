import { z } from 'zod';
import type { EntraDirectory } from '../../ports/identity-provider.ts';
import { readGraph } from './faults.ts';
import { GraphSession, type GraphSettings } from './graph-session.ts';

/** Where Graph tells of changes, and of its subscriptions. */
export const GRAPH_NOTIFICATIONS_PATH = '/graph/notifications';
export const GRAPH_LIFECYCLE_PATH = '/graph/lifecycle';

/** A subscription to change notifications as Graph shows it; the secret it never shows again. */
export type Subscribed = { id: string; resource: string; expiresAt: Date; notificationUrl: string };

export type Graph = EntraDirectory & {
  /** Ids of the groups with exactly this name; in Entra several may share one. A group may be named by its id. */
  groupIdsNamed(name: string): Promise<string[]>;
  /** Every subscription of this app registration. */
  subscriptions(): Promise<Subscribed[]>;
  /** Graph calls both addresses while this waits, and they must echo its token within 10 s. */
  subscribe(freeText: {
    resource: string;
    changeType: string;
    notificationUrl: string;
    lifecycleUrl: string;
    clientState: string;
    until: Date;
  }): Promise<Subscribed>;
  /** Null when Graph has no such subscription any more. */
  renew(id: string, until: Date): Promise<Subscribed | null>;
  /** Idempotent. */
  unsubscribe(id: string): Promise<void>;
};

/** Directory objects and subscriptions have GUIDs; nothing else is put into a path. */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Pages followed before we stop believing in the paging. */
const MAX_PAGES = 1_000;

const userSchema = z.object({ mail: z.string().nullish(), userPrincipalName: z.string().min(1) });
const groupsSchema = z.object({
  value: z.array(z.object({ id: z.string().min(1), displayName: z.string().nullish() })),
});
const subscriptionSchema = z.object({
  id: z.string().min(1),
  resource: z.string(),
  expirationDateTime: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  notificationUrl: z.string().nullish(),
});
const subscriptionsSchema = z.object({
  value: z.array(subscriptionSchema),
  '@odata.nextLink': z.string().optional(),
});

/** What we use of Microsoft Graph v1.0. Faults `idp.*`. */
export function createGraph(settings: GraphSettings): Graph {
  const session = new GraphSession(settings, { rests: true });
  return {
    async namesOf(entraId) {
      if (!GUID.test(entraId)) return null;
      const what = 'read a person';
      const path = `/users/${entraId}?$select=id,mail,userPrincipalName`;
      const answer = await session.send('GET', path, what, { mayBeAbsent: true });
      if (answer.status === 404) return null;
      const { mail, userPrincipalName } = readGraph(userSchema, answer, what);
      return { email: mail ?? null, login: userPrincipalName };
    },

    async groupIdsNamed(name) {
      if (GUID.test(name)) return [name];
      const what = 'find a group';
      const query = new URLSearchParams({
        // OData: a quote in a text is doubled.
        $filter: `displayName eq '${name.replaceAll("'", "''")}'`,
        $select: 'id,displayName',
      });
      const { value } = readGraph(groupsSchema, await session.send('GET', `/groups?${query}`, what), what);
      return value.filter((group) => group.displayName === name).map((group) => group.id);
    },

    async subscriptions() {
      const what = 'list subscriptions';
      const all: Subscribed[] = [];
      let path: string | null = '/subscriptions';
      for (let pages = 0; path !== null && pages < MAX_PAGES; pages += 1) {
        const page = readGraph(subscriptionsSchema, await session.send('GET', path, what), what);
        all.push(...page.value.map(subscribed));
        path = session.pathOf(page['@odata.nextLink'], what);
      }
      return all;
    },

    async subscribe({ resource, changeType, notificationUrl, lifecycleUrl, clientState, until }) {
      const what = 'subscribe';
      const body = {
        changeType,
        notificationUrl,
        lifecycleNotificationUrl: lifecycleUrl,
        resource,
        expirationDateTime: until.toISOString(),
        clientState,
      };
      return subscribed(
        readGraph(subscriptionSchema, await session.send('POST', '/subscriptions', what, { body }), what),
      );
    },

    async renew(id, until) {
      const what = 'renew a subscription';
      const body = { expirationDateTime: until.toISOString() };
      const path = `/subscriptions/${encodeURIComponent(id)}`;
      const answer = await session.send('PATCH', path, what, { body, mayBeAbsent: true });
      return answer.status === 404 ? null : subscribed(readGraph(subscriptionSchema, answer, what));
    },

    async unsubscribe(id) {
      const path = `/subscriptions/${encodeURIComponent(id)}`;
      await session.send('DELETE', path, 'unsubscribe', { mayBeAbsent: true });
    },
  };
}

function subscribed(from: z.infer<typeof subscriptionSchema>): Subscribed {
  return {
    id: from.id,
    resource: from.resource,
    expiresAt: from.expirationDateTime,
    notificationUrl: from.notificationUrl ?? '',
  };
}
