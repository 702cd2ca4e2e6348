import type { Cell } from '../core/csv.ts';
import { type Control, frameworkNames, type ListName } from '../core/evidence/controls.ts';
import { utc } from '../core/evidence/words.ts';
import { alreadyHtml, type Html, html } from '../web/html.ts';
import { SHOWN, type WrittenList } from './list.ts';
import { matchedInWords, populationsSection } from './page-populations.ts';
import { style } from './page-style.ts';
import { table } from './page-table.ts';
import { type PackFacts, SAMPLE_RULE } from './plan.ts';
import type { ToldStory } from './story.ts';

/** Lists that stand in the page, in the order of an auditor's questions, each with what it says when it is empty. */
const shown: readonly (readonly [ListName, empty: string])[] = [
  [
    'violations',
    'Every access was approved before it was given, by a rule or by somebody else than who asked for it or holds it.',
  ],
  ['exceptions', 'Nothing was late, refused or alarmed.'],
  ['made-around-latchkey', 'Every membership change that was told of is Latchkey’s own.'],
  ['emergencies', 'Nobody took access in an emergency.'],
  ['terminations', 'Nobody left.'],
  ['reviews', 'No access review was under way.'],
  ['policies', 'No policy decided anything.'],
];

/** The pack to read and to print: one page, without scripts, and with nothing from elsewhere. */
export function packHtml(facts: PackFacts): string {
  const { plan, madeAt, madeBy, tool, controls, lists, samples } = facts;
  const title = `Evidence of access, ${day(plan.from)} to ${day(new Date(plan.to.getTime() - 1))}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${alreadyHtml(style)}</style>
</head>
<body>
<header>
<p class="brand">Latchkey</p>
<h1>${title}</h1>
<p>From ${utc(plan.from)} up to and without ${utc(plan.to)}. Made at ${utc(madeAt)} by ${madeBy} with ${tool}. All times are UTC, by the clock of Latchkey’s database, unless another is named. All lists are of one moment.</p>
</header>
<nav aria-label="Contents"><ol>
<li><a href="#summary">In short</a></li>
<li><a href="#populations">Populations, and that they are complete</a></li>
<li><a href="#controls">Controls</a></li>
${shown.map(([name]) => html`<li><a href="#${name}">${lists.get(name)?.title}</a></li>`)}
<li><a href="#canary">The canary</a></li>
<li><a href="#samples">Samples</a></li>
<li><a href="#check">To check this pack</a></li>
</ol></nav>
<main>
${inShort(facts)}
${populationsSection(facts)}
${controlsSection(controls, lists)}
${shown.map(([name, empty]) => listSection(lists.get(name), empty, forewords[name]?.(facts)))}
${canarySection(lists.get('canary'), facts.canary)}
<section id="samples"><h2>Samples</h2>
<p>${plan.sample.size} of each population, with the seed <code>${plan.sample.seed}</code>: ${SAMPLE_RULE}. With the same seed anybody draws the same again.</p>
${samples.map(({ of, query, stories }) => sampleSection(lists.get(of)?.title ?? of, query, stories))}
</section>
${checkSection(facts)}
</main>
</body>
</html>
`.toString();
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function inShort({ lists, told }: PackFacts): Html {
  const count = (name: ListName) => lists.get(name)?.written ?? 0;
  const of = (...how: string[]) =>
    told.filter(({ matched }) => how.includes(matched)).reduce((sum, { count: n }) => sum + n, 0);
  const figures: [label: [one: string, many: string], number, ListName][] = [
    [['access was given', 'accesses were given'], count('grants'), 'grants'],
    [
      [
        'of them not approved before, or not by somebody else',
        'of them not approved before, or not by somebody else',
      ],
      distinctChanges(lists.get('violations')),
      'violations',
    ],
    [['access was taken away', 'accesses were taken away'], count('removals'), 'removals'],
    [['person left', 'people left'], count('terminations'), 'terminations'],
    [['exception', 'exceptions'], count('exceptions'), 'exceptions'],
    [
      [
        'membership change was found that Latchkey had not made, and was put to an owner or put right',
        'membership changes were found that Latchkey had not made, and were put to an owner or put right',
      ],
      of('found', 'corrected'),
      'made-around-latchkey',
    ],
    [
      [
        'membership change that nothing in the record explains',
        'membership changes that nothing in the record explains',
      ],
      of('nothing'),
      'made-around-latchkey',
    ],
  ];
  return html`<section id="summary"><h2>In short</h2><dl class="figures">${figures.map(
    ([label, n, name]) =>
      html`<div class="${n > 0 && isTrouble(name) ? 'bad' : ''}"><dt>${label[n === 1 ? 0 : 1]}</dt><dd>${n}</dd></div>`,
  )}</dl></section>`;
}

function isTrouble(name: ListName): boolean {
  return name === 'violations' || name === 'exceptions' || name === 'made-around-latchkey';
}

function distinctChanges(list: WrittenList | undefined): number {
  // A change with two violations has two rows, and only the first rows are at hand: past those the rows are counted.
  if (list === undefined) return 0;
  return list.written > SHOWN ? list.written : new Set(list.first.map(({ change }) => change)).size;
}

function controlsSection(controls: readonly Control[], lists: PackFacts['lists']): Html {
  return html`<section id="controls"><h2>Controls</h2>${controls.map(
    ({
      framework,
      id,
      asks,
      answer,
      lists: names,
    }) => html`<article class="control"><h3>${id} <span class="of">${frameworkNames[framework]}</span></h3>
<p class="asks">${asks}</p><p>${answer}</p>
<ul>${names.map((name) => {
      const list = lists.get(name);
      return list === undefined
        ? null
        : html`<li>${list.title}: <b>${list.written}</b> (<a href="${name}.csv">${name}.csv</a>, <a href="${name}.json">${name}.json</a>)</li>`;
    })}</ul></article>`,
  )}</section>`;
}

/** Texts of whole policies, queries and ids stand in the files; a page is for reading. */
const notShown = new Set(['text', 'case', 'campaign', 'certificateKey', 'certificateSha256']);

/** What is said of a whole population before its rows. */
const forewords: { [K in ListName]?: (facts: PackFacts) => Html | null } = {
  violations: ({ approved }) =>
    approved.length === 0
      ? null
      : html`<p>Computed for every access that was given in the period, from the times of the audit. How each was approved:</p>
${table(
  'How access was approved',
  ['Approved', 'Accesses'],
  approved.map(({ how, count }) => [how, String(count)]),
)}`,
  exceptions: ({ speed, lists }) => html`${table(
    'How long it took',
    ['Of the whole population', 'Within 60 s', 'Later', 'Not seen in MuleSoft'],
    speed.map(({ what, within, later, unseen }) => [what, String(within), String(later), String(unseen)]),
  )}
${kindsOf(lists.get('exceptions'))}`,
};

function kindsOf(list: WrittenList | undefined): Html | null {
  if (list === undefined || list.kinds.size === 0) return null;
  return table(
    'Exceptions by kind',
    ['Exception', 'Count'],
    [...list.kinds].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => [kind, String(count)]),
  );
}

