import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * `node test/bench/flame-graph.ts road.cpuprofile road.svg`: draws a CPU profile as a flame graph, the outermost call at
 * the top. A call is as wide as its share of the time in which the processor was used.
 */

type Profile = {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
    children?: number[];
  }[];
  samples: number[];
  timeDeltas: number[];
};
type Frame = { name: string; place: string; ms: number; inner: Frame[] };

const WIDTH = 1_200;
const ROW = 17;
const HEAD = 40;
/** Narrower ones are left out, in pixels. */
const LEAST = 1.2;
/** A letter's width, in pixels. */
const LETTER = 6.3;

/** Whose code it is, and the colour of that. */
const owners: [RegExp, string, string][] = [
  [/node_modules\/(pg|pg-.*|kysely|dataloader)\//, 'pg, Kysely', '#7fb2e5'],
  [/node_modules\/bullmq\//, 'BullMQ', '#c9a2e0'],
  [
    /node_modules\/(undici|@slack|fastify|axios|follow-redirects)|node:internal\/deps\/undici/,
    'HTTP',
    '#8fd0b8',
  ],
  [/node_modules\//, 'other packages', '#cfcfcf'],
  [/\/src\/store\//, 'src/store', '#4a90d9'],
  [/\/src\//, 'the rest of src', '#f2a65a'],
  [/^node:/, 'Node', '#e3dcc3'],
  [/^$/, 'V8: garbage, own', '#e88f8f'],
];
const [, , OTHER] = owners.at(-1) as [RegExp, string, string];

function read(file: string): Frame {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const own = new Map<number, number>();
  for (const [at, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0) / 1_000);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  function frameOf(id: number): Frame | null {
    const node = byId.get(id);
    if (node === undefined || node.callFrame.functionName === '(idle)') return null;
    const inner = merged((node.children ?? []).flatMap((child) => frameOf(child) ?? []));
    const { functionName, url, lineNumber } = node.callFrame;
    return {
      name: functionName === '' ? '(without a name)' : functionName,
      place: url === '' ? '' : `${url.replace(/^file:\/\//, '')}:${lineNumber + 1}`,
      ms: (own.get(id) ?? 0) + inner.reduce((sum, one) => sum + one.ms, 0),
      inner,
    };
  }
  return frameOf(nodes[0]?.id ?? 0) as Frame;
}

/** The same function called from the same place stands once. */
function merged(frames: readonly Frame[]): Frame[] {
  return [...Map.groupBy(frames, ({ name, place }) => `${name} ${place}`).values()]
    .map(([first, ...others]) => ({
      ...(first as Frame),
      ms: others.reduce((sum, one) => sum + one.ms, first?.ms ?? 0),
      inner:
        others.length === 0
          ? (first?.inner ?? [])
          : merged([first as Frame, ...others].flatMap((one) => one.inner)),
    }))
    .sort((a, b) => b.ms - a.ms);
}

function draw(root: Frame, title: string): string {
  const perMs = WIDTH / root.ms;
  const boxes: string[] = [];
  let deepest = 0;
  function put(frame: Frame, left: number, depth: number): void {
    const width = frame.ms * perMs;
    if (width < LEAST) return;
    deepest = Math.max(deepest, depth);
    const fill = owners.find(([its]) => its.test(frame.place))?.[2] ?? OTHER;
    const share = ((100 * frame.ms) / root.ms).toFixed(1);
    const letters = Math.floor((width - 4) / LETTER);
    const label = letters < 3 ? '' : frame.name.slice(0, letters);
    const y = HEAD + depth * ROW;
    boxes.push(
      `<g><title>${escaped(`${frame.name} ${placeOf(frame)} ${share} %`)}</title>` +
        `<rect x="${left.toFixed(1)}" y="${y}" width="${Math.max(0.5, width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${fill}"/>` +
        (label === '' ? '' : `<text x="${(left + 2).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`) +
        '</g>',
    );
    let at = left;
    for (const one of frame.inner) {
      put(one, at, depth + 1);
      at += one.ms * perMs;
    }
  }
  let at = 0;
  for (const one of root.inner) {
    put(one, at, 0);
    at += one.ms * perMs;
  }
  const height = HEAD + (deepest + 1) * ROW + 10;
  const key = owners
    .map(
      ([, name, fill], n) =>
        `<rect x="${n * 150}" y="20" width="12" height="12" fill="${fill}"/><text x="${n * 150 + 16}" y="30">${escaped(name)}</text>`,
    )
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10.5">
<rect width="${WIDTH}" height="${height}" fill="#fff"/><text x="0" y="12">${escaped(title)}</text>${key}
${boxes.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Without what stands before the project's own folders. */
function placeOf({ place }: Frame): string {
  return place.replace(/^.*\/(node_modules|src|test)\//, '$1/');
}

const [from = '', to = ''] = process.argv.slice(2);
writeFileSync(to, draw(read(from), `${basename(from, '.cpuprofile')}: where the processor's time goes`));
