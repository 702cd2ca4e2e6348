import { type Change, type Legs, legs as legOrder } from '../../core/change/change.ts';
import { legTimes } from '../../core/change/legs.ts';
import { durationInWords, elapsedInWords } from '../../core/duration.ts';
import { legName } from '../../core/wording/legs.ts';
import { idpName } from '../../flow/idps/idps.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { auditOf } from '../../store/audit.ts';
import { changeInSight, type ListedChange } from '../../store/page/changes.ts';
import { entryInWords } from '../entry-words.ts';
import { type Html, html } from '../html.ts';
import { causeWords, changeWords, titleOf } from './change-words.ts';
import { badge } from './layout.ts';
import type { OtherPage } from './pages.ts';
import type { Shown } from './table.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One change: where it stands, when each leg was reached, and its whole story. */
export const oneChangePage: OtherPage = {
  is: 'page',
  path: '/changes/:id',
  title: 'A change',
  rule: 'own',
  inMenu: false,
  async html({ context, sight, params, as }) {
    const { id = '' } = params;
    const listed = UUID.test(id) ? await changeInSight(context.db, sight, id) : null;
    if (listed === null) return null;
    const { change, person } = listed;
    const idp = change.target === null ? context.idps.name : idpName(context, change.target);
    const entries = await auditOf(context.db, change.id);
    const verb = change.kind === 'grant' ? 'gets' : 'loses';
    return {
      title: `${person.name} ${verb} ${titleOf(context, change.entitlementKey)}`,
      body: html`${head(context, listed, as)}${factsHtml(context, listed, as)}
<h2>How it travelled</h2>${legsHtml(change, idp, { objectiveMs: context.objectiveMs, as })}
<h2>What happened</h2>
<ol class="timeline">${entries.map((entry) => {
        const { text, actor } = entryInWords(entry, idp);
        return html`<li>${as.exact(entry.at)}<br>${text}${actor === '' ? '' : html` <small class="soft">${actor}</small>`}</li>`;
      })}</ol>
<p class="soft">Change <code>${change.id}</code></p>`,
    };
  },
};

function head(context: Context, listed: ListedChange, as: Shown): Html {
  const { mood, label, headline, detail, words } = changeWords(context, listed, as.text);
  return html`<div class="card"><p>${badge(mood, label)} <b>${headline}</b></p>${detail === '' ? '' : html`<p>${detail}</p>`}${words === null ? '' : html`<p class="soft">${words}</p>`}</div>`;
}

function factsHtml(context: Context, { change, ending, person }: ListedChange, { time }: Shown): Html {
  const linkTo = (id: string, words: string) => html`<a href="${PAGE_PATH}/changes/${id}">${words}</a>`;
  const facts: (readonly [string, Html | string] | null)[] = [
    ['Person', html`${person.name} <small class="soft">${person.email}</small>`],
    [
      'Access',
      html`${titleOf(context, change.entitlementKey)} <small class="soft">${change.entitlementKey}</small>`,
    ],
    ['Why', causeWords[change.cause]],
    change.reason === '' ? null : ['Reason given', change.reason],
    change.ticket === null ? null : ['Ticket', change.ticket],
    change.requestedSeconds === null ? null : ['Asked for', durationInWords(change.requestedSeconds)],
    ['Asked', time(change.requestedAt)],
    ...change.approvals.map(
      ({ name, at, stepUp }) =>
        [
          'Approved by',
          html`${name}, ${time(at)}${stepUp === undefined ? '' : ', after a fresh sign-in'}`,
        ] as const,
    ),
    change.decision === null || change.approvals.length > 0
      ? null
      : [
          'Decided by',
          html`${change.decision.byName}, ${time(change.decision.at)}${change.decision.note === null ? '' : html`: ${change.decision.note}`}`,
        ],
    change.verdict === null || change.verdict.grounds.length === 0
      ? null
      : ['Rules that spoke', change.verdict.grounds.map(({ text }) => text).join('; ')],
    change.grant === null ? null : ['Ends', time(change.grant.endsAt)],
    ending === null ? null : ['Taken away by', linkTo(ending.id, causeWords[ending.cause])],
    change.target === null
      ? null
      : ['Group and team', `${change.target.groupName} → ${change.target.teamName}`],
  ];
  return html`<dl class="card">${facts.map((fact) => fact !== null && html`<dt>${fact[0]}</dt><dd>${fact[1]}</dd>`)}</dl>`;
}

const points: readonly (readonly [keyof Legs, string, keyof ReturnType<typeof legTimes> | null])[] = [
  ['decidedAt', 'decided', null],
  ['idpWrittenAt', 'written', 'decisionToIdp'],
  ['scimPushedAt', 'pushed to Latchkey', 'idpToScim'],
  ['deliveredAt', 'put into the Anypoint team', 'scimToDelivery'],
  ['seenAt', 'seen in MuleSoft', 'deliveryToSeen'],
];

/** When each point of the way was reached, how long it took, and where it is stuck. */
function legsHtml(
  change: Change,
  idp: string,
  { objectiveMs, as }: { objectiveMs: number; as: Shown },
): Html {
  const times = legTimes(change.legs, change.signedInAt);
  const { total } = times;
  const whole =
    total === null
      ? html`<p>It has not been seen in MuleSoft${change.decision === null ? ': nothing is decided yet' : ''}.</p>`
      : html`<p>${badge(total <= objectiveMs ? 'good' : 'bad', elapsedInWords(total))} from the decision until it was seen in MuleSoft; the objective is ${elapsedInWords(objectiveMs)}.</p>`;
  const late =
    change.late === null
      ? ''
      : html`<p>${badge('bad', 'was late')} ${as.time(change.late.at)}: stuck at ${legName(legOrder.find((leg) => leg === change.late?.leg) ?? 'delivery', idp, change.target?.delivery)}. ${change.late.why}</p>`;
  return html`<div class="card">${whole}${late}<dl>${points.map(([point, words, leg]) => {
    const at = change.legs[point];
    const ms = leg === null ? null : times[leg];
    const what = point === 'idpWrittenAt' ? `${words} in ${idp}` : words;
    return html`<dt>${what}</dt><dd>${at === null ? '–' : html`${as.exact(at)}${ms === null ? '' : html` <small class="soft">+ ${elapsedInWords(ms)}</small>`}`}</dd>`;
  })}</dl></div>`;
}
