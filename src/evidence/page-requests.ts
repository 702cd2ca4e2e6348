import type { RequestSum } from '../store/evidence/requests.ts';
import { type Html, html } from '../web/html.ts';
import { table } from './page-table.ts';
import type { PackFacts } from './plan.ts';

const howInWords: Record<RequestSum['how'], string> = {
  asked: 'Asked for by somebody',
  found: 'Found in the directory, or found missing',
  byRule: 'Given by rule to a department',
};

/** What is over without being given. */
const notGiven = (one: RequestSum) => one.refused + one.denied + one.withdrawn + one.lapsed + one.closed;

/** What there was to decide on is what came of it, and what is open: of all kinds together, and of each. */
export function requestsAddUp({ requests, lists }: Pick<PackFacts, 'requests' | 'lists'>): boolean {
  const sum = (of: (one: RequestSum) => number) => requests.reduce((all, one) => all + of(one), 0);
  const written = (name: Parameters<typeof lists.get>[0]) => lists.get(name)?.written ?? 0;
  return (
    requests.every((one) => one.openAtStart + one.came === one.given + notGiven(one) + one.openAtEnd) &&
    sum(({ given }) => given) === written('grants') &&
    sum(notGiven) === written('requests-not-granted') &&
    sum(({ openAtEnd }) => openAtEnd) === written('requests-open')
  );
}

/** The sum of the populations: nothing that came in is in none of them. */
export function requestsSection(facts: Pick<PackFacts, 'requests' | 'lists'>): Html {
  const { requests } = facts;
  if (requests.length === 0) return html`<p class="empty">Nothing was asked for, found or given by rule.</p>`;
  const adds = requestsAddUp(facts);
  return html`<p>Of each row, what was open at the start and what came are together as many as were given, were not given and are open at the end. ${
    adds
      ? 'They are, and each sum is as long as its list.'
      : html`<b class="bad">They are not, or a sum is not as long as its list.</b>`
  }</p>
${table(
  'What came in, and what became of it',
  [
    'What',
    'Open at the start',
    'Came',
    'Given',
    'Refused by rule',
    'Denied',
    'Withdrawn',
    'Lapsed',
    'Closed',
    'Open at the end',
  ],
  requests.map((one) => [
    howInWords[one.how],
    ...[
      one.openAtStart,
      one.came,
      one.given,
      one.refused,
      one.denied,
      one.withdrawn,
      one.lapsed,
      one.closed,
      one.openAtEnd,
    ].map(String),
  ]),
)}`;
}
