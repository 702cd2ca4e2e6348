import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../src/core/change.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, wordsOf } from './journey.ts';

/** People in the storm. */
const CROWD = 300;
const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers' };
const ADMINS = { group: 'anypoint-platform-admin', team: 'Platform admins' };
const PATIENCE_MS = 120_000;

let stage: Stage;
let walk: Journey;
let crowd: { key: string; oktaId: string; scimId: string }[] = [];
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
  crowd = await hire(CROWD);
}, PATIENCE_MS);
afterAll(async () => {
  await stage.close();
});

/** Okta's administration API. */
async function okta<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${stage.world.url}/okta/api/v1${path}`, {
    method,
    headers: { authorization: `SSWS ${credentials.oktaApiToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** Latchkey's own SCIM endpoint, as an IdP writes to it. */
async function scim<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${stage.latchkey.url}/scim/v2${path}`, {
    method,
    headers: {
      authorization: `Bearer ${credentials.scimToken}`,
      'content-type': 'application/scim+json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Many colleagues at once, in Okta and provisioned to Latchkey. */
async function hire(count: number) {
  const hired: typeof crowd = [];
  for (let n = 0; n < count; n++) {
    const key = `storm${String(n).padStart(3, '0')}`;
    const profile = {
      login: `${key}@acme.example`,
      email: `${key}@acme.example`,
      firstName: 'Storm',
      lastName: String(n).padStart(3, '0'),
      displayName: `Storm ${String(n).padStart(3, '0')}`,
      // A few are of a department that may not have what the others may.
      department: 'Orders',
    };
    const { id: oktaId } = await okta<{ id: string }>('POST', '/users?activate=true', { profile });
    const { id: scimId } = await scim<{ id: string }>('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: profile.login,
      externalId: oktaId,
      displayName: profile.displayName,
      emails: [{ value: profile.email, primary: true }],
      active: true,
    });
    hired.push({ key, oktaId, scimId });
  }
  return hired;
}

/**
 * Somebody in Okta puts these people into a group, and Okta replaces the whole group by SCIM. Until then Okta says
 * nothing, so that all of it comes at once, as an import does.
 */
async function storm(group: string, people: typeof crowd, method: 'POST' | 'DELETE' = 'POST') {
  await walk.request('POST', '/okta/sim/push', { paused: true });
  await walk.request('POST', '/okta/sim/log', { lagMs: 600_000 }).catch(() => {});
  for (const { key } of people) await walk.request(method, `/okta/sim/groups/${group}/members/${key}`);
  await putGroup(group);
}

/** The group as Okta has it, by one PUT. */
async function putGroup(group: string) {
  const all = await walk.request<{ name: string; members: { email: string }[] }[]>('GET', '/okta/sim/groups');
  const emails = new Set(all.find((g) => g.name === group)?.members.map((m) => m.email));
  const users = await walk.query<{ id: string }>(
    'select id from scim_users where user_name = any($1::text[])',
    [[...emails]],
  );
  const { Resources } = await scim<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?filter=${encodeURIComponent(`displayName eq "${group}"`)}`,
  );
  await scim('PUT', `/Groups/${Resources[0]?.id}`, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: group,
    members: users.map(({ id }) => ({ value: id })),
  });
}

type Mass = { id: string; state: string; kind: string; doc: { round: number } };
const masses = () => walk.query<Mass>('select id, state, kind, doc from mass_changes order by opened_at');

async function massCard(group: string, words: string | RegExp): Promise<CardSeen & { id: string }> {
  return await walk.until(
    `a card about ${group} that says ${words}`,
    async () => {
      const all = await masses();
      const cards = await walk.messages('olga', 'access-requests');
      for (const { id } of all.toReversed()) {
        const card = cards.find((m) => m.metadata?.event_payload?.marker === `${id}:card`);
        if (card === undefined || !wordsOf(card).includes(group)) continue;
        if (typeof words === 'string' ? wordsOf(card).includes(words) : words.test(wordsOf(card)))
          return { ...card, id };
      }
      return null;
    },
    PATIENCE_MS,
  );
}

const isDone = (id: string, state = 'done') =>
  walk.until(
    `the mass change is ${state}`,
    async () => (await masses()).some((m) => m.id === id && m.state === state),
    PATIENCE_MS,
  );

const cardsOfChanges = () =>
  walk.query(
    `select 1 from messages m join changes c on c.id = m.about_id where c.doc->>'cause' in ('finding', 'loss')`,
  );

/** How many of the crowd Anypoint and Okta have there. */
async function inBoth({ group, team }: typeof READERS): Promise<{ okta: number; anypoint: number }> {
  const groups = await walk.request<{ name: string; members: { key: string }[] }[]>(
    'GET',
    '/okta/sim/groups',
  );
  const teams = await walk.request<{ name: string; members: { key: string | null }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  const ofCrowd = (members: { key: string | null }[] | undefined) =>
    (members ?? []).filter((m) => m.key?.startsWith('storm')).length;
  return {
    okta: ofCrowd(groups.find((g) => g.name === group)?.members),
    anypoint: ofCrowd(teams.find((t) => t.name === team)?.members),
  };
}

describe('a group of 300, replaced at once', () => {
  test('is one card and nothing else; a second storm adds to it; who is taken out again drops out', {
    timeout: PATIENCE_MS,
  }, async () => {
    // when
    await storm(READERS.group, crowd.slice(0, 200));

    // then
    const card = await massCard(READERS.group, '200 people were put into');
    expect(wordsOf(card)).toContain('nobody asked for it here');
    expect(wordsOf(card)).toContain('200 in Orders');
    expect(wordsOf(card)).toContain('Waiting for <@U0000004>');
    expect(buttonsOf(card)).toEqual(['mass_keep', 'mass_undo', 'mass_show']);
    expect(await cardsOfChanges()).toEqual([]);

    // when a second storm comes while it is asked
    await storm(READERS.group, crowd.slice(200));

    // then
    await massCard(READERS.group, '300 people were put into');

    // when the old card is clicked
    await walk.click('olga', card, 'mass_undo');

    // then it is the card as it is now, so the click counts only with what is shown now
    expect((await masses()).filter((m) => m.kind === 'unrequested')).toHaveLength(1);
    expect(await cardsOfChanges()).toEqual([]);
  });
});

export type { Change };
