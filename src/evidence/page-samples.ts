import { listTitles } from '../core/evidence/controls.ts';
import { timeInWords } from '../core/evidence/words.ts';
import { type Html, html } from '../web/html.ts';
import { table } from './page-table.ts';
import { type PackFacts, SAMPLE_RULE } from './plan.ts';
import type { ToldStory } from './story.ts';

/** The samples, each with its whole story. */
export function samplesSection({ plan, samples }: Pick<PackFacts, 'plan' | 'samples'>): Html {
  return html`<section id="samples"><h2>Samples</h2>
<p>${plan.sample.size} of each population (all, where it has fewer), with the seed <code>${plan.sample.seed}</code>: ${SAMPLE_RULE}. With the same seed anybody draws the same again: <code>printf '%s' '${plan.sample.seed}:${'<change>'}' | sha256sum</code> says it for one. The column “change” of each list has their ids.</p>
${samples.map(({ of, query, stories }) => sampleSection(listTitles[of], query, stories))}
</section>`;
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
