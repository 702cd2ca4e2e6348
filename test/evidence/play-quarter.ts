import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readOptions, refuse } from '../../src/config/command-line.ts';
import { playQuarter } from './played/played-quarter.ts';
import { FAKETIME_MISSING, faketime } from './played/put-forward-clock.ts';

/** Leaves the pack of a played quarter in a folder, for somebody who plays the auditor: docs/contributing.md. */
const { out, days } = readOptions(
  {
    name: 'node test/evidence/play-quarter.ts',
    does: 'Plays a quarter with Latchkey and the sandbox’s world, which takes some minutes, and leaves its pack of evidence\nin a folder, with the key to check it by beside it.',
    options: { out: 'a new folder', days: 'how many days of it; all that is planted is in the first thirty' },
  },
  { out: { type: 'string', default: 'played-quarter' }, days: { type: 'string', default: '30' } },
);
if (faketime === null) refuse(FAKETIME_MISSING);
const folder = resolve(out);
mkdirSync(folder, { recursive: true });
const quarter = await playQuarter(join(folder, 'pack'), { days: Number(days) });
writeFileSync(join(folder, 'verifier-key.txt'), `${quarter.world.vkey}\n`);
writeFileSync(join(folder, 'planted.json'), `${JSON.stringify(quarter.planted, null, 2)}\n`);
await quarter.world.close();
process.stdout.write(`${quarter.said}\n${folder}\n`);
