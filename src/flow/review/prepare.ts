import type { EntitlementKey } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import type { Campaign, Scope } from '../../core/review/campaign.ts';
import { insightOf } from '../../core/review/insight.ts';
import { type CountedReview, type LineFacts, mayKeepInBulk } from '../../core/review/line.ts';
import { lastComparison } from '../../store/reconcile/runs.ts';
import { countLines, makeReviewers } from '../../store/review-progress.ts';
import {
  type Apart,
  askedOnCards,
  type GatheredLine,
  lastClosed,
  type ManagedGroup,
  peersByDepartment,
  type RawLine,
  rawLines,
  takeSnapshot,
  writeGathered,
} from '../../store/review-snapshot.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, type Data, done, type Ran } from '../kernel/context.ts';
import { createFindReviewers, type FindReviewers } from './reviewers.ts';

/** Lines gathered in one commit. */
const PAGE = 2_000;
/** A run works so long before it gives its lane back; the rest is taken up at once. */
const RUN_MS = 5_000;
/** Until IdP and Anypoint have said which groups and teams there are, it is asked again after so long. */
const UNCHECKED_MS = 2_000;
/** Before the first campaign of an entitlement a card that is older than this counts for nothing. */
const COUNTED_DAYS = 90;

/**
 * Prepares a campaign: fixes who holds what in one statement, then gathers facts and reviewers page by page, each page
 * a commit. So it goes on where it was, whatever is killed: lines without facts are what is left.
 */
export async function prepareCampaign(
  context: Context,
  { campaignId }: Extract<Job, { job: 'prepareCampaign' }>,
): Promise<Ran> {
  return await context.locks.withLock(`prepareCampaign:${campaignId}`, async () => {
    const found = await readCampaign(context.db, campaignId);
    if (found === null || found.state !== 'preparing') return done;
    // Of a group that is not known yet it can't be said that nobody is in it.
    if (found.snapshotAt === null && isAnyUnchecked(context, found.scope)) return { againInMs: UNCHECKED_MS };
    const campaign = found.snapshotAt === null ? await takeIt(context, found) : found;
    if (campaign === null) return done;
    const gather = await createGather(context, campaign);
    const until = performance.now() + RUN_MS;
    do {
      if ((await gather()) < PAGE) {
        await finish(context, campaign);
        return done;
      }
    } while (performance.now() < until);
    return { againInMs: 0 };
  });
}

/** The entitlements that a scope covers. The canary's is a measurement and nobody's access. */
export function covered(catalogue: Pick<Data['catalogue'], 'current'>, scope: Scope): Entitlement[] {
  const { entitlements, canary } = catalogue.current();
  return entitlements.filter(
    ({ key, tier }) =>
      key !== canary?.entitlement &&
      (scope.entitlements === null || scope.entitlements.includes(key)) &&
      (scope.tiers === null || scope.tiers.includes(tier)),
  );
}

function isAnyUnchecked(context: Pick<Context, 'catalogue'>, scope: Scope): boolean {
  return covered(context.catalogue, scope).some(
    ({ key }) => context.catalogue.status(key).status === 'unchecked',
  );
}

function groupOf(context: Pick<Context, 'catalogue'>, key: EntitlementKey): string | null {
  const status = context.catalogue.status(key);
  return status.status === 'unchecked' ? null : (status.target?.groupId ?? null);
}

async function takeIt(context: Context, campaign: Campaign): Promise<Campaign | null> {
  const all = covered(context.catalogue, campaign.scope);
  const managed = all.flatMap(({ key, birthright }): ManagedGroup[] => {
    const groupId = groupOf(context, key);
    return groupId === null ? [] : [{ groupId, entitlementKey: key, hasRule: birthright !== null }];
  });
  const comparedAt = (await lastComparison(context.db))?.startedAt ?? null;
  return await commit(context.db, async (unit) => {
    const locked = await unit.campaign(campaign.id);
    if (locked === null || locked.state !== 'preparing' || locked.snapshotAt !== null)
      return { result: locked };
    const lines = await takeSnapshot(unit.tx, campaign.id, { scope: campaign.scope, managed }, unit.now);
    return {
      result: { ...locked, snapshotAt: unit.now, comparedAt },
      events: [
        {
          type: 'snapshotTaken',
          campaignId: campaign.id,
          at: unit.now,
          actor: { part: 'latchkey' },
          keys: all.map(({ key }) => key),
          lines,
          comparedAt,
        },
      ],
    };
  });
}

/** Gathers a page of lines; answers how many there were. */
async function createGather(context: Context, campaign: Campaign): Promise<() => Promise<number>> {
  const { entitlements } = context.catalogue.current();
  const apart = entitlements.flatMap(({ key, conflicts }) =>
    conflicts.flatMap((conflict): Apart[] => {
      const other = context.catalogue.entitlement(conflict.with);
      const groupId = other === null ? null : groupOf(context, other.key);
      return other === null || groupId === null ? [] : [{ entitlementKey: key, groupId, title: other.title }];
    }),
  );
  const groupIds = entitlements.flatMap(({ key }) => groupOf(context, key) ?? []);
  const known: Known = {
    campaign,
    peers: await peersByDepartment(context.db, [...new Set(groupIds)]),
    since: await lastClosed(
      context.db,
      entitlements.map(({ key }) => key),
    ),
  };
  const find = createFindReviewers(context, campaign);
  return async () => {
    const page = await rawLines(context.db, campaign.id, apart, PAGE);
    if (page.length === 0) return 0;
    await find.meet(page.map(({ manager }) => manager));
    const lines: GatheredLine[] = [];
    for (const raw of page) lines.push(await gathered(context, known, raw, find));
    await commit(context.db, async (unit) => {
      await writeGathered(unit.tx, campaign.id, lines);
      return { result: null };
    });
    return page.length;
  };
}

