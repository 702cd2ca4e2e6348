import type { Cell } from '../core/csv.ts';
import { durationInWords } from '../core/duration.ts';
import { type Control, frameworkNames, type ListName } from '../core/evidence/controls.ts';
import { timeInWords, utc } from '../core/evidence/words.ts';
import { alreadyHtml, type Html, html } from '../web/html.ts';
import { caveatsOf } from './caveats.ts';
import type { WrittenList } from './list.ts';
import { checkSection } from './page-check.ts';
import { policyTextsOf } from './page-policies.ts';
import { matchedInWords, populationsSection } from './page-populations.ts';
import { samplesSection } from './page-samples.ts';
import { style } from './page-style.ts';
import { inWords, table } from './page-table.ts';
import type { PackFacts } from './plan.ts';

/** Lists that stand in the page, in the order of an auditor's questions, each with what it says when it is empty. */
const shown: readonly (readonly [ListName, empty: string])[] = [
  [
    'violations',
    'Every access was approved before it was given, by a rule or by somebody else than who asked for it or holds it.',
  ],
  [
    'exceptions',
    'Nothing was late, refused, alarmed, beyond the catalogue, without an end or made around Latchkey.',
  ],
  ['requests-open', 'Nothing was open at the end of the period.'],
  ['removals-in-anypoint', 'Every removal that Anypoint’s log has is a change of Latchkey’s.'],
  ['made-around-latchkey', 'Every membership change that was told of is Latchkey’s own.'],
  ['emergencies', 'Nobody took access in an emergency.'],
  ['terminations', 'Nobody left.'],
  ['deactivations', 'No deactivation was told of.'],
  ['reviews', 'No access review was under way.'],
  ['review-lines', 'No access review was under way, and nothing was answered in a weekly digest.'],
  ['duties', 'Nobody had more than one part: owner, approver, reviewer, and who agreed to the policy.'],
  ['entitlements', 'The catalogue is empty.'],
  ['privileged', 'Nobody held access that the catalogue calls high or critical.'],
  ['holders-at-start', 'Nobody held anything that Latchkey gives.'],
  ['holders', 'Nobody held anything that Latchkey gives.'],
  ['policies', 'No policy decided anything.'],
];

