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

  /** All of them as Okta provisions them; Entra provisions whoever is in a group. */
  async function provision(people: readonly Person[]) {
    if (walk.directory.system === 'entra') return;
    for (const person of people)
      await scim('POST', '/Users', scimUserOf(person)).catch((error) => {
        throw new Error(`${person.key} is not provisioned`, { cause: error });
      });
  }

  /** Somebody puts these people into a group, or takes them out, and all of it is pushed and told at once. */
  async function storm(group: string, people: readonly string[], method: 'POST' | 'DELETE' = 'POST') {
    await walk.directory.moves(group, people, method === 'POST', () => putGroup(group));
  }

  /** The group as the directory has it, pushed whole: by Okta with one PUT, by Entra in one cycle. */
  async function putGroup(group: string) {
    if (walk.directory.system === 'entra') return await walk.directory.pushesAll();
    const emails = (await membersOf(group)).map(({ email }) => email);
    const users = await walk.query<{ id: string }>(
      'select id from scim_users where user_name = any($1::text[])',
      [emails],
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

  const membersOf = async (group: string) =>
    (await walk.directory.groups()).find(({ name }) => name === group)?.members ?? [];

  const masses = () => walk.query<Mass>('select id, state, kind, doc from mass_changes order by opened_at');

  async function massCard(group: string, words: string | RegExp): Promise<CardSeen & { id: string }> {
    return await walk.until(
      `a card about ${group} that says ${words}`,
      async (saw) => {
        const all = await masses();
        const cards = await walk.messages('olga', 'access-requests');
        for (const { id } of all.toReversed()) {
          const card = cards.find((m) => m.metadata?.event_payload?.marker === `${id}:card`);
          if (card === undefined || !wordsOf(card).includes(group)) continue;
          saw(wordsOf(card));
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
        // Entra carries a few at once when asked, and all of them in its cycle, which is not waited for.
        if (walk.directory.system === 'entra') await walk.directory.pushesAll();
        saw({ masses: await masses(), owed: await walk.owed() });
        return (await masses()).some((m) => m.id === id && m.state === state);
      },
      PATIENCE_MS,
    );

  /** How many of the crowd Anypoint and the directory have there. */
  async function inBoth({
    group,
    team,
  }: {
    group: string;
    team: string;
  }): Promise<{ directory: number; anypoint: number }> {
    const teams = await walk.request<{ name: string; members: { key: string | null }[] }[]>(
      'GET',
      '/anypoint/sim/teams',
    );
    const ofCrowd = (members: { key: string | null }[] | undefined) =>
      (members ?? []).filter((m) => m.key?.startsWith('crowd')).length;
    return {
      directory: ofCrowd(await membersOf(group)),
      anypoint: ofCrowd(teams.find((t) => t.name === team)?.members),
    };
  }

  /** Nothing of it was told anywhere but on the one card: no cards of their own, no messages to each of them. */
  async function nothingElseIsTold() {
    const told = await walk.query(
      `select p.login, m.key, c.kind, c.state, c.doc->>'cause' as cause
     from messages m join changes c on c.id = m.about_id join people p on p.id = c.person_id
     where p.login like 'crowd%'`,
    );
    expect(told).toEqual([]);
  }

  return { scim, provision, storm, putGroup, masses, massCard, isDone, inBoth, nothingElseIsTold };
}
