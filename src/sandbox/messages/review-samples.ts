import type { CampaignId, EntitlementKey } from '../../core/ids.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import { refuse } from '../../core/refusal.ts';
import { type Campaign, everything, evolveCampaign } from '../../core/review/campaign.ts';
import type { Objection, RevokeProgress } from '../../core/review/close.ts';
import { insightOf } from '../../core/review/insight.ts';
import type { LineFacts, LineKind, ReviewerChoice } from '../../core/review/line.ts';
import type { CampaignView, ReviewView } from '../../flow/review/view.ts';
import { campaignForm } from '../../slack/review/campaign-form.ts';
import { keepRuleForm } from '../../slack/review/objection-form.ts';
import { commentForm, confirmForm, handOnForm, linesForm } from '../../slack/review/review-form.ts';
import type { ReviewedLine } from '../../store/review-lines.ts';
import { after, CHANNEL, type FormSample, named, nameOf, personId, type Sample, T0 } from './sample.ts';

const DAY = 86_400;

const opened = evolveCampaign(null, {
  type: 'campaignOpened',
  campaignId: '00000000-0000-4000-8000-00000000ca3e' as CampaignId,
  at: T0,
  actor: { person: personId('sam'), name: nameOf('sam') },
  cause: 'person',
  startedBy: { id: personId('sam'), name: nameOf('sam') },
  plan: {
    name: 'First quarter',
    scope: { ...everything, tiers: ['high', 'critical'] },
    reviewers: 'owner',
    fallback: [],
    dueSeconds: 14 * DAY,
    overdue: 'revoke',
    extendSeconds: 7 * DAY,
  },
});
const ready: Campaign = {
  ...opened,
  state: 'ready',
  version: 3,
  snapshotAt: T0,
  prepared: { lines: 42, rules: 1, byRule: 1_204, counted: 3, withoutReviewer: 0, reviewers: 2, onCards: 1 },
  comparedAt: T0,
};
const open: Campaign = { ...ready, state: 'open', startedAt: after(60), dueAt: after(14 * DAY) };
const closed: Campaign = {
  ...open,
  state: 'closed',
  decidedAt: after(9 * DAY),
  closedAt: after(9 * DAY + 40),
  certificate: { sha256: 'a'.repeat(64), kid: 'kid' },
};

const reviewer: ReviewView['reviewer'] = {
  id: '00000000-0000-4000-8000-00000000ca3f',
  personId: personId('olga'),
  name: nameOf('olga'),
  email: 'olga@acme.example',
  accountId: named('olga').accountId,
  status: 'active',
  reminders: [],
  lines: 30,
  decided: 0,
  drafted: 0,
};

const none: RevokeProgress = {
  all: 0,
  seen: 0,
  givenAgain: 0,
  late: [],
  failed: 0,
  uncarried: 0,
  unknown: 0,
};

const preview: CampaignView = {
  idpName: 'Okta',
  campaign: ready,
  refusal: null,
  counts: { all: 42, undecided: 39, withoutReviewer: 0, rules: 1, byRule: 1_204, byDecision: { counted: 3 } },
  byEntitlement: [
    { key: 'orders-api-deploy', title: 'Orders API: deploy to prod', lines: 30, withoutReviewer: 0 },
    { key: 'platform-admin', title: 'Anypoint platform administration', lines: 12, withoutReviewer: 0 },
  ],
  reviewers: [reviewer, { ...reviewer, id: 'x', name: nameOf('sam'), lines: 12, accountId: null }],
  revokes: none,
  objections: [],
  to: [named('sam')],
  isInstead: false,
};

const objection: Objection = {
  n: 1,
  entitlementKey: 'orders-api-read' as EntitlementKey,
  title: 'Orders API: read logs and messages in prod',
  departments: ['Orders', 'Support'],
  by: nameOf('olga'),
  comment: 'Support does not need it any more',
  answer: null,
};

export function campaignSamples(): Sample<CampaignView>[] {
  return [...begunSamples(), ...decidedSamples()];
}

function begunSamples(): Sample<CampaignView>[] {
  const underway: CampaignView = { ...preview, campaign: open };
  return [
    { title: 'The preview', view: preview },
    {
      title: 'The preview of one that can’t be started',
      view: {
        ...preview,
        refusal: refuse(
          'noReviewer',
          '2 lines have nobody who could review.',
          'Name an owner, then prepare it anew.',
        ),
        byEntitlement: [{ key: 'a', title: 'Orders API: deploy to prod', lines: 42, withoutReviewer: 2 }],
      },
    },
    { title: 'Started', view: underway },
    { title: 'Overdue', view: { ...underway, campaign: { ...open, overdueAt: after(14 * DAY) } } },
  ];
}