/** The pack to read and to print: one page, without scripts, and with nothing from elsewhere. */
export function packHtml(facts: PackFacts): string {
  const { plan, madeAt, madeBy, tool, controls, lists } = facts;
  const caveats = caveatsOf(facts);
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
<p>A <b>population</b> is every case of its kind in the period. A <b>sample</b> is drawn from it by a rule that anybody can repeat. An <b>exception</b> is a case in which a control did not work as it is written, or was set aside by its own rules. A <b>change</b> is one access given or taken away; its id leads from list to list.</p>
<p>Seconds are counted from the decision (where an access should have ended before that: from then) until Latchkey saw it in MuleSoft (columns that begin with “seen”), by the clock of its database. Where the log of another system has it earlier, that stands beside it (columns that end with “by log”) and is not what counts: it is of another clock. In CSV, text that a spreadsheet would run as a formula has an apostrophe (<code>'</code>) before it, which is not part of it; JSON has the text as it is.</p>
</header>
${
  caveats.length === 0
    ? null
    : html`<section id="limits" class="limits" aria-labelledby="limits-title"><h2 id="limits-title">What this pack can’t show</h2><ul>${caveats.map((one) => html`<li>${one}</li>`)}</ul></section>`
}
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
${shown.map(([name, empty]) =>
  listSection(lists.get(name), {
    empty,
    foreword: forewords[name]?.(facts) ?? null,
    afterword: name === 'policies' ? policyTextsOf(facts.policies) : null,
    count: name === 'violations' ? violatedInWords(facts) : null,
  }),
)}
${canarySection(lists.get('canary'), facts)}
${samplesSection(facts)}
${checkSection(facts)}
</main>
</body>
</html>
`.toString();
}

/** An access may stand in several rows: each says one thing that is not as it should be. */
function violatedInWords({ violated, lists }: PackFacts): string {
  const rows = lists.get('violations')?.written ?? violated;
  const accesses = violated === 1 ? '1 access' : `${violated} accesses`;
  return rows === violated ? accesses : `${accesses}, in ${rows} rows`;
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function inShort({ lists, told, violated }: PackFacts): Html {
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
      violated,
      'violations',
    ],
    [['access was taken away', 'accesses were taken away'], count('removals'), 'removals'],
    [['leaver', 'leavers'], count('terminations'), 'terminations'],
    [['exception', 'exceptions'], count('exceptions'), 'exceptions'],
    [
      [
        'entry in a log of a membership change made around Latchkey, which was put to an owner or put right',
        'entries in logs of membership changes made around Latchkey, which were put to an owner or put right',
      ],
      of('found', 'corrected'),
      'made-around-latchkey',
    ],
    [
      [
        'entry in a log of a membership change that nothing in the record explains',
        'entries in logs of membership changes that nothing in the record explains',
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
const notShown = new Set([
  'text',
  'case',
  'event',
  'removals',
  'campaign',
  'certificateKey',
  'certificateSha256',
]);

/** What else stands in the files alone: more columns don't fit a sheet of paper. */
const notShownOf: { [K in ListName]?: readonly string[] } = {
  violations: ['kind'],
  reviews: ['snapshotAt', 'startedAt', 'decided'],
  'review-lines': ['kind', 'change', 'revoke', 'tier'],
  terminations: ['beganAt', 'closing', 'state'],
  privileged: ['group', 'cause', 'approvedByEmail'],
  'made-around-latchkey': ['state'],
  policies: ['agreementRecorded', 'before', 'proofs'],
};

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
  deactivations: ({ deactivations: { by } }) =>
    by.length === 0
      ? null
      : html`<p>Each is held against the leavers’ cases. What became of them:</p>${table(
          'What became of deactivations',
          ['Matched with', 'Count'],
          by.map(({ what, count }) => [what, String(count)]),
        )}`,
  reviews: ({ lists }) =>
    lists.get('reviews')?.written === 0
      ? null
      : html`<p>Of each review that has closed there is a certificate, with every line of it: <code>latchkey review certificate</code>. In the files stand its SHA-256 and the thumbprint (RFC 7638) of the key that signed it. That key stands in the certificate itself (<code>jwk</code>), and its thumbprint in the audit entry that the review closed (<code>campaignClosed</code>). It is none of the keys in <a href="signing-keys.csv">signing-keys.csv</a>, which sign the audit.</p>`,
  exceptions: ({ speed, lists }) => html`${table(
    'How long it took',
    ['Of the whole population', 'Within 60 s', 'Later', 'Not seen in MuleSoft', 'Was there before'],
    speed.map(({ what, within, later, unseen, before }) => [
      what,
      ...[within, later, unseen, before].map(String),
    ]),
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

/** Beside the rows of a list. */
type Beside = { empty: string; foreword: Html | null; afterword: Html | null; count: string | null };

function listSection(
  list: WrittenList | undefined,
  { empty, foreword, afterword, count }: Beside,
): Html | null {
  if (list === undefined) return null;
  const { name, title, written, first } = list;
  const columns = list.columns.filter(
    (column) =>
      !(notShown.has(column) || notShownOf[name]?.includes(column)) &&
      first.some((row) => isSaid(row[column])),
  );
  const rest = written - first.length;
  return html`<section id="${name}"><h2>${title}: ${count ?? written}</h2>
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
<p class="files">${rest > 0 ? `${rest} more are in the files: ` : 'As files: '}<a href="${name}.csv">${name}.csv</a>, <a href="${name}.json">${name}.json</a></p>${afterword}</section>`;
}

function canarySection(
  list: WrittenList | undefined,
  { canary: totals, canaryDays }: Pick<PackFacts, 'canary' | 'canaryDays'>,
): Html | null {
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
  return html`<section id="canary"><h2>The canary: ${rounds === 1 ? '1 round' : `${rounds} rounds`}</h2>
<p>A person made for the test is given access, seen in MuleSoft, taken out and seen gone, again and again. Each round is control evidence that the way works, also when nobody asked for anything.</p>
${
  rounds === 0
    ? html`<p class="empty none">No round began in this period: the canary was off, or its record is older than it is kept.</p>`
    : html`<p>Of ${rounds === 1 ? '1 round' : `${rounds} rounds`} ${hits} were within the objective, and ${misses} missed it${times}. All are in <a href="canary.csv">canary.csv</a>.</p>${daysOfCanary(canaryDays)}`
}</section>`;
}

function daysOfCanary(found: PackFacts['canaryDays']): Html | null {
  if (found === null) return null;
  const { days, withRound, pauseFrom, pauseTo } = found;
  const pause = durationInWords(
    Math.max(1, Math.round((pauseTo.getTime() - pauseFrom.getTime()) / 60_000)) * 60,
  );
  const said = `Rounds began on ${withRound} of ${days} days. The longest time without one was ${pause}, from ${utc(pauseFrom)} to ${utc(pauseTo)}.`;
  return withRound < days
    ? html`<p><b class="bad">It did not run on every day.</b> ${said} Of those days it is no evidence.</p>`
    : html`<p>${said}</p>`;
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
