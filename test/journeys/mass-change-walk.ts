import { expect } from 'vitest';
import type { Person } from '../../src/sandbox/seed.ts';
import { type CardSeen, type Journey, wordsOf } from './journey.ts';
import { scimCall, scimUserOf } from './scim-wire.ts';

export const PATIENCE_MS = 240_000;

export type StormWalk = ReturnType<typeof walkInStorms>;

type Mass = { id: string; state: string; kind: string; doc: { round: number } };

/** The acts and looks of journeys through storms; the crowd's keys and logins begin with `crowd`. */
export function walkInStorms(walk: Journey, latchkeyUrl: string) {
  /** Latchkey's own SCIM endpoint, as an IdP writes to it. */
  async function scim<T>(method: string, path: string, body?: unknown): Promise<T> {
    return await scimCall<T>(latchkeyUrl, method, path, body);
  }

  /** All of them as Okta provisions them. */
  async function provision(people: readonly Person[]) {
    for (const person of people)
      await scim('POST', '/Users', scimUserOf(person)).catch((error) => {
        throw new Error(`${person.key} is not provisioned`, { cause: error });
      });
  }

  /**
   * Somebody in Okta puts these people into a group, and Okta replaces the whole group by SCIM. Until then Okta says
   * nothing, so that all of it comes at once, as an import does.
   */
  async function storm(group: string, people: readonly string[], method: 'POST' | 'DELETE' = 'POST') {
    await walk.request('POST', '/okta/sim/push', { paused: true });
    await walk.request('POST', '/okta/sim/hooks', { paused: true });
    await walk.request('POST', '/okta/sim/log', { lagMs: 600_000 });
    for (const key of people) await walk.request(method, `/okta/sim/groups/${group}/members/${key}`);
    await putGroup(group);
    await walk.request('POST', '/okta/sim/log', { lagMs: 0 });
    await walk.request('POST', '/okta/sim/hooks', { paused: false });
    await walk.request('POST', '/okta/sim/push', { paused: false });
  }

  /** The group as Okta has it, by one PUT. */
  async function putGroup(group: string) {
    const all = await walk.request<{ name: string; members: { email: string }[] }[]>(
      'GET',
      '/okta/sim/groups',
    );
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
      async (saw) => {
        saw({ masses: await masses(), owed: await walk.owed() });
        return (await masses()).some((m) => m.id === id && m.state === state);
      },
      PATIENCE_MS,
    );

  /** How many of the crowd Anypoint and Okta have there. */
  async function inBoth({
    group,
    team,
  }: {
    group: string;
    team: string;
  }): Promise<{ okta: number; anypoint: number }> {
    const groups = await walk.request<{ name: string; members: { key: string }[] }[]>(
      'GET',
      '/okta/sim/groups',
    );
    const teams = await walk.request<{ name: string; members: { key: string | null }[] }[]>(
      'GET',
      '/anypoint/sim/teams',
    );
    const ofCrowd = (members: { key: string | null }[] | undefined) =>
      (members ?? []).filter((m) => m.key?.startsWith('crowd')).length;
    return {
      okta: ofCrowd(groups.find((g) => g.name === group)?.members),
      anypoint: ofCrowd(teams.find((t) => t.name === team)?.members),
    };
  }

  /** Nothing of it was told anywhere but on the one card: no cards of their own, no messages to each of them. */
  async function nothingElseIsTold() {
    const told = await walk.query(
      `select 1 from messages m join changes c on c.id = m.about_id join people p on p.id = c.person_id
     where p.login like 'crowd%'`,
    );
    expect(told).toEqual([]);
  }

  return { scim, provision, storm, putGroup, masses, massCard, isDone, inBoth, nothingElseIsTold };
}
