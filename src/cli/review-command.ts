import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { verify } from '../audit/sign.ts';
import { figure } from '../core/mass-change/words.ts';
import { isRefusal } from '../core/refusal.ts';
import { type Campaign, overduePolicies } from '../core/review/campaign.ts';
import { type Certificate, certificateCsv } from '../core/review/certificate.ts';
import { campaignLabel, preparedInWords, revokesInWords } from '../core/review/words.ts';
import { byOperator, cancelCampaign, openCampaign, startCampaign } from '../flow/review/open.ts';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Db } from '../store/postgres/database.ts';
import { objectionsOf, revokesOf } from '../store/review-carrying.ts';
import { readCertificate, reviewerHabits } from '../store/review-certificates.ts';
import { countLines, linesByEntitlement, reviewersOf } from '../store/review-progress.ts';
import { campaigns, readCampaign } from '../store/reviews.ts';
import { keepRuleCommand } from './keep-rule-command.ts';
import { named, type ReviewTools } from './review-named.ts';
import { day, type PreviewOptions, planOf, seconds, wholeNumber, wrongIn } from './review-options.ts';

/** A running Latchkey prepares it; of one that does not run it is said so. */
const PREPARED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;
const DAY_MS = 86_400_000;

/** `latchkey review …`: access reviews, from the preview to the certificate. */
export function reviewCommands(program: Command, tools: ReviewTools): void {
  const review = program.command('review').description('access reviews');
  previewCommand(review, tools);
  lifeCommands(review, tools);
  keepRuleCommand(review, tools);
  certificateCommands(review, tools);
  reportCommand(review, tools);
}

function previewCommand(review: Command, { withDatabase, catalogue, say, fail }: ReviewTools): void {
  review
    .command('preview')
    .description('fix who holds what, and say what a campaign would ask of whom; nobody is told')
    .requiredOption('--name <name>', 'what to call it')
    .option('--entitlement <key...>', 'only these')
    .addOption(new Option('--tier <tier...>', 'only these').choices(['low', 'medium', 'high', 'critical']))
    .option('--department <name...>', 'only who is in these')
    .option('--person <email...>', 'only these people')
    .option('--granted-since <day>', 'only what is held since that day or later, as 2026-01-31', day)
    .option('--unused <days>', 'only what was not used for so many days', wholeNumber)
    .addOption(
      new Option('--ends <which>', 'only what has an end, or has none').choices(['temporary', 'permanent']),
    )
    .addOption(new Option('--reviewers <who>', 'who is asked first').choices(['owner', 'manager']))
    .option('--fallback <email...>', 'who reviews what nobody else can; without, as the catalogue says')
    .option('--due <duration>', 'from the start until it is due, as 14d', seconds)
    .addOption(
      new Option('--overdue <what>', 'what happens to what nobody decides in time').choices(overduePolicies),
    )
    .action(async (given: PreviewOptions) => {
      const now = await catalogue();
      await withDatabase(async (db) => {
        const wrong = await wrongIn(given, now, db);
        if (wrong !== null) {
          say(wrong);
          return fail();
        }
        const id = await openCampaign({ db }, planOf(given, now), byOperator);
        const campaign = await untilPrepared(db, id);
        if (campaign?.state !== 'ready') {
          say('It is not prepared yet: a running Latchkey does that. Look at it later: review show');
          say(id);
          return fail();
        }
        for (const line of await previewInWords(db, campaign)) say(line);
        say(`Start it: npm run latchkey -- review start ${id.slice(0, 8)}`);
        if ((campaign.prepared?.withoutReviewer ?? 0) > 0) fail();
      });
    });
}

async function untilPrepared(db: Db, id: string): Promise<Campaign | null> {
  const until = performance.now() + PREPARED_WITHIN_MS;
  for (;;) {
    const campaign = await readCampaign(db, id);
    if (campaign?.state !== 'preparing' || performance.now() > until) return campaign;
    await sleep(LOOK_EVERY_MS);
  }
}