function listSection(
  list: WrittenList | undefined,
  empty: string,
  foreword: Html | null = null,
): Html | null {
  if (list === undefined) return null;
  const { name, title, written, first } = list;
  const columns = list.columns.filter(
    (column) =>
      !(notShown.has(column) || (name === 'violations' && column === 'kind')) &&
      first.some((row) => isSaid(row[column])),
  );
  const rest = written - first.length;
  return html`<section id="${name}"><h2>${title}: ${name === 'violations' ? `${distinctChanges(list)} accesses` : written}</h2>
${foreword}
${
  written === 0
    ? html`<p class="empty">${empty}</p>`
    : table(
        title,
        columns.map(inWords),
        first.map((row) =>
          columns.map((column) => {
            const text = cell(row[column]);
            return column === 'matched' ? (matchedInWords[text] ?? text) : text;
          }),
        ),
      )
}
<p class="files">${rest > 0 ? `${rest} more are in the files: ` : 'As files: '}<a href="${name}.csv">${name}.csv</a>, <a href="${name}.json">${name}.json</a></p></section>`;
}

function canarySection(list: WrittenList | undefined, totals: PackFacts['canary']): Html | null {
  if (list === undefined) return null;
  const {
    rounds = 0,
    hits = 0,
    misses = 0,
    medianSecondsToGone = null,
    slowestSecondsToGone = null,
  } = totals ?? {};
  const times =
    medianSecondsToGone === null || slowestSecondsToGone === null
      ? ''
      : `; a removal took ${medianSecondsToGone.toFixed(1)} s in the middle, and ${slowestSecondsToGone.toFixed(1)} s at most`;
  return html`<section id="canary"><h2>The canary: ${rounds} rounds</h2>
<p>A person made for the test is given access, seen in MuleSoft, taken out and seen gone, again and again. Each round is control evidence that the way works, also when nobody asked for anything.</p>
${
  rounds === 0
    ? html`<p class="empty">No round began in this period: the canary was off, or its record is older than it is kept.</p>`
    : html`<p>Of ${rounds} rounds ${hits} were within the objective, and ${misses} missed it${times}. All are in <a href="canary.csv">canary.csv</a>.</p>`
}</section>`;
}

