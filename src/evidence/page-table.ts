import { alreadyHtml, type Html, html } from '../web/html.ts';

/** More columns than these don't fit a sheet of paper in the usual size. */
const WIDE = 10;

/** A table that is scrolled by itself where it is wider than the page, also by keyboard. */
export function table(
  label: string,
  heads: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table${alreadyHtml(heads.length > WIDE ? ' class="wide"' : '')}><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((one) => html`<td>${one}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** `secondsToGone` as `Seconds to gone`. */
export function inWords(column: string): string {
  const words = column.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
