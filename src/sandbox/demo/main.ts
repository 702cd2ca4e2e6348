import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { readOptions, refuse } from '../../config/command-line.ts';
import { parseDuration } from '../../core/duration.ts';
import { createEnding } from '../../ending.ts';
import { reconcile } from '../../flow/drift/reconcile.ts';
import { startLatchkey } from '../../latchkey.ts';
import { loadPolicy } from '../../policy/policy-folder.ts';
import { startEmbeddedPostgres } from '../../store/postgres/embedded.ts';
import { throwAwayFolder } from '../../store/postgres/guard.ts';
import { idpChoices, policyOfBoth, tokensFor } from '../idps.ts';
import { sandboxOutside } from '../launch.ts';
import { credentials } from '../seed.ts';
import { createVisitor } from '../visitor.ts';
import { startWorld } from '../world.ts';
import { canaryJourney } from './canary.ts';
import { DELIVERY_OBJECTIVE_MS, deliveryCatalogue, deliveryJourneys, setUpDelivery } from './delivery.ts';
import { digestJourney } from './digest.ts';
import { driftJourney } from './drift.ts';
import { extensionJourney } from './extension.ts';
import { type Journey, journeys } from './journeys.ts';
import { leaverJourney } from './leaver.ts';
import { peopleCatalogue, peopleJourneys } from './people.ts';
import { reviewJourney } from './review.ts';
import { rotationJourney } from './rotation.ts';

/** So long a step is waited for that has no time of its own, also on a machine with other work. */
const PATIENCE_MS = 30_000;
/** Instead of the catalogue's five minutes. */
const CANARY_EVERY_SECONDS = 10;

/**
 * `npm run demo`: plays the journeys without a browser and proves each in the emulators' own state. Ends 0 only
 * when every one was proven. `-- --json` prints a line per step. With the name of one, as `-- leaver`, that one
 * alone.
 */
const { parts, ...values } = readOptions(
  {
    name: 'npm run demo',
    does: 'Plays the journeys without a browser and proves each in the emulators’ own state; ends 0 only when every one was proven.\nWith the name of one: that one alone.',
    options: {
      objective: 'for the canary’s: how long a change may take, so that an alarm takes less than minutes',
      idp: 'whose groups give access: okta, entra, or both, each for half of the catalogue',
      json: 'a line of JSON a step',
      'drop-push':
        'Anypoint answers success to a team write and loses it: the demo must raise the alarm and end 1',
      'drop-scim-push': 'the identity provider loses its SCIM pushes: the same',
    },
    parts: {
      canary: 'the sixty-second test, and the alarm when it is late',
      delivery: 'the three ways into Anypoint: by Latchkey, by the connector, at the next sign-in',
      drift: 'what is changed by hand, found and put to its owner',
      leaver: 'somebody leaves, with all that outlives an account',
      people: 'how people ask, decide and are helped on',
      rotation: 'every secret is changed while people ask and get access',
      review: 'a weekly digest, and an access review from its preview to its certificate',
    },
  },
  {
    objective: { type: 'string', default: '60s' },
    json: { type: 'boolean', default: false },
    idp: { type: 'string', default: 'okta' },
    'drop-push': { type: 'boolean', default: false },
    'drop-scim-push': { type: 'boolean', default: false },
  },
);
if (parts.length > 1) refuse('npm run demo: one journey at a time, or all of them with no name');

const idp =
  idpChoices.find((one) => one === values.idp) ?? refuse('npm run demo: --idp is okta, entra or both');
const [part] = parts;
const systems = idp === 'both' ? (['okta', 'entra'] as const) : ([idp] as const);
// A bare number is seconds.
const objectiveMs = (parseDuration(values.objective) ?? Number(values.objective)) * 1_000;
if (!(objectiveMs >= 1_000))
  refuse('npm run demo: --objective is a duration of at least a second, e.g. 5s or 1m');
const startedAt = performance.now();
const ending = createEnding({ say: (line) => process.stderr.write(`${line}\n`) });
const home = throwAwayFolder('demo');
ending.begun('its folder', async () => rmSync(home, { recursive: true, force: true }));
const postgres = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home });
ending.begun('PostgreSQL', () => postgres.stop());
const world = await startWorld({ port: 0, stateFile: null, latchkey: null });
ending.begun('the world', () => world.close());
const { catalogue: loaded, rules } = await loadPolicy(
  idp === 'both' ? policyOfBoth('policy', join(home, 'policy')) : 'policy',
);
if (part === 'delivery') await setUpDelivery(world.url);
let latchkeyUrl = '';
let told: Awaited<ReturnType<typeof tokensFor>> | Record<string, never> = {};
const elsewhere =
  part === 'rotation'
    ? await (await import('../secrets/elsewhere.ts')).secretsElsewhere({
        worldUrl: world.url,
        databaseUrl: postgres.url,
        latchkeyUrl: () => latchkeyUrl,
        idp,
        told: () => told,
      })
    : null;
