import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Acting } from './acting.ts';
import type { Scene } from './scene.ts';

/** An operator records that somebody agreed today to the policy that is in force. */
export async function agreedTo(
  { query, latchkey }: Pick<Acting, 'query' | 'latchkey'>,
  by: string,
  where: string,
): Promise<void> {
  const [policy] = await query<{ fingerprint: string; today: string }>(
    `select fingerprint, (clock_timestamp() at time zone 'UTC')::date::text as today from policies order by loaded_at desc limit 1`,
  );
  const { fingerprint = '', today = '' } = policy ?? {};
  await latchkey('policy', 'agreed', fingerprint, '--by', by, '--on', today, '--where', where);
}

function rewrite(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not say: ${from}`);
  writeFileSync(file, text.replace(from, to));
}

/** Nobody is given access for seconds any more; the security officer has agreed to that. */
const changed: Scene = {
  day: 19,
  hour: 15,
  async play(acting) {
    const { policyDir, letPassHours, query, visitor } = acting;
    const before = await query('select 1 from policies');
    rewrite(join(policyDir, 'catalogue.yaml'), 'offered: [10s, 1h, 8h, 1d, 7d]', 'offered: [1h, 8h, 1d, 7d]');
    rewrite(
      join(policyDir, 'policy.md'),
      'Nobody holds more than the work at hand needs.',
      'Nobody holds more than the work at hand needs, nor for less than an hour.',
    );
    // It is in force for an hour before anybody agrees to it.
    await visitor.until(
      'the changed policy in force',
      async () => (await query('select 1 from policies'))[before.length],
    );
    await letPassHours(1);
    await agreedTo(acting, 'sofia@acme.example', 'pull request 118 of the policy');
  },
};

export const policyScenes: readonly Scene[] = [changed];
