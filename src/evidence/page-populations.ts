import { utc } from '../core/evidence/words.ts';
import { type Html, html } from '../web/html.ts';
import { requestsSection } from './page-requests.ts';
import { table } from './page-table.ts';
import type { PackFacts } from './plan.ts';

/** Every list with its counts, and what other systems tell held against what Latchkey has. */
export function populationsSection(facts: PackFacts): Html {
  const { lists, told, teamLog, sources } = facts;
  const all = [...lists.values()];
  const rows = all.map(({ name, title, counted, written }) => [
    html`<a href="${name}.csv">${title}</a>`,
    String(written),
    counted === null
      ? 'picked from the other lists while they were written'
      : counted === written || name === 'policies'
        ? `${counted}`
        : html`<b class="bad">${counted}: not the same</b>`,
  ]);
  return html`<section id="populations"><h2>Populations, and that they are complete</h2>
<p>Each list is written whole. Beside it stands what its query counts when it is asked for the count alone, at the same moment.</p>
${table('Populations', ['List', 'Rows written', 'Counted by the query'], rows)}
<h3>What was asked for, and what became of it</h3>
${requestsSection(facts)}
<h3>Held against what the identity provider told</h3>
<p>Every membership change that an event source told of (System Log, event hooks, Graph, SCIM) is matched to a change of Latchkey’s. One happening may be told by several sources. What the identity provider tells both by itself (by a hook) and in its log is one entry of its own: it stands once, under the source that told first. A SCIM push and a comparison tell of it in their own words, and stand beside it; what is pushed on to Anypoint stands in Anypoint’s log too. What they told is kept for 400 days.</p>
${sourcesInWords(sources)}
${toldTable(
  told.filter(({ source }) => source !== ANYPOINT),
  'No event source told of a membership change in this period.',
)}
<h3>Held against Anypoint’s own audit log</h3>
${teamLogInWords(teamLog)}
${toldTable(
  told.filter(({ source }) => source === ANYPOINT),
  'Anypoint’s log, as far as it is known, has no change of the members of a team that Latchkey gives.',
)}
<h3>The queries</h3>
${all.flatMap(({ title, query }) => (query === null ? [] : [html`<details><summary>${title}</summary><pre>${query}</pre></details>`]))}
</section>`;
}

const ANYPOINT = 'anypointAudit';

function toldTable(told: PackFacts['told'], empty: string): Html {
  if (told.length === 0) return html`<p class="empty">${empty}</p>`;
  return table(
    'Membership changes by source',
    ['Source', 'Direction', 'Explained by', 'Count'],
    told.map(({ source, direction, matched, count }) => [
      source,
      direction,
      matchedInWords[matched] ?? matched,
      String(count),
    ]),
  );
}

function sourcesInWords(sources: PackFacts['sources']): Html | null {
  if (sources.length === 0) return null;
  return table(
    'What event sources told',
    ['Source', 'First told of something at', 'Last', 'Read without a gap from', 'Read to its end at'],
    sources.map(({ source, firstAt, lastAt, isLog, readFrom, readTo }) => [
      source,
      firstAt === null ? 'of nothing' : utc(firstAt),
      lastAt === null ? 'of nothing' : utc(lastAt),
      readFrom !== null ? utc(readFrom) : isLog ? 'that is not known' : 'it is not read',
      readTo !== null
        ? utc(readTo)
        : isLog
          ? html`<b class="bad">never</b>: it is a log, and of what it has nothing is known to be whole`
          : 'it is not read: it sends by itself, so silence does not prove that nothing happened',
    ]),
  );
}

function teamLogInWords({ since, checkedAt, trouble, isWhole, ofOtherTeams }: PackFacts['teamLog']): Html {
  const others =
    ofOtherTeams === 0
      ? ''
      : ` It also has ${ofOtherTeams} of teams that Latchkey does not give; they are not listed here.`;
  const known =
    since === null || checkedAt === null
      ? 'It was never read to its end.'
      : `It was read without a gap from ${utc(since)} to ${utc(checkedAt)}.`;
  const gap = isWhole
    ? null
    : html` <b class="bad">That is not the whole period</b>: of the rest of it nothing can be said by this log.${trouble === null ? '' : ` ${trouble}.`}`;
  return html`<p>Every time somebody came into or left a team that Latchkey gives, as Anypoint’s audit log has it, is matched to a change of Latchkey’s. ${known}${gap}${others}</p>`;
}

/** What explains a membership change, by the word that the files have for it. */
export const matchedInWords: Record<string, string> = {
  change: 'a change of Latchkey’s, at that time',
  wanted: 'an earlier change of Latchkey’s, told or made again',
  leaver: 'a leaver’s case',
  found: 'made around Latchkey; found, and put to an owner',
  corrected: 'made around Latchkey; put right within a day',
  correcting: 'puts right what was made around Latchkey',
  nothing: 'nothing in the record',
};