if (elsewhere !== null) ending.begun('Secrets Manager', () => elsewhere.close());
const latchkey = await startLatchkey({
  outside: elsewhere?.config.outside ?? sandboxOutside(world.url, idp),
  ...(elsewhere === null ? {} : { secrets: elsewhere.book }),
  catalogue: catalogueFor(part, loaded),
  rules,
  objectiveMs: part === 'canary' ? objectiveMs : part === 'delivery' ? DELIVERY_OBJECTIVE_MS : 60_000,
  databaseUrl: elsewhere?.config.databaseUrl ?? postgres.url,
  redisUrl: null,
  port: 0,
  publicUrl: null,
  readToken: elsewhere?.config.readToken ?? credentials.readToken,
  log: pino({ level: 'silent' }),
});
latchkeyUrl = latchkey.url;
ending.begun('Latchkey', () => latchkey.stop(), 5_000);
const visitor = createVisitor(world.url, PATIENCE_MS, {
  systems,
  systemOf: (group) =>
    systems.find((one) => one === loaded.entitlements.find((e) => e.idpGroup === group)?.idp) ?? systems[0],
});
told = await tokensFor(latchkey.context.db, idp);
await visitor.request('PUT', '/control/latchkey', { url: latchkey.url, ...told });

if (values['drop-push'])
  await visitor.request('POST', '/control/faults', {
    vendor: 'anypoint',
    method: 'PUT',
    path: '/members/',
    kind: 'dropWrite',
  });
if (values['drop-scim-push']) await visitor.idp.losePushes();

const played = journeysOf(part);
let proven = 0;
await Promise.all(
  played.map(async (inTurn) => {
    for (const journey of inTurn) await play(journey);
  }),
);

const total = played.flat().length;
if (values.json) print({ journeys: total, proven });
else
  process.stdout.write(
    `\n${proven} of ${total} journeys proven in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s.\n`,
  );
await ending.now(proven === total ? 0 : 1);

/** Lists side by side; what stands in one is played one after the other. */
function journeysOf(name: typeof part): readonly (readonly Journey[])[] {
  const { context } = latchkey;
  if (elsewhere !== null) return [[rotationJourney(elsewhere, latchkey)]];
  switch (name) {
    case 'canary':
      return [[canaryJourney(latchkey.url, objectiveMs)]];
    case 'delivery':
      return deliveryJourneys(systems).map((journey) => [journey]);
    case 'drift':
      return [[driftJourney(() => reconcile(context))]];
    case 'leaver':
      return [[leaverJourney]];
    case 'review':
      return [[digestJourney, reviewJourney(context)]];
    case 'people':
      // Erik, whose list is the last, fills in one form at a time.
      return [
        ...peopleJourneys.slice(0, -1),
        [...(peopleJourneys.at(-1) ?? []), extensionJourney(context.db)],
      ];
    default:
      return journeys.map((journey) => [journey]);
  }
}

function catalogueFor(name: typeof part, catalogue: typeof loaded): typeof loaded {
  if (name === 'people') return peopleCatalogue(catalogue);
  if (name === 'delivery') return deliveryCatalogue(catalogue, systems);
  const canary = name === 'canary' ? catalogue.canary : null;
  return {
    ...catalogue,
    canary: canary === null ? null : { ...canary, everySeconds: CANARY_EVERY_SECONDS },
  };
}

async function play(journey: Journey): Promise<void> {
  const begunAt = performance.now();
  let lastAt = begunAt;
  const say = (step: string, extra: Record<string, unknown> = {}) => {
    const now = performance.now();
    if (values.json)
      print({
        journey: journey.name,
        step,
        atMs: Math.round(now - begunAt),
        tookMs: Math.round(now - lastAt),
        ...extra,
      });
    else
      process.stdout.write(
        `${((now - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${journey.name}: ${step}\n`,
      );
    lastAt = now;
  };
  try {
    await journey.run(visitor, say);
    proven += 1;
    say('PROVEN', { proven: true });
  } catch (error) {
    say(`NOT PROVEN: ${(error as Error).message}`, { proven: false });
  }
}

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
