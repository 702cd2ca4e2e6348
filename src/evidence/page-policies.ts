import { type Html, html } from '../web/html.ts';
import type { PackFacts } from './plan.ts';

/** So many versions of the policy stand in the page; all are in the files. */
const SHOWN = 10;

/** The texts of each policy: the written one to read here, and all of them as files, with what proves them. */
export function policyTextsOf(policies: PackFacts['policies']): Html {
  return html`${policies.slice(0, SHOWN).map(
    ({ fingerprint, text, files, proofs }) => html`<h3>Policy ${fingerprint}</h3>
<p>All of its texts, as they were: ${linked(files)}. ${
      proofs.length === 0
        ? 'No entry of the audit that is at hand says when it came in force, or who agreed to it.'
        : html`That it came in force, and was agreed to, is in the audit: ${linked(proofs)}. The entry beside each proof has the SHA-256 of each text, where it says that it came in force.`
    }</p>
${text === null ? null : html`<details><summary>The written policy ${fingerprint}</summary><pre>${text}</pre></details>`}`,
  )}`;
}

function linked(names: readonly string[]): Html {
  return html`${names.map((name, at) => html`${at === 0 ? '' : ', '}<a href="${name.replaceAll('%', '%25')}">${name.split('/').at(-1)}</a>`)}`;
}
