import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { Fault } from '../core/fault.ts';
import { createAdviser, schemas } from '../model/adviser.ts';
import { defaultPromptsDir, loadPrompt } from '../model/prompt.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import { loadCases } from './case-files.ts';
import { judgeRecorded } from './recorded.ts';
import { isSafe, type Run, runCases } from './run.ts';
import { comparison, judgedLines, scoreCard } from './score-card.ts';

/** Where the model answers, and as what. */
export type Endpoint = { apiKey: GivenSecret; baseUrl: string | null; model: string };

/** A model with its server; `close` ends what was started for it. */
export type Served = Endpoint & { close(): Promise<void> };

/** An eval waits for slow local models; the product does not. */
const BUDGET_MS = 60_000;

/**
 * `eval`: the labelled cases and the injection corpus against a model. Ends 1 when anything unsafe happened, and when
 * nothing was answered. `serve` starts the sandbox's model in a mode, where no endpoint is set.
 */
export function evalCommand(
  program: Command,
  endpoint: () => Promise<Endpoint | null>,
  serve: (mode: string) => Promise<Served>,
): void {
  program
    .command('eval')
    .description('put the labelled cases and the injection corpus to a model and print a score card')
    .option('--sandbox <mode>', 'the sandbox’s model in this mode (scripted, hostile, parrot…), not OPENAI_…')
    .option('--prompts <folder>', 'other prompts than the project’s', defaultPromptsDir)
    .option('--record <file>', 'keep the run, to compare with later')
    .option('--compare <file>', 'say what is different from a run that was kept')
    .option('--at-once <n>', 'questions at a time', wholeNumber, 4)
    .option('--json', 'the whole run as JSON')
    .action(async (given: Given) => {
      // All that can go wrong with files goes wrong before anything is asked: answers cost time and money.
      const before = given.compare === undefined ? null : readRun(given.compare);
      if (given.record !== undefined) refuseUnwritable(given.record);
      const configured = given.sandbox === undefined ? await endpoint() : null;
      const served =
        configured === null
          ? await serve(given.sandbox ?? 'scripted')
          : { ...configured, close: async () => {} };
      try {
        if (configured === null)
          process.stderr.write(
            `This is the sandbox’s model (${given.sandbox ?? 'scripted'}); set OPENAI_API_KEY, OPENAI_MODEL and OPENAI_BASE_URL for another.\n`,
          );
        const at = new Date().toISOString();
        const cases = loadCases(given.prompts);
        const judged = judgeRecorded(cases);
        const counted = await runCases(adviserOf(served, given.prompts), cases, served.model, {
          atOnce: given.atOnce,
          progress: showProgress,
        });
        const run: Run = { ...counted, at, texts: textsOf(counted, given.prompts) };
        process.stdout.write(
          `${(given.json === true ? [JSON.stringify(run)] : scoreCard(run)).join('\n')}\n`,
        );
        // Beside the document for programs, what is for people goes where people look.
        const aside = given.json === true ? process.stderr : process.stdout;
        aside.write(`\n${judgedLines(judged).join('\n')}\n`);
        if (before !== null) aside.write(`\n${comparison(before, run).join('\n')}\n`);
        if (given.record !== undefined) {
          writeFileSync(given.record, `${JSON.stringify(run, null, 1)}\n`);
          process.stderr.write(`Kept in ${given.record}: compare with it by --compare ${given.record}\n`);
        }
        const isAnswered = [...run.risk, ...run.freeTexts].some((outcome) => outcome.answered);
        const isJudgedWell = judged.wronglyDropped.length + judged.wronglyShown.length === 0;
        if (!isSafe(run) || !isJudgedWell || (!isAnswered && configured !== null)) process.exitCode = 1;
      } finally {
        await served.close();
      }
    });
}

type Given = {
  sandbox?: string;
  prompts: string;
  record?: string;
  compare?: string;
  atOnce: number;
  json?: true;
};

function adviserOf({ apiKey, baseUrl, model }: Endpoint, promptsDir: string) {
  return createAdviser({
    apiKey,
    model,
    promptsDir,
    budgetMs: BUDGET_MS,
    freeTextBudgetMs: BUDGET_MS,
    ...(baseUrl === null ? {} : { baseUrl }),
  });
}

/** Fingerprints of the prompts that were answered. */
function textsOf({ prompts }: Run, folder: string): Record<string, string> {
  const print = (id: string) =>
    createHash('sha256')
      .update(loadPrompt(folder, id, schemas).text)
      .digest('hex')
      .slice(0, 12);
  return Object.fromEntries(Object.keys(prompts).map((id) => [id, print(id)]));
}

/** Only for who watches: a model of one's own takes many minutes. */
function showProgress(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(done === of ? '\r\x1b[K' : `\r${done} of ${of}`);
}

function refuseUnwritable(file: string): void {
  const no = (why: string, cause?: unknown) =>
    new Fault('config.invalid', `${file}: the run can’t be kept there: ${why}`, { retryable: false, cause });
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw no('it is a folder');
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw no('its folder is not there, or can’t be written', cause);
  }
}

function readRun(file: string): Run {
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
    if (Array.isArray(run.risk) && Array.isArray(run.freeTexts)) return run;
  } catch (cause) {
    throw new Fault('config.invalid', `${file}: no run can be read from it`, { retryable: false, cause });
  }
  throw new Fault('config.invalid', `${file}: that is no run kept by --record`, { retryable: false });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('a number from 1 to 99.');
  return Number(text);
}
