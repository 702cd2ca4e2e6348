import { type Checked, troubleOf } from '../../core/checked.ts';
import type { Fault } from '../../core/fault.ts';
import { createGraph, type Graph, type Subscribed } from './graph.ts';
import { GraphSession, type GraphSettings } from './graph-session.ts';
import { besideIdp, CONSENT, checkPermissions } from './permissions.ts';

/** What Latchkey should be told of, and where. */
export type GraphSubscriptionWanted = { groupNames: readonly string[]; notificationUrl: string };

/** Nobody has it; whether we may ask for a person shows all the same. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
const KEPT = 'Latchkey makes and renews them while it runs, within five minutes of its start';

/** Tries in turn what Latchkey needs of Microsoft Graph: the token, both permissions, the subscriptions. Only reads. */
export async function checkGraph(
  settings: GraphSettings,
  freeText: GraphSubscriptionWanted,
): Promise<Checked[]> {
  const graph = createGraph(settings);
  let subscriptions: Subscribed[] = [];
  const token = await troubleOf(
    async () => {
      subscriptions = await graph.subscriptions();
    },
    nextOf(`add the application permissions Group.Read.All and User.Read.All ${CONSENT}`),
  );
  if (token !== null) return [{ name: 'Graph', trouble: token }];
  const held = await new GraphSession(settings).permissions();

  const wanted: { resource: string; what: string }[] = [{ resource: 'users', what: 'people' }];
  const unknown: string[] = [];
  const groups = await troubleOf(
    async () => {
      for (const name of freeText.groupNames) {
        const ids = await graph.groupIdsNamed(name);
        if (ids.length === 0) unknown.push(name);
        wanted.push(...ids.map((id) => ({ resource: `groups/${id}/members`, what: name })));
      }
    },
    nextOf(`add the application permission Group.Read.All ${CONSENT}`),
  );
  const people = await troubleOf(
    () => graph.namesOf(NOBODY),
    nextOf(`add the application permission User.Read.All ${CONSENT}`),
  );
  return [
    { name: 'Graph', trouble: null },
    { name: 'Graph groups', trouble: groups },
    ...(unknown.length === 0
      ? []
      : [
          {
            name: 'Graph groups',
            trouble: `Entra has no group called ${unknown.join(', ')}: Graph tells nothing of them; make them there, or let Okta alone tell`,
            isOptional: true,
          },
        ]),
    { name: 'Graph people', trouble: people },
    ...checkPermissions('Graph permissions', held, besideIdp),
    // Which there should be is not known without the groups.
    ...(groups === null
      ? [compared('Graph notifications', subscriptions, wanted, freeText.notificationUrl)]
      : []),
  ];
}

/** Whether there is a subscription for people and for each of these groups. @throws idp.* */
export async function checkSubscriptions(
  graph: Graph,
  { groupNames, notificationUrl }: GraphSubscriptionWanted,
  name: string,
): Promise<Checked> {
  const wanted = [{ resource: 'users', what: 'people' }];
  for (const what of groupNames)
    for (const id of await graph.groupIdsNamed(what)) wanted.push({ resource: `groups/${id}/members`, what });
  return compared(name, await graph.subscriptions(), wanted, notificationUrl);
}

function compared(
  name: string,
  subscriptions: readonly Subscribed[],
  wanted: readonly { resource: string; what: string }[],
  url: string,
): Checked {
  const ours = subscriptions.filter((one) => one.notificationUrl === url);
  if (ours.length === 0) {
    const elsewhere = [...new Set(subscriptions.map((one) => one.notificationUrl))].sort().join(', ');
    return elsewhere === ''
      ? { name, trouble: `there is no subscription yet: ${KEPT}; check again then`, isOptional: true }
      : {
          name,
          trouble: `the subscriptions deliver to ${elsewhere} and not to ${url}: set PUBLIC_URL to where Graph reaches Latchkey, and restart it`,
        };
  }
  const missing = wanted.filter(({ resource }) => ours.every((one) => one.resource !== resource));
  return missing.length === 0
    ? { name, trouble: null }
    : {
        name,
        trouble: `no subscription tells of ${missing.map(({ what }) => what).join(', ')}: ${KEPT}; if it stays so, its log says why (“Graph subscription not kept”)`,
      };
}

function nextOf(forbidden: string): (fault: Fault) => string {
  return ({ code }) => {
    switch (code) {
      case 'idp.unauthorized':
        return 'set GRAPH_TENANT_ID, GRAPH_CLIENT_ID and GRAPH_CLIENT_SECRET to those of the app registration; a secret that has run out is made anew there, under Certificates & secrets';
      case 'idp.forbidden':
        return forbidden;
      case 'idp.unavailable':
      case 'idp.timeout':
        return 'see that this machine reaches it (GRAPH_URL, GRAPH_LOGIN_URL, a proxy), and check again';
      case 'idp.throttled':
        return 'check again in a few minutes';
      default:
        return 'GRAPH_URL and GRAPH_LOGIN_URL are only for a national cloud: take them out, or set those of yours';
    }
  };
}
