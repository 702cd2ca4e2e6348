import { drained } from './ack.ts';
import { crowdPerson } from './crowd.ts';
import { type Figure, percentile } from './figure.ts';
import type { Scene } from './scene.ts';
import { abreast, type Traveller } from './traveller.ts';

/** Changes between click and effect at once; the next click comes when one of them is in effect. */
const WIDTH = 2;
const P50_MS = 20;
const P99_MS = 60;

/** From an approver's click leaving Slack, and from the decision's commit, to the IdP receiving the membership write. */
export async function decision(scene: Scene, traveller: Traveller, crowd: number): Promise<Figure[]> {
  const changes = new Map<string, { personId: string; clickedAt: number }>();
  const asked: string[] = [];
  const { idOf } = await scene.idp.open(scene);
  const since = Date.now();
  const people = Array.from({ length: crowd }, (_, n) => n);
  await abreast(people, 8, async (n) => {
    const id = await traveller.ask(n, 'orders-api-read');
    changes.set(id, { personId: idOf(crowdPerson(n)), clickedAt: 0 });
    asked.push(id);
  });
  await drained(scene);
  await abreast(asked, WIDTH, async (id) => {
    const change = changes.get(id);
    if (change !== undefined) change.clickedAt = Date.now();
    await traveller.approve(id);
    await traveller.arrives(id);
  });
  const adds = await scene.idp.addsSince(scene, since);
  const { rows } = await scene.db.query<{ change_id: string; at: Date }>(
    `select change_id, at from audit where type = 'changeApproved' and change_id = any($1::uuid[])`,
    [asked],
  );
  const committedAt = new Map(rows.map((row) => [row.change_id, row.at.getTime()]));
  const fromClick: number[] = [];
  const fromDecision: number[] = [];
  for (const [id, { personId, clickedAt }] of changes) {
    const at = adds.find((add) => add.at >= clickedAt && add.personId === personId)?.at;
    if (at === undefined) throw new Error(`no write for change ${id}`);
    fromClick.push(at - clickedAt);
    fromDecision.push(at - (committedAt.get(id) ?? Number.NaN));
  }
  await drained(scene);
  return [
    figure('decision click to IdP call p50 (ms)', percentile(fromClick, 0.5), P50_MS),
    figure('decision click to IdP call p99 (ms)', percentile(fromClick, 0.99), P99_MS),
    figure('decision recorded to IdP call p50 (ms)', percentile(fromDecision, 0.5), P50_MS),
    figure('decision recorded to IdP call p99 (ms)', percentile(fromDecision, 0.99), P99_MS),
  ];
}

function figure(metric: string, value: number, mostMs: number): Figure {
  return {
    bench: 'road',
    metric,
    value,
    baseline: null,
    baselineValue: null,
    ratio: null,
    target: `< ${mostMs}`,
    holds: value < mostMs,
  };
}
