import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newFolder } from '../../src/evidence/folder.ts';
import { makePack } from '../../src/evidence/pack.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { QUARTER } from '../evidence/quarter.ts';

/**
 * The part of Latchkey that makes a pack of evidence, alone in a process whose memory is its own. Prints one line of JSON.
 * `node evidence-process.ts <database>`
 */
const [databaseUrl] = process.argv.slice(2) as [string];
const database = await openDatabase(databaseUrl);
const path = await mkdtemp(join(tmpdir(), 'bench-evidence-'));
const began = performance.now();
const { manifest } = await makePack(
  database.db,
  await newFolder(path),
  { ...QUARTER, frameworks: ['soc2', 'iso27001'], sample: { size: 25, seed: 'bench' } },
  {
    tierOf: () => 'medium',
    known: [],
    entitlements: [],
    teams: [],
    idpName: () => 'Okta',
    madeBy: 'bench',
    tool: 'bench',
    signers: [],
  },
);
const ms = performance.now() - began;
const of = (list: string) => manifest.populations.find((one) => one.list === list);
const peakKb = Number(/VmHWM:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? 0);
console.log(
  JSON.stringify({
    ms,
    peakMb: peakKb / 1_024,
    grants: of('grants'),
    removals: of('removals'),
    events: of('membership-events'),
    teamEvents: of('team-events'),
    around: of('made-around-latchkey'),
    violations: of('violations'),
    holders: of('holders'),
    bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
  }),
);
await database.close();
await rm(path, { recursive: true });
