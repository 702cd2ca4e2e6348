import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outside } from '../src/config/config.ts';
import type { Catalogue } from '../src/core/policy/catalogue.ts';
import { type Latchkey, startLatchkey } from '../src/latchkey.ts';
import { loadPolicy } from '../src/policy/policy-folder.ts';
import { type IdpChoice, policyOfBoth, tokensFor } from '../src/sandbox/idps.ts';
import { sandboxOutside } from '../src/sandbox/launch.ts';
import { sandboxPage } from '../src/sandbox/page/page.ts';
import { credentials, type Person } from '../src/sandbox/seed.ts';
import { type RunningWorld, startWorld } from '../src/sandbox/world.ts';
import type { GivenSecret } from '../src/secrets/secret.ts';
import { freePort } from '../src/store/postgres/free-port.ts';
import { unopenedDatabase } from './database.ts';
import { watchForLeaks } from './leaks.ts';

/** How to reach a sandbox world, as the environment would say it. */
function outsideOf(worldUrl: string, idp: IdpChoice, way: 'http' | 'socket' = 'http'): Outside {
  const outside = sandboxOutside(worldUrl, idp);
  if (way === 'http') return outside;
  const { botToken, apiUrl } = outside.slack;
  return { ...outside, slack: { botToken, apiUrl, appToken: credentials.slackAppToken } };
}

const READ_TOKEN = 'read-token-for-tests';

export type Stage = {
  world: RunningWorld;
  latchkey: Latchkey;
  databaseUrl: string;
  /** Ends Latchkey and starts another on the same database and port; in between, `meanwhile` happens. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
};

export type StageOptions = {
  redisUrl?: GivenSecret | null;
  redisCa?: string;
  /** Another way to the same database: through a proxy, say, or as another user. */
  through?: (databaseUrl: string) => GivenSecret | Promise<GivenSecret>;
  objectiveMs?: number;
  modelBudgetMs?: number;
  listenEveryMs?: number;
  way?: 'http' | 'socket';
  /** Settings in the place of the sandbox's, or what makes them of those. */
  outside?: Partial<Outside> | ((right: Outside) => Partial<Outside>);
  /** A policy of one's own, which Latchkey follows; without, the example, as it is at the start. */
  policyDir?: string;
  catalogue?: (catalogue: Catalogue) => Catalogue;
  /** Lets the canary fly; off without. */
  canary?: { everySeconds: number };
  /** Who is in the world; the seed's people unless told. */
  people?: readonly Person[];
  /** Whose groups give access; Okta's unless told. */
  idp?: IdpChoice;
  /** Serve the sandbox page too. */
  page?: boolean;
};

/** A whole world and a whole Latchkey on real HTTP and a database of their own. */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const fresh = await unopenedDatabase();
  const world = await startWorld({
    port: 0,
    stateFile: null,
    latchkey: null,
    ...(options.people === undefined ? {} : { people: options.people }),
    ...(options.page === true ? { page: sandboxPage } : {}),
  });
  const idp = options.idp ?? 'okta';
  const policy = options.policyDir ?? 'policy';
  const dir = idp === 'both' ? policyOfBoth(policy, await mkdtemp(join(tmpdir(), 'policy-'))) : policy;
  const { catalogue: loaded, rules } = await loadPolicy(dir);
  const { everySeconds } = options.canary ?? {};
  const canary =
    loaded.canary === null || everySeconds === undefined ? null : { ...loaded.canary, everySeconds };
  const catalogue = options.catalogue?.({ ...loaded, canary }) ?? { ...loaded, canary };
  const right = outsideOf(world.url, idp, options.way);
  const given = typeof options.outside === 'function' ? options.outside(right) : options.outside;
  const leaks = watchForLeaks(fresh.url, [READ_TOKEN]);
  const databaseUrl = (await options.through?.(fresh.url)) ?? fresh.url;
  const start = (port: number) =>
    startLatchkey({
      outside: { ...right, ...given },
      catalogue,
      rules,
      ...(options.policyDir === undefined ? {} : { policyDir: options.policyDir }),
      databaseUrl,
      redisUrl: options.redisUrl ?? null,
      ...(options.redisCa === undefined ? {} : { redisCa: options.redisCa }),
      port,
      publicUrl: null,
      readToken: READ_TOKEN,
      log: leaks.log,
      ...(options.objectiveMs === undefined ? {} : { objectiveMs: options.objectiveMs }),
      ...(options.modelBudgetMs === undefined ? {} : { modelBudgetMs: options.modelBudgetMs }),
      ...(options.listenEveryMs === undefined ? {} : { listenEveryMs: options.listenEveryMs }),
    });
  const stage: Stage = {
    world,
    // Not any: it is closed and listened on again.
    latchkey: await start(await freePort()),
    databaseUrl: fresh.url,
    async restart(meanwhile) {
      const { port } = new URL(stage.latchkey.url);
      await stage.latchkey.stop();
      await meanwhile?.();
      stage.latchkey = await start(Number(port));
    },
    async close() {
      await leaks.lookOutside({
        latchkeyUrl: stage.latchkey.url,
        worldUrl: world.url,
        readToken: READ_TOKEN,
      });
      await stage.latchkey.stop();
      await world.close();
      await leaks.lookIntoDatabase(fresh.url);
      await fresh.drop().catch(() => {});
      leaks.refuseLeaks();
    },
  };
  await fetch(`${world.url}/control/latchkey`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      url: stage.latchkey.url,
      ...(await tokensFor(stage.latchkey.context.db, idp)),
      readToken: READ_TOKEN,
    }),
  });
  return stage;
}
