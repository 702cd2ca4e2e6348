import { parseArgs } from 'node:util';
import { type Figure, rounded, table } from './figure.ts';
import { firstSync } from './first-sync.ts';
import { freeText } from './free-text.ts';
import { policy } from './policy.ts';
import { reconcile } from './reconcile.ts';
import { road } from './road.ts';
import { scim } from './scim.ts';
import { storm } from './storm.ts';

/**
 * `npm run bench [-- name] [--json] [--small]`: measures, prints a table or a line of JSON per figure. `--small`: a
 * twentieth of the first sync and of the storm, for a quick look; its figures say little.
 */
const benches: Record<string, (say: (line: string) => void, isSmall: boolean) => Promise<Figure[]>> = {
  policy,
  road,
  scim,
  reconcile,
  'first-sync': firstSync,
  storm,
  'free-text': freeText,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, small: { type: 'boolean', default: false } },
});
const names = positionals.length === 0 ? Object.keys(benches) : positionals;
const unknown = names.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`No bench ${unknown.join(', ')}; there is: ${Object.keys(benches).join(', ')}\n`);
  process.exit(1);
}
for (const name of names) {
  const figures = (await benches[name]?.((line) => process.stderr.write(`${line}\n`), values.small)) ?? [];
  if (!values.json) process.stdout.write(`\n${name}\n${table(figures)}\n`);
  else
    for (const f of figures)
      process.stdout.write(
        `${JSON.stringify({
          ...f,
          value: rounded(f.value),
          baselineValue: f.baselineValue === null ? null : rounded(f.baselineValue),
          ratio: f.ratio === null ? null : rounded(f.ratio),
        })}\n`,
      );
}
