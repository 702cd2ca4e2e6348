import { type Offboarding, offboardingLegs } from '../../core/offboarding/offboarding.ts';
import {
  causeOfOffboarding,
  itemInWords,
  itemStatusText,
  lateInWords,
  type OffboardingNames,
  offboardingLines,
  offboardingStatusText,
  spanInWords,
} from '../../core/offboarding/words.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { readCase } from '../../store/page/cases.ts';
import { listChangesOf } from '../../store/page/changes.ts';
import { type Html, html } from '../html.ts';
import { changeColumns } from './changes.ts';
import { badge } from './layout.ts';
import type { OtherPage } from './pages.ts';
import { type Shown, tableHtml } from './table.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const legWords: Readonly<Record<(typeof offboardingLegs)[number], string>> = {
  requests: 'their requests are closed',
  approvals: 'what waited for them is put to others',
  groups: 'out of the groups',
  teams: 'out of the teams in MuleSoft',
};

/** A leaver's case: where it stands, when each leg was reached, what was taken away, and what they own. */
export const oneCasePage: OtherPage = {
  is: 'page',
  path: '/cases/:id',
  title: 'A leaver',
  rule: 'everything',
  inMenu: false,
  async html({ context, params, as }) {
    const { id = '' } = params;
    const found = UUID.test(id) ? await readCase(context.db, id) : null;
    if (found === null) return null;
    const { case: one, person } = found;
    const names = namesFor(context, person.name, as);
    const { mood, label, headline, detail } = offboardingStatusText(one, names);
    const late = lateInWords(one, names);
    const taken = await listChangesOf(context.db, [...one.revokes, ...one.ended]);
    return {
      title: `${person.name} leaves`,
      body: html`<div class="card"><p>${badge(mood, label)} <b>${headline}</b></p>${detail === '' ? '' : html`<p>${detail}</p>`}
<p class="soft">${causeOfOffboarding(one, names)}</p>${one.reason === null ? '' : html`<p>Reason given: ${one.reason}</p>`}${late === null ? '' : html`<p>${badge('bad', 'late')} ${late}</p>`}</div>
<h2>How it goes</h2><ul class="card plain">${offboardingLines(one, names).map((line) => html`<li>${line}</li>`)}</ul>
<h2>When</h2>${legsHtml(one, as)}
<h2>What was taken away</h2>${
        taken.length === 0
          ? html`<div class="empty"><p>They held nothing that Latchkey gave or had found.</p></div>`
          : tableHtml(
              'What was taken away',
              changeColumns.filter(({ key }) => key !== 'person'),
              taken.map((row) => ({ ...row, context })),
              as,
            )
      }
${applicationsHtml(one, names)}
<p class="soft">Case <code>${one.id}</code>. <a href="${PAGE_PATH}/audit?${new URLSearchParams({ person: person.email }).toString()}">What the audit has of ${person.name}</a></p>`,
    };
  },
};

function namesFor({ idps }: Pick<Context, 'idps'>, person: string, as: Shown): OffboardingNames {
  return { person, admins: 'the admins', idp: idps.name, time: as.text, safe: (text) => text };
}

function legsHtml(one: Offboarding, as: Shown): Html {
  const began = one.beganAt ?? one.openedAt;
  const points: [string, Date | null, string][] = [
    ['the directory or an admin said so', one.openedAt, ''],
    ['everything was set going', one.beganAt, ''],
    ...offboardingLegs.map((leg): [string, Date | null, string] => {
      const reached = one.legs[leg];
      return [
        legWords[leg],
        reached?.at ?? null,
        reached === null ? '' : `+ ${spanInWords(began, reached.at)}`,
      ];
    }),
    ['closed', one.closedAt, ''],
  ];
  return html`<dl class="card">${points.map(
    ([words, at, after]) =>
      html`<dt>${words}</dt><dd>${at === null ? '–' : html`${as.exact(at)}${after === '' ? '' : html` <small class="soft">${after}</small>`}`}</dd>`,
  )}</dl>`;
}

function applicationsHtml({ items, state }: Offboarding, names: OffboardingNames): Html {
  if (items.length === 0) return html``;
  const isOver = state === 'returned' || state === 'cancelled';
  return html`<h2>Applications that they own</h2><ul class="card">${items.map(
    (item) =>
      html`<li><b>${item.name}</b>: ${itemInWords(item)}<br>${itemStatusText(item, names, isOver)}${item.owners.length === 0 ? '' : html` <small class="soft">asked: ${item.owners.join(', ')}</small>`}</li>`,
  )}</ul>`;
}