function decidedSamples(): Sample<CampaignView>[] {
  const over = {
    ...preview.counts,
    undecided: 0,
    byDecision: { keep: 35, revoke: 3, object: 1, counted: 3 },
  };
  return [
    {
      title: 'Decided, and one revoke is late',
      view: {
        ...preview,
        campaign: { ...open, state: 'closing', decidedAt: after(9 * DAY) },
        counts: over,
        revokes: { ...none, all: 3, seen: 2, late: [{ leg: 'scimPush', count: 1 }] },
      },
    },
    {
      title: 'Decided, and a rule is objected to',
      view: {
        ...preview,
        campaign: { ...open, state: 'closing', decidedAt: after(9 * DAY) },
        counts: over,
        revokes: { ...none, all: 3, seen: 1, givenAgain: 1, unknown: 1 },
        objections: [objection],
      },
    },
    {
      title: 'Closed',
      view: {
        ...preview,
        campaign: closed,
        counts: over,
        revokes: { ...none, all: 3, seen: 3 },
      },
    },
    {
      title: 'Cancelled',
      view: {
        ...preview,
        campaign: {
          ...ready,
          state: 'cancelled',
          cancelled: { by: nameOf('sam'), why: 'cancelled by hand', at: after(60) },
        },
      },
    },
  ];
}

export function reviewSamples(): Sample<ReviewView>[] {
  const to = named('olga');
  const half = { ...reviewer, decided: 12, drafted: 4 };
  return [
    { title: 'A reviewer is asked', view: { campaign: open, reviewer, to, instead: [], delegate: null } },
    {
      title: 'A reviewer can’t be written to: the admins are told',
      view: { campaign: open, reviewer, to: { ...to, accountId: null }, instead: [to], delegate: null },
    },
    {
      title: 'A reviewer is away: their delegate is asked too',
      view: { campaign: open, reviewer, to, instead: [], delegate: named('sam') },
    },
    {
      title: 'Half way, reminded',
      view: {
        campaign: open,
        reviewer: { ...half, reminders: ['week', 'day'] },
        to,
        instead: [],
        delegate: null,
      },
    },
    {
      title: 'Overdue',
      view: {
        campaign: open,
        reviewer: { ...half, reminders: ['due', 'late1'] },
        to,
        instead: [],
        delegate: null,
      },
    },
    {
      title: 'All decided',
      view: { campaign: open, reviewer: { ...reviewer, decided: 30 }, to, instead: [], delegate: null },
    },
    {
      title: 'Closed',
      view: { campaign: closed, reviewer: { ...reviewer, decided: 30 }, to, instead: [], delegate: null },
    },
    {
      title: 'All handed on',
      view: { campaign: open, reviewer: { ...reviewer, lines: 0 }, to, instead: [], delegate: null },
    },
  ];
}

function lineOf(
  n: number,
  kind: LineKind,
  facts: Partial<LineFacts>,
  draft: ReviewerChoice | null = null,
): ReviewedLine {
  const whole: LineFacts = {
    person: {
      name: nameOf('ines'),
      email: 'ines@acme.example',
      department: 'Orders',
      title: 'Intern',
      status: 'active',
    },
    title: 'Orders API: deploy to prod',
    tier: 'high',
    group: 'anypoint-orders-deploy',
    target: null,
    sinceAt: after(-90 * DAY),
    endsAt: after(5 * DAY),
    approved: { by: nameOf('tom'), at: after(-90 * DAY), reason: 'Deploys' },
    conflicts: [],
    peers: { holders: 12, inDepartment: 3, department: 9 },
    isNobodys: false,
    counted: null,
    rule: null,
    ...facts,
  };
  return {
    n,
    kind,
    personId: personId('ines'),
    entitlementKey: 'orders-api-deploy' as EntitlementKey,
    groupId: 'group',
    facts: whole,
    insight: insightOf(whole, T0),
    isBulkAllowed: false,
    handedOn: null,
    draft,
    draftComment: null,
    decision: null,
    advice: null,
  };
}

export function reviewForms(catalogue: Catalogue): FormSample[] {
  const key = { review: reviewer.id, channel: CHANNEL, page: 0 };
  const lines = [
    lineOf(1, 'rule', { person: null, rule: { departments: ['Orders', 'Support'], people: 1_204 } }),
    lineOf(2, 'grant', {}, 'keep'),
    lineOf(3, 'grant', { conflicts: ['Anypoint platform administration'] }, 'revoke'),
    lineOf(4, 'baseline', { approved: null, endsAt: null, lastUsedAt: null }),
    lineOf(5, 'grant', { lastUsedAt: after(-80 * DAY) }),
  ];
  const drafts = [
    { n: 2, draft: 'keep' as const },
    { n: 3, draft: 'revoke' as const },
  ];
  const page = { lines, count: 30, page: 0, pages: 2, drafts };
  const [first] = lines as [ReviewedLine];
  return [
    {
      title: 'Review',
      view: linesForm(
        { campaign: open, reviewer, as: { id: reviewer.personId, name: reviewer.name } },
        page,
        key,
      ),
    },
    { title: 'Review: submit', view: confirmForm(page, key) },
    { title: 'Review: hand it on', view: handOnForm(first, key) },
    { title: 'Review: comment', view: commentForm(first, key) },
    {
      title: 'Review: keep the rule',
      view: keepRuleForm(objection, { campaign: ready.id, channel: CHANNEL, n: 1 }),
    },
    { title: '/access review', view: campaignForm({ current: () => catalogue }, CHANNEL) },
  ];
}
