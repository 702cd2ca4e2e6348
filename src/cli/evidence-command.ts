import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { createCheckpoints } from '../audit/checkpoints.ts';
import type { LogKeys } from '../audit/log-keys.ts';
import { readVerifier, type Verifier } from '../audit/note.ts';
import { sealAll } from '../audit/seal.ts';
import { versionInWords } from '../config/command-line.ts';
import { type Framework, frameworks } from '../core/evidence/controls.ts';
import { utc } from '../core/evidence/words.ts';
import { newFolder } from '../evidence/folder.ts';
import { type MadePack, makePack } from '../evidence/pack.ts';
import type { PackParts, PackPlan } from '../evidence/plan.ts';
import { checkPack } from '../evidence/verify-pack.ts';
import { commit } from '../flow/kernel/commit.ts';
import { idpVendors } from '../idp/vendors.ts';
import { knownGroups } from '../store/evidence/reach.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Db } from '../store/postgres/database.ts';
import type { VantaSettings } from '../vanta/vanta.ts';
import { NO_VANTA, uploadCommand, uploaded } from './evidence-upload.ts';
import { signatureInWords } from './evidence-words.ts';
import type { ReviewTools } from './review-named.ts';
import { day } from './review-options.ts';

type Given = {
  from?: Date;
  to?: Date;
  controls: Framework[];
  sample: number;
  seed?: string;
  out?: string;
  by?: string;
  vanta?: true;
  draft?: true;
};

/** Of what the audit holds and nobody has sealed yet: a running Latchkey seals it within seconds. */
const SEALING_MS = 60_000;
const DAY_MS = 86_400_000;

/** `keys`: those of the audit, which sign a pack too. `vanta`: where one is uploaded; null: nowhere. */
export type EvidenceTools = ReviewTools & {
  keys(): Promise<LogKeys>;
  vanta(): Promise<VantaSettings | null>;
};

/** `latchkey evidence`: what an auditor asks for, as a folder of files; and whether one is as it was made. */
export function evidenceCommand(program: Command, tools: EvidenceTools): void {
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
    .option('--vanta', 'put it into its documents in Vanta, too, and submit them')
    .option('--draft', 'with --vanta: leave the documents drafts')
    .action((given: Given) => make(given, tools));
  verifyCommand(evidence, tools);
  uploadCommand(evidence, tools);
}

async function make(given: Given, tools: EvidenceTools): Promise<void> {
  const { withDatabase, catalogue, keys, say, fail } = tools;
  const { from, to } = given;
  if (from === undefined || to === undefined || from > to) {
    say('say for which period: --from 2026-01-01 --to 2026-03-31, the last day with it');
    return fail();
  }
  if (given.draft === true && given.vanta !== true) {
    say('--draft is about an upload: say --vanta too');
    return fail();
  }
  const vanta = given.vanta === true ? await tools.vanta() : null;
  if (given.vanta === true && vanta === null) {
    say(NO_VANTA);
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
  const logKeys = await keys();
  await withDatabase(async (db) => {
    if (from > (await databaseNow(db))) {
      say('nothing of that period has happened yet');
      return fail();
    }
    const refused = await coveredByCheckpoint(db, logKeys);
    if (refused !== null) {
      say(`The audit is not as it was sealed: ${refused}. No pack is made of it; run audit verify.`);
      return fail();
    }
    const parts = {
      tierOf: (key: string) => tiers.get(key) ?? null,
      known: knownGroups({ entitlements }),
      entitlements,
      teams: entitlements.map(({ team }) => team),
      idpName,
      madeBy: given.by ?? userInfo().username,
      tool: versionInWords(),
      signers: logKeys.signers,
    };
    const out = given.out ?? `evidence-${day10(from)}-${day10(to)}`;
    await made(db, out, { plan, parts, say });
    const upload = { isDraft: given.draft === true, by: parts.madeBy };
    if (vanta !== null && !(await uploaded(db, out, { settings: vanta, ...upload }, tools))) fail();
  });
}

/**
 * Seals what is not sealed yet, and signs that, so that each entry of a sample can be proven. Null: it is done, or there
 * is no key to sign with; else why a checkpoint was refused.
 */
async function coveredByCheckpoint(db: Db, keys: LogKeys): Promise<string | null> {
  if (keys.signers.length === 0) return null;
  await sealAll(db, SEALING_MS);
  const done = await createCheckpoints(() => keys)(db);
  return 'refused' in done ? done.refused : null;
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
        data: {
          ...pack.manifest.period,
          sha256: pack.manifestSha256,
          sample: plan.sample,
          rows: Object.fromEntries(pack.manifest.populations.map(({ list, written }) => [list, written])),
        },
      },
    ],
  }));
  for (const line of inWords(out, pack)) say(line);
}

function inWords(out: string, { manifest, manifestSha256, signedWith }: MadePack): string[] {
  const { populations, sample, limits } = manifest;
  return [
    ...populations.map(({ list, written }) => `${String(written).padStart(8)}  ${list}`),
    ...limits.map((one) => `It can’t show all: ${one}`),
    `sample of ${sample.size} each, drawn with --seed ${sample.seed}`,
    `${out}/index.html is the page; manifest.json has sha256 ${manifestSha256}`,
    signedWith.length === 0
      ? 'It is NOT SIGNED: set AUDIT_SIGNING_KEY (audit key makes one), and make it again.'
      : `Signed. Whoever checks it needs the verifier key, from elsewhere than the pack: ${signedWith.join(' ')}`,
  ];
}

function verifyCommand(evidence: Command, { keys, say, fail }: EvidenceTools): void {
  evidence
    .command('verify')
    .description(
      'whether a pack is as it was made: every file, the signature, and every proof; asks no database',
    )
    .argument('<folder>')
    .option('--key <vkey>', 'a verifier key whose signature counts; may be given again', asKey, [])
    .action(async (folder: string, { key }: { key: Verifier[] }) => {
      const verifiers = [...key, ...(await keys()).verifiers];
      const pack = await checkPack(folder, verifiers);
      const wrong = [...pack.mistakes.map((one) => `NOT RIGHT: ${one}`), ...signatureInWords(pack)];
      for (const why of wrong) say(why);
      if (wrong.length > 0 || pack.manifest === null) return fail();
      const { manifest, signature, proofs } = pack;
      const signedBy = signature.is === 'right' ? signature.signedBy.join(' ') : '';
      say(
        `right: ${manifest.files.length} files, ${manifest.period.from} to ${manifest.period.to}, made ${utc(new Date(manifest.madeAt))} by ${manifest.madeBy}, signed with ${signedBy}`,
      );
      say(
        proofs.count === 0
          ? 'It has no proofs.'
          : `${proofs.count} audit entries are proven, ${proofs.signed} of them by a signed checkpoint.`,
      );
    });
}

function asKey(text: string, before: Verifier[]): Verifier[] {
  const key = readVerifier(text);
  if (key === null) throw new InvalidArgumentError('a verifier key: it has the form name+id+key.');
  return [...before, key];
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
