import { drained } from './ack.ts';
import type { Figure } from './figure.ts';
import type { Scene } from './scene.ts';
import { abreast, type Traveller } from './traveller.ts';

const CHANGES = 200;
const WIDTH = 16;

export async function whole(
  scene: Scene,
  traveller: Traveller,
  say: (line: string) => void,
): Promise<Figure[]> {
  await scene.world('DELETE', '/control/requests');
  const startedAt = performance.now();
  let arrived = 0;
  await abreast(
    Array.from({ length: CHANGES }, (_, n) => n),
    WIDTH,
    async (n) => {
      const id = await traveller.ask(n, 'orders-api-deploy');
      await traveller.approve(id, 'tom');
      await traveller.approve(id, 'olga');
      if ((await traveller.arrives(id)) === 'inEffect') arrived++;
    },
  );
  const rate = (CHANGES * 1_000) / (performance.now() - startedAt);
  await drained(scene);
  const seen = await scene.world<{ vendor: string; method: string; path: string }[]>(
    'GET',
    '/control/requests',
  );
  const kinds: Record<string, number> = {};
  for (const r of seen) {
    const k = `${r.vendor} ${r.method} ${r.path.replace(/00u\w+|00g\w+|[0-9a-f]{8}-[0-9a-f-]{27}|[^/]+@[^/]+/g, '*').replace(/%40/, '@')}`;
    kinds[k] = (kinds[k] ?? 0) + 1;
  }
  for (const [k, n] of Object.entries(kinds).sort((a, b) => b[1] - a[1])) say(`${k} ${n / CHANGES}`);
  return [
    {
      bench: 'road',
      metric: 'whole changes per second',
      value: rate,
      baseline: null,
      baselineValue: null,
      ratio: null,
      target: '',
      holds: arrived === CHANGES,
    },
  ];
}
