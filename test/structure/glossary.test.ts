import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { expectNone, filesIn, root } from './source.ts';

/** Words that once stood for something that has a name in docs/glossary.md, with every form; and that name. */
const retired: readonly [forms: string, now: string][] = [
  ['heed heeds heeded heeding unheeded', 'process'],
  ['hear hears heard hearing', 'record, receive, is told'],
  ['voice voices', 'event source'],
  ['regard regards regarded', 'evaluate, review'],
  ['weigh weighs weighed weighing', 'check'],
  ['survey surveys surveyed surveying', 'check of a group'],
  ['unfold unfolds unfolded unfolding', 'carry out'],
  ['refit refits', 'recheck of grants'],
  ['misfit misfits outgrown', 'a grant that no longer fits'],
  ['surplus', 'excess'],
  ['namesake namesakes', 'reused account'],
  ['standin standins', 'successor'],
  ['standing standings', 'person snapshot, status text'],
  ['motor motors', 'job queue'],
  ['fate fates', 'choice'],
  ['undo undoes undone undid', 'revert'],
  ['hearsay', 'unconfirmed'],
  ['preexisting', 'baseline'],
  ['unrequested', 'finding'],
  ['barred', 'excluded by policy'],
  ['seat seats', 'approver slot'],
  ['inert', 'escaped'],
  ['wish wishes', 'free text'],
  ['sweep sweeps swept sweeping', 'timers, comparison of everything'],
];

/** Ordinary uses, each with the reason why it stays. */
const allowed: readonly { in: RegExp; text: RegExp; why: string }[] = [
  {
    in: /^src\/slack\/request\/requests\.ts$/,
    text: /you hear of /,
    why: 'said to people: they get a message',
  },
  {
    in: /^src\/slack\/offboarding\/owners-message\.ts$/,
    text: /can’t be undone/,
    why: 'said to people: the usual words',
  },
  {
    in: /^(src\/evidence\/other-exceptions|test\/evidence\/before-and-after\.test|test\/evidence\/played-quarter\.test)\.ts$/,
    text: /privileged: standing/,
    why: 'what auditors call access without an end',
  },
  { in: /^src\/idp\/okta\/answers\.ts$/, text: /in good standing/, why: 'an idiom of the language' },
  {
    in: /^src\/model\/text-check\.ts$/,
    text: /\bstanding\b/,
    why: 'a word that a model may write, in a list of such',
  },
  {
    in: /^prompts\/[a-z-]+\.md$/,
    text: /weigh/i,
    why: 'what the model is asked to do; the evals are of this wording',
  },
  {
    in: /^(policy\/policy\.md|prompts\/evals\/company\.yaml)$/,
    text: /Unrequested access/,
    why: 'the title of a clause of the written policy',
  },
  { in: /^prompts\/evals\/recorded\//, text: /unrequested/i, why: 'recorded answers of a model' },
];

const nowOf = new Map(
  retired.flatMap(([forms, now]) => forms.split(' ').map((form) => [form, now] as const)),
);

/** What lies in `folder`, but for other than text. */
function textsIn(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => /\.(ts|md|cedar|ya?ml|json|txt)$/.test(path))
    .filter((path) => !path.startsWith('test/structure/glossary'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The words of a line; those of `camelCase` and `snake_case` names each by itself. */
function wordsIn(line: string): string[] {
  return line
    .replace(/\bstand-in/gi, 'standin')
    .replace(/StandIn|standIn/g, ' standin')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z]+/)
    .map((word) => word.toLowerCase());
}

test('retired words are found in names of every spelling', () => {
  const found = (line: string) => wordsIn(line).filter((word) => nowOf.has(word));
  expect(
    found('const unheededRows = regarded_at; // a stand-in, MOTOR_MS, withStandIns, isHTTPMotor'),
  ).toEqual(['unheeded', 'regarded', 'standin', 'motor', 'standins', 'motor']);
  expect(found('outstanding, regardless, sharedVoices')).toEqual(['voices']);
});

test('one word for one thing: no retired word is written anywhere', () => {
  const texts = ['src', 'test', 'docs', 'prompts', 'policy'].flatMap(textsIn);
  const used = new Set<string>();
  const offenders = [
    ...texts,
    { path: 'README.md', text: readFileSync(join(root, 'README.md'), 'utf8') },
  ].flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) =>
      wordsIn(line).flatMap((word) => {
        const now = nowOf.get(word);
        if (now === undefined) return [];
        const ordinary = allowed.find((a) => a.in.test(path) && a.text.test(line));
        if (ordinary === undefined) return [`${path}:${i + 1}: "${word}", now: ${now}`];
        used.add(ordinary.why);
        return [];
      }),
    ),
  );
  expectNone(
    offenders,
    'docs/glossary.md says what each thing is called. Where the word is meant in its everyday sense, another one does; else add it to `allowed` with the reason.',
  );
  expectNone(
    allowed.filter(({ why }) => !used.has(why)).map(({ why }) => why),
    'An exception that nothing needs any more goes.',
  );
});

test('no identifier is called a road: it is a context', () => {
  const names = /(?<![\w'"`./-]|, )(?:[a-z]\w*Road|[Rr]oad|[Rr]oad[A-Z]\w*)(?![\w'"`-])/;
  const withoutStrings = (code: string) =>
    code.replace(/'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"/g, (s) =>
      s.replace(/[^\n]/g, ' '),
    );
  expectNone(
    [...filesIn('src'), ...filesIn('test')]
      // `npm run bench -- road` measures the whole way of a change, which the documents call the road.
      .filter(({ path }) => !/^test\/(structure\/glossary|bench\/(main|road)\.ts)/.test(path))
      .flatMap(({ path, code }) =>
        withoutStrings(code)
          .split('\n')
          .flatMap((line, i) => (names.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
      ),
    'What every step gets is a `Context` (src/flow/kernel/context.ts).',
  );
});

test('every term of the glossary has a meaning, and stands there once', () => {
  const rows = [
    ...readFileSync(join(root, 'docs/glossary.md'), 'utf8').matchAll(/^\| \*\*([^|]+)\*\* \|([^|]*)\|/gm),
  ];
  const terms = rows.flatMap(([, names]) => (names as string).split(/\*\*, \*\*|, /));
  expect(terms.length).toBeGreaterThan(60);
  expectNone(
    terms.filter((term, i) => terms.indexOf(term) !== i),
    'A term that is explained twice is explained in two ways one day.',
  );
  expectNone(
    rows.filter(([, , meaning]) => (meaning as string).trim() === '').map(([, term]) => term as string),
    'A term without a meaning explains nothing.',
  );
});
