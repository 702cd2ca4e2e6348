import { setTimeout as sleep } from 'node:timers/promises';
import type { EntitlementKey } from '../../src/core/ids.ts';
import { isRefusal } from '../../src/core/refusal.ts';
import { type CampaignPlan, everything } from '../../src/core/review/campaign.ts';
import { byOperator, openCampaign, startCampaign } from '../../src/flow/review/open.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { readCampaign } from '../../src/store/reviews.ts';
import { absolute, type Figure } from './figure.ts';
import { peakMb } from './program.ts';
import { type Scene, setScene } from './scene.ts';

const WHOLE = 100_000;
const SMALL = 5_000;
/** People hold so many each. */
const EACH = 10;
const OPENED_WITHIN_S = 60;
/** What 100,000 lines may add to what Latchkey takes at rest. */
const WITHIN_MB = 150;
/** A message of Slack's holds 50 blocks, a text 3,000 characters (Block Kit reference). */
const BLOCKS_MAX = 50;
const PATIENCE_MS = 600_000;

/**
 * A campaign of 100,000 lines, each membership there before Latchkey, as in the first review. Measured: from the
 * command to the preview, and from the start until every reviewer has their message. Latchkey runs in a process of its
 * own.
 */
export async function campaign(say: (line: string) => void, isSmall: boolean): Promise<Figure[]> {
  const count = isSmall ? SMALL : WHOLE;
  const scene = await setScene();
  const database = await openDatabase(scene.databaseUrl);
  try {
    const pid = await scene.latchkeyPid();
    say(`${count} memberships are made…`);
    await crowd(scene, count);
    const restMb = await peakMb(pid);
    say('the campaign is prepared…');
    const began = performance.now();
    const id = await openCampaign(database, planOf(), byOperator);
    const prepared = await until(database, id, (state) => state === 'ready');
    const preparedS = (performance.now() - began) / 1_000;
    const startedAt = performance.now();
    const started = await startCampaign(database, id, byOperator);
    if (isRefusal(started)) throw new Error(started.text);
    const told = await everybodyTold(scene, id);
    const startedS = (performance.now() - startedAt) / 1_000;
    const peak = await peakMb(pid);
    const figure = absolute('campaign');
    const lines = prepared?.prepared?.lines ?? 0;
    const openedS = preparedS + startedS;
    return [
      // And a line for the rule that gives one of them to whole departments.
      figure('lines', lines, `${count + 1}`, lines === count + 1),
      figure(
        'reviewers told, each once',
        told.reviewers,
        `${told.messages} messages`,
        told.messages === told.reviewers,
      ),
      figure('prepared, s', preparedS, '', true),
      figure('started until everybody is told, s', startedS, '', true),
      figure('opened, s', openedS, `under ${OPENED_WITHIN_S}`, openedS < OPENED_WITHIN_S),
      figure('more memory at most, MB', peak - restMb, `under ${WITHIN_MB}`, peak - restMb < WITHIN_MB),
      figure(
        'blocks of the largest message',
        told.blocks,
        `at most ${BLOCKS_MAX}`,
        told.blocks <= BLOCKS_MAX,
      ),
    ];
  } finally {
    await database.close();
    await scene.close();
  }
}

function planOf(): CampaignPlan {
  return {
    name: 'Bench',
    scope: { ...everything, entitlements: KEYS.map((key) => key as EntitlementKey) },
    reviewers: 'manager',
    fallback: [],
    dueSeconds: 14 * 86_400,
    overdue: 'escalate',
    extendSeconds: 7 * 86_400,
  };
}

const KEYS = [
  'orders-api-read',
  'orders-api-deploy',
  'payments-api-read',
  'platform-admin',
  'dashboards-view',
];

/**
 * People with managers among the seed's, each in the groups of the catalogue, and a comparison that is carried to its
 * end.
 */
async function crowd(scene: Scene, count: number): Promise<void> {
  const people = Math.ceil(count / Math.min(EACH, KEYS.length));
  await scene.db.query(
    `insert into people (id, email, login, name, status, title, department, manager)
     select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'bench' || n || '@acme.example', 'bench' || n || '@acme.example',
       'Bench ' || n, 'active', 'Engineer', 'Orders', (array['tom@acme.example', 'sofia@acme.example', 'olga@acme.example'])[1 + n % 3]
     from generate_series(1, $1::int) n`,
    [people],
  );
  await scene.db.query(
    `insert into person_links (system, external_id, person_id)
     select 'okta', 'bench' || n, ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid from generate_series(1, $1::int) n`,
    [people],
  );
  // The groups as Latchkey found them: by their names, for the catalogue's are known by their ids in Okta alone.
  const groups = await scene.world<{ id: string; name: string }[]>('GET', '/okta/sim/groups');
  const ids = groups.filter(({ name }) =>
    /^anypoint-(orders-read|orders-deploy|payments-read|platform-admin|dashboards)$/.test(name),
  );
  if (ids.length !== KEYS.length) throw new Error(`Okta has ${ids.length} of the groups`);
  await scene.db.query(`delete from baseline_members`);
  await scene.db.query(
    `insert into baseline_members (person_id, group_id, group_name, recorded_at)
     select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, g.id, g.name, now() - interval '200 days'
     from generate_series(1, $1::int) n, unnest($2::text[], $3::text[]) as g (id, name) limit $4::int`,
    [people, ids.map(({ id }) => id), ids.map(({ name }) => name), count],
  );
  await scene.db.query(
    `insert into reconcile_runs (cause, started_at, finished_at, found) values ('everything', now(), now(), '{"allAgree": true}')`,
  );
}

async function until(database: Database, id: string, fits: (state: string) => boolean) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) {
    const found = await readCampaign(database.db, id);
    if (found !== null && fits(found.state)) return found;
  }
  throw new Error('the campaign is not prepared');
}

/** Waits until nothing is owed; looks how many messages there are, and how large the largest is. */
async function everybodyTold(
  scene: Scene,
  id: string,
): Promise<{ reviewers: number; messages: number; blocks: number }> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(25)) {
    const { rows } = await scene.db.query(
      `select count(*)::int as reviewers, count(m.ts)::int as messages from campaign_reviewers r
       left join messages m on m.about_id = r.id and m.key = 'card' where r.campaign_id = $1`,
      [id],
    );
    if (rows[0].reviewers > rows[0].messages) continue;
    let blocks = 0;
    for (const as of ['tom', 'sofia', 'olga']) {
      const { channels } = await scene.world<{ channels: { messages: { blocks: unknown[] }[] }[] }>(
        'GET',
        `/slack/sim/workspace?as=${as}`,
      );
      for (const message of channels.flatMap((channel) => channel.messages))
        blocks = Math.max(blocks, message.blocks.length);
    }
    return { ...rows[0], blocks };
  }
  throw new Error('not everybody is told');
}