async function previewInWords(db: Db, campaign: Campaign): Promise<string[]> {
  const byEntitlement = await linesByEntitlement(db, campaign.id);
  const reviewers = await reviewersOf(db, campaign.id, 'slack');
  return [
    `${campaign.id.slice(0, 8)}  ${campaign.name}`,
    ...(campaign.prepared === null ? [] : preparedInWords(campaign.prepared)),
    'By access:',
    ...byEntitlement.map(
      ({ title, lines, withoutReviewer }) =>
        `  ${figure(lines).padStart(7)}  ${title}${withoutReviewer === 0 ? '' : `  (${figure(withoutReviewer)} WITHOUT A REVIEWER)`}`,
    ),
    'By reviewer:',
    ...reviewers.map(
      ({ name, lines, accountId }) =>
        `  ${figure(lines).padStart(7)}  ${name}${accountId === null ? '  (not met in Slack yet)' : ''}`,
    ),
  ];
}

function lifeCommands(review: Command, { withDatabase, say, fail }: ReviewTools): void {
  const withOne = (work: (db: Db, campaign: Campaign) => Promise<void>) => async (id: string) =>
    await withDatabase(async (db) => {
      const campaign = await named(db, id, say);
      if (campaign === null) fail();
      else await work(db, campaign);
    });
  review
    .command('start')
    .description('start a campaign that was previewed: its reviewers are told')
    .argument('<id>', 'its id, or the beginning of it')
    .action(
      withOne(async (db, campaign) => {
        const started = await startCampaign({ db }, campaign.id, byOperator);
        if (!isRefusal(started)) return say(`started; due ${utc(started.dueAt)}`);
        say(`${started.text} ${started.next}`);
        fail();
      }),
    );
  review
    .command('cancel')
    .description('end a campaign before its time; what was submitted stands')
    .argument('<id>', 'its id, or the beginning of it')
    .action(
      withOne(async (db, campaign) => {
        const refusal = await cancelCampaign(
          { db },
          campaign.id,
          byOperator,
          'cancelled at the command line',
        );
        say(refusal === null ? 'cancelled' : `${refusal.text} ${refusal.next}`);
        if (refusal !== null) fail();
      }),
    );
  review
    .command('list')
    .description('campaigns, the newest first')
    .action(async () => {
      await withDatabase(async (db) => {
        for (const campaign of await campaigns(db, 50)) say(await inOneLine(db, campaign));
      });
    });
  review
    .command('show')
    .description('how far a campaign is, by reviewer')
    .argument('<id>', 'its id, or the beginning of it')
    .action(
      withOne(async (db, campaign) => {
        if (campaign.state === 'ready') return (await previewInWords(db, campaign)).forEach(say);
        say(await inOneLine(db, campaign));
        for (const { name, lines, decided } of await reviewersOf(db, campaign.id, 'slack'))
          say(`  ${figure(decided)} of ${figure(lines)}  ${name}`);
        const revokes = revokesInWords(await revokesOf(db, campaign.id), 'the IdP');
        if (revokes !== '') say(revokes);
        for (const { n, title, by, comment, answer } of await objectionsOf(db, campaign.id))
          if (answer === null)
            say(
              `  line ${n}: ${by} says that the rule is wrong: ${title}${comment === null ? '' : ` (${comment})`}`,
            );
      }),
    );
}

async function inOneLine(db: Db, campaign: Campaign): Promise<string> {
  const counts = await countLines(db, campaign.id);
  const due = campaign.dueAt === null ? '' : `, due ${utc(campaign.dueAt)}`;
  return `${campaign.id.slice(0, 8)}  ${campaign.name}: ${campaignLabel(campaign, counts)}; ${figure(counts.all)} lines${due}`;
}

