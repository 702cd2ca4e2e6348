import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { type ListedCampaign, type ListedLine, listCampaigns, listLines } from '../../store/page/reviews.ts';
import { html } from '../html.ts';
import { titleOf } from './change-words.ts';
import { badge } from './layout.ts';
import { list } from './pages.ts';

const moods: Readonly<Record<ListedCampaign['campaign']['state'], string>> = {
  preparing: 'moving',
  ready: 'waiting',
  open: 'waiting',
  closing: 'moving',
  closed: 'good',
  cancelled: 'over',
};

export const reviewsPage = list<ListedCampaign>({
  path: '/reviews',
  title: 'Access reviews',
  about:
    'Reviews of who holds what, with how far they are. A line is one person and one access, or one rule.',
  rule: 'own',
  inMenu: true,
  filters: () => [],
  columns: [
    {
      key: 'name',
      title: 'Review',
      is: 'text',
      value: ({ campaign }) => campaign.name,
      show: ({ campaign }) =>
        html`<a href="${PAGE_PATH}/review-lines?campaign=${campaign.id}">${campaign.name}</a>`,
    },
    {
      key: 'state',
      title: 'State',
      is: 'text',
      value: ({ campaign }) => campaign.state,
      show: ({ campaign: { state, overdueAt } }) =>
        badge(
          overdueAt !== null && state === 'open' ? 'bad' : moods[state],
          overdueAt !== null && state === 'open' ? 'overdue' : state,
        ),
    },
    { key: 'openedAt', title: 'Opened', is: 'time', value: ({ campaign }) => campaign.openedAt },
    { key: 'dueAt', title: 'Due', is: 'time', value: ({ campaign }) => campaign.dueAt },
    { key: 'lines', title: 'Lines', is: 'number', value: ({ lines }) => lines },
    {
      key: 'decided',
      title: 'Decided',
      is: 'number',
      value: ({ decided }) => decided,
      show: ({ lines, decided }) =>
        `${decided}${lines === 0 ? '' : ` (${Math.floor((decided / lines) * 100)} %)`}`,
    },
    { key: 'revoked', title: 'Taken away', is: 'number', value: ({ revoked }) => revoked },
    { key: 'closedAt', title: 'Closed', is: 'time', value: ({ campaign }) => campaign.closedAt },
    {
      key: 'certificate',
      title: 'SHA-256 of the certificate',
      is: 'text',
      value: ({ campaign }) => campaign.certificate?.sha256 ?? null,
      isHidden: true,
    },
    { key: 'id', title: 'Id', is: 'text', value: ({ campaign }) => campaign.id, isHidden: true },
  ],
  read: async ({ context, sight }, portion) => await listCampaigns(context.db, sight, portion),
  empty: ({ context }) =>
    html`<p>There is no access review that you could see.</p><p>An admin begins one in ${context.chat.name}, or the catalogue by <code>review: { every: 90d }</code> at an entitlement.</p>`,
});

type Row = ListedLine & { context: Context };

const choices = {
  open: 'not decided',
  keep: 'keep',
  revoke: 'revoke',
  doNotRenew: 'do not renew',
  object: 'object to the rule',
  gone: 'gone by itself',
  counted: 'asked about before',
} as const;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The lines of one review; of the newest, where none is named. */
export const reviewLinesPage = list<Row>({
  path: '/review-lines',
  title: 'Lines of a review',
  ids: 'number',
  about: 'Who holds what as the review found it, who was asked, and what they decided.',
  rule: 'own',
  inMenu: false,
  filters: () => [
    { name: 'campaign', label: 'Review (id)', is: 'text' },
    { name: 'decision', label: 'Decision', is: 'choice', options: Object.entries(choices) },
  ],
  columns: [
    {
      key: 'person',
      title: 'Person',
      is: 'text',
      value: ({ facts, kind }) =>
        kind === 'rule' ? 'everybody of a department, by rule' : (facts?.person?.name ?? null),
    },
    {
      key: 'email',
      title: 'E-mail',
      is: 'text',
      value: ({ facts }) => facts?.person?.email ?? null,
      isHidden: true,
    },
    {
      key: 'access',
      title: 'Access',
      is: 'text',
      value: ({ context, facts, entitlementKey }) => facts?.title ?? titleOf(context, entitlementKey),
    },
    { key: 'since', title: 'Since', is: 'time', value: ({ facts }) => facts?.sinceAt ?? null },
    { key: 'reviewer', title: 'Reviewer', is: 'text', value: ({ reviewer }) => reviewer },
    {
      key: 'decision',
      title: 'Decision',
      is: 'text',
      value: ({ decision }) => decision,
      show: ({ decision }) =>
        decision === null
          ? badge('waiting', choices.open)
          : badge(
              decision === 'revoke' ? 'no' : 'over',
              choices[decision as keyof typeof choices] ?? decision,
            ),
    },
    { key: 'decidedBy', title: 'By', is: 'text', value: ({ decidedBy }) => decidedBy },
    { key: 'decidedAt', title: 'When', is: 'time', value: ({ decidedAt }) => decidedAt },
    { key: 'comment', title: 'Comment', is: 'text', value: ({ comment }) => comment },
    { key: 'carriedAt', title: 'Carried out', is: 'time', value: ({ carriedAt }) => carriedAt },
  ],
  async read({ context, sight, query }, portion) {
    const newest = async () =>
      (await listCampaigns(context.db, sight, { limit: 1, after: null })).rows[0]?.campaign.id;
    const campaign = query.campaign ?? (await newest());
    if (campaign === undefined || !UUID.test(campaign)) return { rows: [], next: null };
    const { decision } = query;
    const { rows, next } = await listLines(context.db, sight, { campaign, decision }, portion);
    return { rows: rows.map((row) => ({ ...row, context })), next };
  },
  empty: () =>
    html`<p>No line of this review fits, or none is yours to see.</p><p><a href="${PAGE_PATH}/reviews">All reviews</a></p>`,
});
