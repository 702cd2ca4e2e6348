import { listTitles } from '../core/evidence/controls.ts';
import { timeInWords } from '../core/evidence/words.ts';
import { type Html, html } from '../web/html.ts';
import type { CaseStory } from './case-story.ts';
import { sampled } from './draw.ts';
import { table } from './page-table.ts';
import { type PackFacts, SAMPLE_RULE } from './plan.ts';
import type { ToldStory } from './story.ts';

/** The samples, each with its whole story. */
export function samplesSection({ plan, samples }: Pick<PackFacts, 'plan' | 'samples'>): Html {
  const { size, seed } = plan.sample;
  return html`<section id="samples"><h2>Samples</h2>
<p>${size} of each population (all, where it has fewer), with the seed <code>${seed}</code>: ${SAMPLE_RULE}.</p>
${table(
  'Samples',
  ['Population', 'Cases', 'Drawn'],
  samples.map(({ of, size: cases, keys }) => [listTitles[of], String(cases), String(keys.length)]),
)}
<p>With the same seed anybody draws the same again, on a machine with <code>jq</code> and <code>sha256sum</code>, in this folder. Each line prints the ids of one sample.</p>
<pre id="draw">${commandsOf(samples, plan.sample)}</pre>
${samples.map(sampleSection)}
</section>`;
}

function commandsOf(samples: PackFacts['samples'], { size, seed }: { size: number; seed: string }): string {
  const lines = samples.map(({ of }) => `draw ${of} '.[] | ${sampled[of].jq}'`);
  return [
    `SEED='${seed.replaceAll("'", String.raw`'\''`)}' SIZE=${size}`,
    `draw() { jq -r "$2" "$1.json" | while IFS= read -r ID; do printf '%s  %s\\n' "$(printf '%s' "$SEED:$ID" | sha256sum | cut -c 1-64)" "$ID"; done | LC_ALL=C sort | head -n "$SIZE" | cut -c 67-; }`,
    ...lines,
  ].join('\n');
}

function sampleSection({ of, size, stories }: PackFacts['samples'][number]): Html {
  return html`<h3>${listTitles[of]}: ${stories.length} drawn of ${size}</h3>
${stories.map((story) => storyOf(story, of))}`;
}

/** The same change may be in several samples. */
function storyOf(story: ToldStory | CaseStory, within: string): Html {
  const { id, title, facts, grounds, clauses, timeline } = story;
  return html`<article class="story" id="c-${within}-${id}"><h4>${title}</h4>
<dl>${facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
${grounds.length === 0 ? null : html`<p><b>What the rules said:</b> ${grounds.join('; ')}</p>`}
${clauses.map(({ clause, text }) => html`<blockquote><b>${clause}</b> ${text}</blockquote>`)}
${
  timeline.length === 0
    ? null
    : table(
        `Story of ${id}, in ${within}`,
        ['Sealed number', 'Time', 'Who', 'What'],
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
      )
}
${'changes' in story ? html`${story.changes.map((one) => storyOf(one, `${within}-${id}`))}` : null}
</article>`;
}
