import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { JWK } from 'jose';
import { sign, verify } from '../audit/sign.ts';
import { versionInWords } from '../config/command-line.ts';
import { type Framework, frameworks } from '../core/evidence/controls.ts';
import { utc } from '../core/evidence/words.ts';
import { newFolder } from '../evidence/folder.ts';
import { type MadePack, makePack } from '../evidence/pack.ts';
import type { PackParts, PackPlan } from '../evidence/plan.ts';
import { checkPack } from '../evidence/verify-pack.ts';
import { commit } from '../flow/kernel/commit.ts';
import { idpVendors } from '../idp/vendors.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Db } from '../store/postgres/database.ts';
import type { ReviewTools } from './review-named.ts';
import { day } from './review-options.ts';
import { knownGroups } from './who-command.ts';

type Given = {
  from?: Date;
  to?: Date;
  controls: Framework[];
  sample: number;
  seed?: string;
  out?: string;
  by?: string;
};

/** The media type of a signed manifest. */
const TYPE = 'latchkey-evidence+jws';
const DAY_MS = 86_400_000;

/** `latchkey evidence`: what an auditor asks for, as a folder of files; and whether one is as it was made. */
export function evidenceCommand(program: Command, tools: ReviewTools): void {
  const { withDatabase, catalogue, say, fail } = tools;
  const evidence = program
    .command('evidence')
    .description(
      'a pack of evidence for an auditor: a page to read and print, lists as CSV and JSON, a signed manifest',
    )
    .option('--from <day>', 'the first day of the period, in UTC', day)
    .option('--to <day>', 'its last day, in UTC', day)
    .option('--controls <which>', 'soc2, iso27001 or both, with a comma between', asControls, [...frameworks])
    .option('--sample <n>', 'how many of each population are told whole', sampleSize, 25)
    .option('--seed <word>', 'draws the same sample again; without, a new one')
    .option('--out <folder>', 'where it is written: a new folder, or an empty one')
    .option('--by <name>', 'who makes it; without, the user of this machine')
    .action(async (given: Given) => {
      const { from, to } = given;
      if (from === undefined || to === undefined || from > to) {
        say('say for which period: --from 2026-01-01 --to 2026-03-31, the last day with it');
        return fail();
      }
      const { entitlements } = await catalogue();
      const tiers = new Map<string, string>(entitlements.map(({ key, tier }) => [key, tier]));
      const plan: PackPlan = {
        from,
        to: new Date(to.getTime() + DAY_MS),
        frameworks: given.controls,
        sample: { size: given.sample, seed: given.seed ?? randomBytes(8).toString('hex') },
      };
      await withDatabase(async (db) => {
        if (from > (await databaseNow(db))) {
          say('nothing of that period has happened yet');
          return fail();
        }
        const parts = {
          tierOf: (key: string) => tiers.get(key) ?? null,
          known: knownGroups({ entitlements }),
          idpName,
          madeBy: given.by ?? userInfo().username,
          tool: versionInWords(),
          sign: (document: string) => sign(db, TYPE, document),
        };
        await made(db, given.out ?? `evidence-${day10(from)}-${day10(to)}`, { plan, parts, say });
      });
    });
  verifyCommand(evidence, tools);
}

async function made(
  db: Db,
  out: string,
  { plan, parts, say }: { plan: PackPlan; parts: PackParts; say(line: string): void },
): Promise<void> {
  const pack = await makePack(db, await newFolder(out), plan, parts);
  // Whoever takes data out of the record is in the record.
  await commit(db, async ({ now }) => ({
    result: null,
    notes: [
      {
        type: 'evidenceMade',
        at: now,
        actor: { part: `operator ${parts.madeBy}` },
        changeId: null,
        data: { ...pack.manifest.period, sha256: pack.manifestSha256, sample: plan.sample },
      },
    ],
  }));
  for (const line of inWords(out, pack)) say(line);
}

function inWords(out: string, { manifest, manifestSha256, signedWith }: MadePack): string[] {
  const { populations, sample } = manifest;
  return [
    ...populations.map(({ list, written }) => `${String(written).padStart(8)}  ${list}`),
    `sample of ${sample.size} each, drawn with --seed ${sample.seed}`,
    `${out}/index.html is the page; manifest.json has sha256 ${manifestSha256}`,
    signedWith === null ? 'It is not signed.' : `Signed with the key ${signedWith}.`,
  ];
}

function verifyCommand(evidence: Command, { withDatabase, say, fail }: ReviewTools): void {
  evidence
    .command('verify')
    .description('whether a pack is as it was made: every file, and the signature')
    .argument('<folder>')
    .option('--key <file>', 'the public key as a JWK, known from elsewhere: then no database is asked')
    .action(async (folder: string, { key }: { key?: string }) => {
      const { mistakes, manifest, document, jws } = await checkPack(folder);
      const wrong = [...mistakes];
      let kid: string | null = null;
      const checked = async (db: Db | null, jwk: JWK | null) => {
        if (jws === null) return;
        const signed = await verify(db as Db, jws, jwk);
        if (!signed.isRight) wrong.push(signed.why);
        else if (signed.document !== document) wrong.push('the signature is of another manifest');
        else kid = signed.kid;
      };
      if (key === undefined) await withDatabase((db) => checked(db, null));
      else await checked(null, JSON.parse(await readFile(key, 'utf8')) as JWK);
      for (const why of wrong) say(`NOT RIGHT: ${why}`);
      if (wrong.length > 0 || manifest === null) return fail();
      say(
        `right: ${manifest.files.length} files, ${manifest.period.from} to ${manifest.period.to}, made ${utc(new Date(manifest.madeAt))} by ${manifest.madeBy}, ${kid === null ? 'not signed' : `signed with ${kid}`}`,
      );
    });
}

function idpName(system: string | null): string {
  return idpVendors.find((vendor) => vendor.system === system)?.name ?? 'the identity provider';
}

function day10(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function asControls(text: string): Framework[] {
  const asked = text.split(',').map((one) => one.trim());
  const known = frameworks.filter((one) => asked.includes(one));
  if (known.length !== asked.length) throw new InvalidArgumentError(`of ${frameworks.join(', ')}.`);
  return known;
}

function sampleSize(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('a whole number, up to 9999.');
  return Number(text);
}
