import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** What Stryker writes, as far as it is read here (mutation-testing-report-schema). */
type Report = { files: Record<string, { mutants: { status: string }[] }> };

/** Of one file: mutants that a test noticed, of how many that could be noticed, and that in per cent. */
type Score = { noticed: number; of: number; score: number };

const REPORT = 'coverage/mutation.json';
const KEPT = 'test/mutation/score.json';

function scoreOf(mutants: { status: string }[]): Score {
  const count = (...statuses: string[]) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count('Killed', 'Timeout');
  return score(noticed, noticed + count('Survived', 'NoCoverage'));
}

function score(noticed: number, of: number): Score {
  return { noticed, of, score: of === 0 ? 100 : Math.round((noticed / of) * 1_000) / 10 };
}

/** The files of the last run take their new score; the others keep theirs, and a file that is gone loses it. */
const { files } = JSON.parse(readFileSync(REPORT, 'utf8')) as Report;
const before = existsSync(KEPT)
  ? (JSON.parse(readFileSync(KEPT, 'utf8')) as { files: Record<string, Score> }).files
  : {};
const after = Object.entries({
  ...before,
  ...Object.fromEntries(Object.entries(files).map(([path, { mutants }]) => [path, scoreOf(mutants)])),
})
  .filter(([path, { of }]) => existsSync(path) && of > 0)
  .sort(([a], [b]) => a.localeCompare(b));
const sum = (of: (one: Score) => number) => after.reduce((all, [, one]) => all + of(one), 0);
const whole = score(
  sum(({ noticed }) => noticed),
  sum(({ of }) => of),
);
const inOneLine = ({ noticed, of, score }: Score) =>
  `{ "noticed": ${noticed}, "of": ${of}, "score": ${score} }`;
// A line for each file, so that a change of one is a change of one line.
const lines = after.map(([path, one]) => `    ${JSON.stringify(path)}: ${inOneLine(one)}`);
writeFileSync(KEPT, `{\n  "all": ${inOneLine(whole)},\n  "files": {\n${lines.join(',\n')}\n  }\n}\n`);
process.stdout.write(`${KEPT}: ${whole.noticed} of ${whole.of} noticed, ${whole.score} %\n`);