function sampleSection(title: string, query: string, stories: readonly ToldStory[]): Html {
  return html`<h3>${title}: ${stories.length} drawn</h3>
<details><summary>The query that draws them</summary><pre>${query}</pre></details>
${stories.map(
  ({
    id,
    title: what,
    facts,
    grounds,
    clauses,
    timeline,
  }) => html`<article class="story" id="c-${id}"><h4>${what}</h4>
<dl>${facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
${grounds.length === 0 ? null : html`<p><b>What the rules said:</b> ${grounds.join('; ')}</p>`}
${clauses.map(({ clause, text }) => html`<blockquote><b>${clause}</b> ${text}</blockquote>`)}
${table(
  `Story of ${id}`,
  ['Audit entry', 'Time', 'Who', 'What'],
  timeline.map(({ seq, at, who, what: said, proof }) => [
    seq === null
      ? 'not sealed yet'
      : proof === null
        ? `${seq}, no checkpoint covers it yet`
        : html`<a href="${proof}">${seq}</a>`,
    timeInWords(at),
    who,
    said,
  ]),
)}
</article>`,
)}`;
}

function checkSection({ files, signers }: PackFacts): Html {
  const isProof = (name: string) => name.startsWith('samples/');
  const proofs = files.filter(({ name }) => name.endsWith('.tlog-proof')).length;
  return html`<section id="check"><h2>To check this pack</h2>
<p><code>npm run latchkey -- evidence verify</code> with this folder names every file that was changed, is missing or was put in. It checks the signature and every proof, and asks no database for it.</p>
<ul>
<li><code>manifest.json</code> names every file with its length and its SHA-256, and this page too.</li>
<li>${
    signers.length === 0
      ? html`<b class="bad">This pack is not signed</b>: no key was set (<code>AUDIT_SIGNING_KEY</code>). Whoever has it can change it, and make the manifest anew.`
      : html`<code>manifest.note</code> is the signature on it (Ed25519, a signed note as of C2SP), with the key of the audit. The verifier key is worth something only where it is known from elsewhere, not from here: ${signers.map(({ verifier }) => html`<code>${verifier.vkey}</code> `)}`
  }</li>
<li>${
    proofs === 0
      ? 'No checkpoint of the audit was there, so nothing is proven.'
      : html`Each audit entry of each sample is a file, with a proof beside it that it is in the audit: ${proofs} in <code>samples/</code>. The number of an entry in a story leads to its proof. All are of one checkpoint, <a href="checkpoint.txt">checkpoint.txt</a>: kept until next time, it also shows that nothing before it was rewritten since.`
  }</li>
</ul>
${table(
  'Files',
  ['File', 'Bytes', 'SHA-256'],
  files
    .filter(({ name }) => !isProof(name))
    .map(({ name, bytes, sha256 }) => [name, String(bytes), html`<code>${sha256}</code>`]),
)}
</section>`;
}

function isSaid(value: Cell | undefined): boolean {
  return (
    value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}

function cell(value: Cell | undefined): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.join('; ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return timeInWords(String(value));
}

function timeInWords(text: string): string {
  return text.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?Z$/, '$1 $2');
}

/** `secondsToGone` as `Seconds to gone`. */
function inWords(column: string): string {
  const words = column.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
