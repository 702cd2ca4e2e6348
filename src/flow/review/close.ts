import { sign } from '../../audit/sign.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import type { Certificate, CertificateLine } from '../../core/review/certificate.ts';
import { canClose, type ObjectionAnswer } from '../../core/review/close.ts';
import { insightOf } from '../../core/review/insight.ts';
import type { LineDecision, LineFacts } from '../../core/review/line.ts';
import { countedInWords } from '../../core/review/words.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { objectionsOf, revokesOf } from '../../store/review-carrying.ts';
import { type CertifiedLine, certifiedLines, keepCertificate } from '../../store/review-certificates.ts';
import { countLines } from '../../store/review-progress.ts';
import { revive } from '../../store/revive.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

const PAGE = 5_000;
const HOUR_MS = 3_600_000;

/**
 * Closes a campaign of which MuleSoft shows all. The certificate is signed and kept in the same commit: who reviewed
 * what, when, on what evidence and how long it took.
 */
export async function closeCampaign(context: Context, campaign: Campaign): Promise<void> {
  const madeAt = await databaseNow(context.db);
  const certificate = await certificateOf(context, campaign, madeAt);
  const signed = await sign(context.db, 'latchkey-review', JSON.stringify(certificate));
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.campaign(campaign.id);
      if (locked?.state !== 'closing') return { result: null };
      const revokes = await revokesOf(unit.tx, campaign.id);
      // Something moved while it was written: the next look closes it.
      if (!canClose(revokes, await objectionsOf(unit.tx, campaign.id))) return { result: null };
      await keepCertificate(unit.tx, campaign.id, { madeAt, ...signed });
      return {
        result: null,
        events: [
          {
            type: 'campaignClosed',
            campaignId: campaign.id,
            at: unit.now,
            actor: { part: 'latchkey' },
            certificate: { sha256: signed.sha256, kid: signed.kid },
          },
        ],
      };
    },
    context.nudge,
  );
}

async function certificateOf(context: Context, campaign: Campaign, closedAt: Date): Promise<Certificate> {
  const lines: CertificateLine[] = [];
  for (let after = 0; ; ) {
    const page = await certifiedLines(context.db, campaign.id, after, PAGE);
    lines.push(...page.map((line) => lineOf(campaign, line)));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.n;
  }
  const hours = (until: Date | null) =>
    campaign.startedAt === null || until === null
      ? null
      : Math.round(((until.getTime() - campaign.startedAt.getTime()) / HOUR_MS) * 100) / 100;
  return {
    type: 'latchkey access review certificate',
    version: 2,
    installation: { identityProvider: context.idps.name },
    campaign: {
      id: campaign.id,
      name: campaign.name,
      startedBy:
        campaign.startedBy?.name ?? (campaign.cause === 'cadence' ? 'cadence of the catalogue' : 'operator'),
      scope: campaign.scope,
      reviewers: campaign.reviewers,
      overdue: campaign.overdue,
      comparedAt: iso(campaign.comparedAt),
      snapshotAt: iso(campaign.snapshotAt),
      startedAt: iso(campaign.startedAt),
      dueAt: iso(campaign.dueAt),
      extendedAt: iso(campaign.extendedAt),
      decidedAt: iso(campaign.decidedAt),
      closedAt: closedAt.toISOString(),
      hoursToDecide: hours(campaign.decidedAt),
      hoursToClose: hours(closedAt),
    },
    counts: { lines: lines.length, ...countsOf((await countLines(context.db, campaign.id)).byDecision) },
    onCardsOfTheirOwn: campaign.prepared?.onCards ?? 0,
    lines,
  };
}

function lineOf(campaign: Campaign, line: CertifiedLine): CertificateLine {
  const facts = revive<LineFacts>(line.facts);
  const { person, approved, counted } = facts;
  return {
    line: line.n,
    kind: line.kind,
    person: person?.name ?? null,
    email: person?.email ?? null,
    department: person?.department ?? facts.rule?.departments.join('; ') ?? null,
    personStatus: person?.status ?? null,
    entitlement: line.entitlementKey,
    title: facts.title,
    tier: facts.tier,
    group: facts.group,
    heldSince: iso(facts.sinceAt),
    endsAt: iso(facts.endsAt),
    approvedBy: approved?.by ?? null,
    approvedAt: iso(approved?.at ?? null),
    lastUsedAt: iso(facts.lastUsedAt ?? null),
    conflicts: facts.conflicts,
    insight: insightOf(facts, campaign.snapshotAt ?? campaign.openedAt).text,
    decision: certifiedAs(line.decision),
    comment: line.comment,
    objectionAnswer: answerInWords(line.answer),
    reviewer: line.decidedBy ?? (line.decision === 'revoke' ? 'rule of the campaign' : null),
    reviewerEmail: line.decidedByEmail,
    decidedAt: line.decidedAt.toISOString(),
    inBulk: line.inBulk,
    secondsTaken: line.seconds === null ? null : Math.round(line.seconds * 10) / 10,
    handedOn: line.handedOn,
    countedFrom: counted === null ? null : countedInWords(counted),
    revoke: line.revokeId,
    revokedAt: iso(line.revokeDecidedAt),
    goneFromMuleSoftAt: iso(line.goneAt),
    muleSoftNote: muleSoftNote(line),
  };
}

/** "Gone" is what MuleSoft shows; what ended by itself has ended. */
function certifiedAs(decision: LineDecision): string {
  return decision === 'gone' ? 'ended' : decision;
}

function countsOf(byDecision: Partial<Record<LineDecision, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(byDecision).map(([decision, n]) => [certifiedAs(decision as LineDecision), n]),
  );
}

function answerInWords(stored: CertifiedLine['answer']): string | null {
  if (stored === null) return null;
  const { by, why, at } = revive<ObjectionAnswer>(stored);
  return by === null ? `${why} (${at.toISOString()})` : `kept by ${by.name}: ${why} (${at.toISOString()})`;
}

function muleSoftNote({ decision, revokeId, revokeState, seenNote }: CertifiedLine): string | null {
  if (revokeId === null)
    return decision === 'gone'
      ? 'not taken away by Latchkey, and MuleSoft was not looked at'
      : decision === 'doNotRenew'
        ? 'held until its end'
        : null;
  return revokeState === 'superseded' ? 'given again after the decision' : seenNote;
}

function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
