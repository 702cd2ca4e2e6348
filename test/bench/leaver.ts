import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../../src/core/ids.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { rememberPerson } from '../../src/store/people.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { idpPerson } from '../store/given.ts';
import { type areaOf, areas } from './areas.ts';
import { crowdPerson } from './crowd.ts';
import { absolute, type Figure } from './figure.ts';
import { type Scene, setScene } from './scene.ts';
import { createScimClient } from './scim-client.ts';

const GRANTS = 50;
const WITHIN_S = 5;
const PATIENCE_MS = 120_000;
const POLL_MS = 20;
const HELD_MS = 86_400_000;

const leaver = crowdPerson(0);

/** Somebody who holds fifty grants is deactivated in Okta: until Anypoint shows them in no team, and until the case says so. */
export async function leaverGone(say: (line: string) => void): Promise<Figure[]> {
  const policyDir = await policyWith(GRANTS);
  const scene = await setScene({ areas: GRANTS, policyDir });
  try {
    const client = createScimClient(scene.latchkeyUrl, credentials.scimToken);
    await client.ask('POST', '/Users', scimUserOf(leaver));
    client.close();
    say(`${GRANTS} grants are given…`);
    await giveAll(scene);
    await until('all are in effect', async () => (await inEffect(scene)) === GRANTS);
    await expectTeams(scene, GRANTS);

    say('their holder leaves…');
    const since = performance.now();
    await scene.world('POST', `/okta/sim/users/${leaver.key}/status`, { status: 'DEPROVISIONED' });
    await until('they are out of every team', async () => (await teamsWithThem(scene)) === 0);
    const outMs = performance.now() - since;
    await until('the case says that all is gone', async () => {
      const { rows } = await scene.db.query("select 1 from audit where type = 'accessGone'");
      return rows.length > 0;
    });
    const goneMs = performance.now() - since;
    await until('each is seen gone', async () => {
      const { rows } = await scene.db.query(
        "select 1 from changes where kind = 'revoke' and state not in ('inEffect', 'superseded')",
      );
      return rows.length === 0;
    });
    const seenMs = performance.now() - since;
    const figure = absolute('leaver');
    const within = (what: string, ms: number) =>
      figure(what, ms / 1_000, `<= ${WITHIN_S} s`, ms / 1_000 <= WITHIN_S);
    return [
      within(`${GRANTS} grants: until they are in no team, s`, outMs),
      within(`${GRANTS} grants: until the case says that all is gone, s`, goneMs),
      within(`${GRANTS} grants: until each is seen gone, s`, seenMs),
    ];
  } finally {
    await scene.close();
    await rm(policyDir, { recursive: true, force: true });
  }
}

/** The policy of the repository, with so many entitlements more. */
async function policyWith(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-policy-'));
  await cp(fileURLToPath(new URL('../../policy', import.meta.url)), folder, { recursive: true });
  const file = join(folder, 'catalogue.yaml');
  const more = areas(count).map(
    ({ key, group, team }) => `  - key: ${key}
    title: "${team}: read"
    gives: "read access to ${team}"
    idp: { group: ${group} }
    team: ${team}
    tier: low
    owner: olga@acme.example
    requestable: everyone
    approvers: { of: any, sources: [owner] }
    durations: { offered: [1d, 7d], default: 1d, max: 7d }
    clauses: [AC-3]
`,
  );
  const catalogue = await readFile(file, 'utf8');
  await writeFile(file, catalogue.replace('\nentitlements:\n', `\nentitlements:\n${more.join('')}`));
  return folder;
}

/** Approved requests, as if long ago: Latchkey carries them out from there. */
async function giveAll(scene: Scene): Promise<void> {
  const { db, close } = await openDatabase(scene.databaseUrl);
  const { id: personId } = await rememberPerson(
    db,
    'okta',
    idpPerson(leaver.email, { id: leaver.oktaId, email: leaver.email, displayName: leaver.name }),
  );
  await commit(db, async ({ now }) => ({
    result: null,
    events: areas(GRANTS).flatMap((area) => given(personId, area, now)),
  }));
  await close();
}

function given(personId: PersonId, area: ReturnType<typeof areaOf>, now: Date): ChangeEvent[] {
  const base = { changeId: randomUUID() as ChangeId, at: now, actor: { part: 'latchkey' } } as const;
  const target = {
    idp: 'okta',
    groupId: area.groupId,
    groupName: area.group,
    teamId: area.teamId,
    teamName: area.team,
  };
  return [
    {
      ...base,
      type: 'changeReceived',
      kind: 'grant',
      cause: 'request',
      entitlementKey: area.key as EntitlementKey,
      personId,
      requesterId: personId,
      reason: 'for the bench',
      ticket: null,
      requestedSeconds: HELD_MS / 1_000,
      target,
      via: 'latchkey',
      lapsesAt: null,
    },
    {
      ...base,
      type: 'changeApproved',
      grant: {
        id: randomUUID() as GrantId,
        startsAt: now,
        endsAt: new Date(now.getTime() + HELD_MS),
      },
      verdict: null,
      target,
      decision: { outcome: 'approved', by: null, byName: 'bench', at: now, note: null, clickId: null },
    },
  ];
}

async function inEffect({ db }: Scene): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    "select count(*)::int as n from changes where kind = 'grant' and state = 'inEffect' and entitlement_key like 'area-%'",
  );
  return rows[0]?.n ?? 0;
}

async function teamsWithThem({ world }: Scene): Promise<number> {
  const teams = await world<{ members: { key: string | null }[] }[]>('GET', '/anypoint/sim/teams');
  return teams.filter(({ members }) => members.some(({ key }) => key === leaver.key)).length;
}

/** A figure counts only if Anypoint is as decided. */
async function expectTeams(scene: Scene, count: number): Promise<void> {
  const found = await teamsWithThem(scene);
  if (found !== count) throw new Error(`they are in ${found} teams, not in ${count}`);
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await look()); await sleep(POLL_MS))
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
}
