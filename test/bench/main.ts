import { readOptions, refuse } from '../../src/config/command-line.ts';
import { createEnding } from '../../src/ending.ts';
import { type System, systems } from '../../src/sandbox/emulator.ts';
import { audit } from './audit.ts';
import { beforeAndAfter } from './before-after.ts';
import { campaign } from './campaign.ts';
import { digests } from './digests.ts';
import { evidence } from './evidence.ts';
import { type Figure, rounded, table } from './figure.ts';
import { firstSync } from './first-sync.ts';
import { freeText } from './free-text.ts';
import { growth } from './growth.ts';
import { leaverGone } from './leaver.ts';
import { manyMembers } from './many-members.ts';
import { page } from './page.ts';
import { parted } from './parted.ts';
import { policy } from './policy.ts';
import { reconcile } from './reconcile.ts';
import { road } from './road.ts';
import { middleOf } from './runs.ts';
import { scim } from './scim.ts';
import { soak } from './soak.ts';
import { storm } from './storm.ts';

type Bench = (
  say: (line: string) => void,
  isSmall: boolean,
  options: { system: System; minutes: number; rate: number; isOnRedis: boolean },
) => Promise<Figure[]>;

/**
 * `npm run bench [-- name] [--json] [--small] [--runs 3] [--before <commit>] [--idp entra] [--redis]`: measures, prints a table
 * or a line of JSON per figure.
 * `--small`: a twentieth of the first sync and of the storm, a fifth of the road, for a quick look; its figures say
 * little. `--idp`: whose groups give access on the road. `--redis`: the road with its queue on a Redis of its own.
 */
const benches = {
  policy,
  road,
  parted,
  scim,
  'many-members': manyMembers,
  reconcile,
  digests,
  'first-sync': firstSync,
  storm,
  leaver: (say) => leaverGone(say),
  'free-text': freeText,
  campaign,
  audit,
  page: (say, isSmall) => page(say, isSmall),
  evidence,
  growth,
  soak: (say, _isSmall, { minutes, rate }) => soak(say, { minutes, rate }),
} satisfies Record<string, Bench>;

// The way in which its children are begun ends them when this ends (program.ts, scene.ts).
createEnding({ say: (line) => process.stderr.write(`${line}\n`) });
const { parts, ...values } = readOptions(
  {
    name: 'npm run bench',
    does: 'Measures, and prints a table. With names: those alone.',
    options: {
      json: 'a line of JSON a figure',
      small:
        'a twentieth of the first sync and of the storm, a fifth of the road, for a quick look; its figures say little',
      runs: 'measures so often, and prints the median and the spread',
      before: 'measures an earlier commit too, by turns, and holds now against it',
      idp: 'whose groups give access on the road, okta or entra',
      redis: 'the road with its queue on a Redis, which is started for it',
      minutes: 'how long the soak takes, which is run by its name alone',
      rate: 'changes a second of the soak',
    },
    parts: {
      policy: 'what the rules cost',
      road: 'from request to seen, with Okta or Entra',
      parted: 'the road with one process that answers and two that work, beside one for all',
      scim: 'SCIM, beside a bare server and scimmy',
      'many-members': 'SCIM by the thousand in one request, beside a bare insert',
      reconcile: 'the comparison of a whole directory',
      digests: 'the weekly digests of 10,000 people',
      'first-sync': 'a whole company pushed at once',
      storm: 'many changes at once',
      leaver: 'somebody with fifty grants leaves',
      'free-text': 'a request in words of one’s own',
      campaign: 'an access review of 100,000 lines opened',
      audit: 'the audit sealed, verified and proven, beside a bare loop that hashes its rows',
      page: 'the web page with 1,000,000 audit entries and 200,000 grants',
      evidence: 'the pack of evidence of a quarter of 100,000 changes',
      growth: 'whole changes with 10,000 and with 1,000,000 live grants, audit entries and people',
      soak: 'ten changes a second for minutes, or --rate, with SCIM beside: whether anything grows',
    } satisfies Record<keyof typeof benches, string>,
  },
  {
    json: { type: 'boolean', default: false },
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    before: { type: 'string' },
    idp: { type: 'string', default: 'okta' },
    redis: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '10' },
  },
);
const system = systems.find((one) => one === values.idp);
if (system === undefined) refuse('npm run bench: --idp is okta or entra');
const minutes = Number(values.minutes);
if (!(minutes >= 1)) refuse('npm run bench: --minutes is a number from 1');
const rate = Number(values.rate);
if (!(rate > 0)) refuse('npm run bench: --rate is a number above 0');
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs >= 1)) refuse('npm run bench: --runs is a number from 1');
const names = (
  parts.length === 0 ? Object.keys(benches).filter((name) => name !== 'soak') : parts
) as (keyof typeof benches)[];
if (system !== 'okta' && names.some((name) => name !== 'road' && name !== 'parted'))
  refuse(`npm run bench: with --idp ${system} there are road and parted alone`);
if (values.redis && names.some((name) => name !== 'road' && name !== 'parted'))
  refuse('npm run bench: with --redis there are road and parted alone');
const say = (line: string) => process.stderr.write(`${line}\n`);
for (const name of names) {
  const figures = await figuresOf(name);
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

async function figuresOf(name: keyof typeof benches): Promise<Figure[]> {
  if (values.before !== undefined) {
    // What is as usual is left out: the earlier commit may not know the option.
    const args = [
      name,
      ...(values.small ? ['--small'] : []),
      ...(system === 'okta' ? [] : [`--idp=${system}`]),
      ...(values.redis ? ['--redis'] : []),
    ];
    return await beforeAndAfter(say, { before: values.before, runs, args });
  }
  const options = { system: system ?? 'okta', minutes, rate, isOnRedis: values.redis };
  const all: Figure[][] = [];
  for (let run = 1; run <= runs; run += 1) {
    if (runs > 1) say(`${name}: run ${run} of ${runs}`);
    all.push(await (benches[name] as Bench)(say, values.small, options));
  }
  return middleOf(all);
}
