import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { EntitlementKey } from '../../src/core/ids.ts';
import type { Catalogue, Entitlement } from '../../src/core/policy/catalogue.ts';
import { createCatalogueBook } from '../../src/flow/catalogue/catalogue-status.ts';
import { takeBaseline } from '../../src/flow/drift/baseline.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { idpsOf } from '../../src/flow/idps/idps.ts';
import type { Context } from '../../src/flow/kernel/context.ts';
import { createOkta } from '../../src/idp/okta/okta.ts';
import { createAnypoint } from '../../src/mulesoft/anypoint.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { openLocks } from '../../src/store/postgres/locks.ts';
import { groupName, teamName } from './reconcile-crowd.ts';

/**
 * The part of Latchkey that reconciles, alone in a process whose memory is its own. `baseline` takes the first look at
 * every group, `comparison` runs once. Prints one line of JSON.
 * `node reconcile-process.ts <database> <world> <baseline|comparison> <groups>`
 */
const [databaseUrl, worldUrl, what, groups] = process.argv.slice(2) as [string, string, string, string];

const policy = await loadPolicy(fileURLToPath(new URL('../../policy', import.meta.url)));
const [template] = policy.catalogue.entitlements as [Entitlement];
const entitlements = Array.from(
  { length: Number(groups) },
  (_, g): Entitlement => ({
    ...template,
    key: `bench-${g}` as EntitlementKey,
    team: teamName(g),
    idpGroup: groupName(g),
    finding: 'ask',
    birthright: null,
  }),
);
const catalogue: Catalogue = { ...policy.catalogue, canary: null, entitlements };

const database = await openDatabase(databaseUrl);
const locks = openLocks(databaseUrl);
const log = pino({ level: 'warn' }, process.stderr);
const idp = createOkta({ orgUrl: worldUrl, auth: { token: 'bench' } });
const mulesoft = createAnypoint({ url: worldUrl, orgId: 'bench', clientId: 'bench', clientSecret: 'bench' });
const pausedUntil: Context['pausedUntil'] = new Map();
const book = createCatalogueBook(
  { catalogue, rules: policy.rules },
  { idps: idpsOf(idp), mulesoft, log },
  (target) => takeBaseline({ db: database.db, idp, locks, pausedUntil, log }, target),
);
const startedAt = performance.now();
await book.check();
const checkedAt = performance.now();
const context = {
  db: database.db,
  locks,
  idps: idpsOf(idp),
  mulesoft,
  catalogue: book,
  pausedUntil,
  nudge: () => {},
  log,
} as unknown as Context;
const evidence = what === 'everything' ? await reconcile(context) : null;
process.stdout.write(
  `${JSON.stringify({
    ms: what === 'everything' ? performance.now() - checkedAt : checkedAt - startedAt,
    peakMb: process.resourceUsage().maxRSS / 1_024,
    evidence,
  })}\n`,
);
await locks.close();
await database.close();