function certificateCommands(review: Command, { withDatabase, say, fail }: ReviewTools): void {
  review
    .command('certificate')
    .description('who reviewed what, when and on what evidence, of a campaign that has closed')
    .argument('<id>', 'its id, or the beginning of it')
    .option('--csv', 'the lines as a table')
    .option('--json', 'signed: a JWS in its flattened JSON form')
    .option('--out <file>', 'into a file instead of onto the screen')
    .action(async (id: string, given: { csv?: boolean; json?: boolean; out?: string }) => {
      await withDatabase(async (db) => {
        const campaign = await named(db, id, say);
        const kept = campaign === null ? null : await readCertificate(db, campaign.id);
        if (campaign === null || kept === null) {
          if (campaign !== null) say('it has not closed yet, so there is no certificate');
          return fail();
        }
        const checked = await verify(db, kept.jws);
        if (!checked.isRight) {
          say(checked.why);
          return fail();
        }
        const certificate = JSON.parse(checked.document) as Certificate;
        const text =
          given.json === true ? `${kept.jws}\n` : given.csv === true ? certificateCsv(certificate) : null;
        if (text === null) return inWords(certificate, kept).forEach(say);
        if (given.out === undefined) say(text.replace(/\n$/, ''));
        else await writeFile(given.out, text);
      });
    });
  review
    .command('verify')
    .description('check the signature of a certificate')
    .argument('<file>', 'as `review certificate --json` wrote it')
    .action(async (file: string) => {
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text === null) {
        say(`${file} can’t be read`);
        return fail();
      }
      await withDatabase(async (db) => {
        const checked = await verify(db, text);
        if (!checked.isRight) {
          say(`NOT RIGHT: ${checked.why}`);
          return fail();
        }
        const certificate = JSON.parse(checked.document) as Certificate;
        say(
          `right: ${certificate.campaign.name}, ${figure(certificate.lines.length)} lines, closed ${certificate.campaign.closedAt}, signed with ${checked.kid}`,
        );
      });
    });
}

function inWords(
  { campaign, counts }: Certificate,
  { sha256, kid }: { sha256: string; kid: string },
): string[] {
  return [
    `${campaign.name}: started ${campaign.startedAt ?? ''} by ${campaign.startedBy}, closed ${campaign.closedAt}`,
    ...Object.entries(counts).map(([what, n]) => `  ${figure(n).padStart(7)}  ${what}`),
    `sha256 ${sha256}`,
    `key    ${kid}`,
  ];
}

function reportCommand(review: Command, { withDatabase, say, fail }: ReviewTools): void {
  review
    .command('report')
    .description('how reviewers decide: time per line, share kept, share in bulk; for security')
    .option('--campaign <id>', 'of one campaign')
    .option('--since <day>', 'of all since that day, as 2026-01-31', day)
    .action(async (given: { campaign?: string; since?: Date }) => {
      await withDatabase(async (db) => {
        const campaign = given.campaign === undefined ? null : await named(db, given.campaign, say);
        if (given.campaign !== undefined && campaign === null) return fail();
        const since = given.since ?? new Date((await databaseNow(db)).getTime() - 365 * DAY_MS);
        say('  lines   kept  in bulk  median  under 5 s  reviewer');
        for (const r of await reviewerHabits(db, { campaignId: campaign?.id ?? null, since }))
          say(
            [
              figure(r.decided).padStart(7),
              percent(r.kept, r.decided).padStart(7),
              percent(r.inBulk, r.decided).padStart(9),
              (r.medianSeconds === null ? '-' : `${r.medianSeconds.toFixed(0)} s`).padStart(8),
              percent(r.hasty, r.timed).padStart(11),
              `  ${r.name} <${r.email}>`,
            ].join(''),
          );
      });
    });
}

function percent(part: number, all: number): string {
  return all === 0 ? '-' : `${Math.round((part / all) * 100)} %`;
}

/** `2026-11-25 04:10 UTC`. */
function utc(at: Date | null): string {
  return at === null ? '' : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