type Known = {
  campaign: Campaign;
  peers: Awaited<ReturnType<typeof peersByDepartment>>;
  /** When each entitlement was last reviewed by a campaign, by key. */
  since: ReadonlyMap<string, Date>;
};

async function gathered(
  context: Data,
  known: Known,
  raw: RawLine,
  find: FindReviewers,
): Promise<GatheredLine> {
  const entitlement = context.catalogue.entitlement(raw.entitlementKey);
  const facts = factsOf(context, known, raw, entitlement);
  const at = known.campaign.snapshotAt ?? known.campaign.openedAt;
  const insight = insightOf(facts, at);
  const reviewer = await find.of({ entitlement, manager: raw.manager, personId: raw.personId });
  return {
    n: raw.n,
    facts,
    insight: insight.kind,
    inBulkAllowed: mayKeepInBulk({ tier: facts.tier, kind: raw.kind, insight }),
    reviewerId: reviewer?.id ?? null,
    isCounted: facts.counted !== null,
  };
}

function factsOf(context: Data, known: Known, raw: RawLine, entitlement: Entitlement | null): LineFacts {
  const { peers } = known;
  const byDepartment = peers.holders.get(raw.groupId) ?? new Map<string, number>();
  const holders = [...byDepartment.values()].reduce((sum, n) => sum + n, 0);
  const status = context.catalogue.status(raw.entitlementKey);
  const target = status.status === 'unchecked' ? null : status.target;
  const isRule = raw.kind === 'rule';
  return {
    person: isRule
      ? null
      : {
          name: raw.name ?? '',
          email: raw.email ?? '',
          department: raw.department,
          title: raw.title,
          status: raw.status ?? 'active',
        },
    title: entitlement?.title ?? raw.entitlementKey,
    // What left the catalogue is nobody's to wave through.
    tier: entitlement?.tier ?? 'critical',
    group: target?.groupName ?? raw.groupId,
    target: target?.groupId === raw.groupId ? target : null,
    sinceAt: raw.since,
    endsAt: raw.endsAt,
    approved:
      raw.approvedBy === null || raw.approvedAt === null
        ? null
        : { by: raw.approvedBy, at: raw.approvedAt, reason: raw.reason ?? '' },
    ...(raw.lastUsedAt === null && raw.silentSinceAt === null
      ? {}
      : { lastUsedAt: raw.lastUsedAt, silentSinceAt: raw.silentSinceAt }),
    conflicts: raw.conflicts ?? [],
    peers: {
      holders: Math.max(0, holders - 1),
      inDepartment: Math.max(0, (byDepartment.get(raw.department ?? '') ?? 0) - 1),
      department: Math.max(0, (peers.departments.get(raw.department ?? '') ?? 0) - 1),
    },
    isNobodys: !isRule && raw.manager === null && raw.department === null && raw.title === null,
    counted: countedOf(known, raw),
    rule: isRule
      ? { departments: entitlement?.birthright?.departments ?? [], people: raw.heldByRule ?? 0 }
      : null,
  };
}

/** A card that asked about this membership since it was last reviewed, and was answered with "keep". */
function countedOf({ campaign, since }: Known, raw: RawLine): CountedReview | null {
  const at = campaign.snapshotAt ?? campaign.openedAt;
  const from = since.get(raw.entitlementKey) ?? new Date(at.getTime() - COUNTED_DAYS * 86_400_000);
  const answers: CountedReview[] = [];
  if (raw.cause === 'finding' && raw.approvedBy !== null && raw.approvedAt !== null)
    answers.push({ by: raw.approvedBy, at: raw.approvedAt, what: 'finding' });
  if (raw.movedBy !== null && raw.movedAt !== null)
    answers.push({ by: raw.movedBy, at: raw.movedAt, what: 'move' });
  if (raw.answeredBy !== null && raw.answeredAt !== null)
    answers.push({ by: raw.answeredBy, at: raw.answeredAt, what: 'unused' });
  const counting = answers.filter((answer) => answer.at >= from && (raw.conflicts ?? []).length === 0);
  return counting.toSorted((a, b) => b.at.getTime() - a.at.getTime())[0] ?? null;
}

async function finish(context: Context, campaign: Campaign): Promise<void> {
  const onCards = await askedOnCards(
    context.db,
    covered(context.catalogue, campaign.scope).map(({ key }) => key),
  );
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.campaign(campaign.id);
      if (locked?.state !== 'preparing') return { result: null };
      const reviewers = await makeReviewers(unit.tx, campaign.id);
      const counts = await countLines(unit.tx, campaign.id);
      return {
        result: null,
        events: [
          {
            type: 'campaignPrepared',
            campaignId: campaign.id,
            at: unit.now,
            actor: { part: 'latchkey' },
            prepared: {
              lines: counts.all,
              rules: counts.rules,
              byRule: counts.byRule,
              counted: counts.byDecision.counted ?? 0,
              withoutReviewer: counts.withoutReviewer,
              reviewers,
              onCards,
            },
          },
        ],
      };
    },
    context.nudge,
  );
}
