import { type Entitlement, type EscalationRung, sourceInWords } from '../policy/catalogue.ts';
import { rungsAsked } from '../policy/ladder.ts';
import { type ApproverPlan, type ApproverStage, distinct, openStage } from '../policy/routing.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Change } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { Base } from './revert.ts';
import { counted } from './step-up.ts';

/**
 * Pure: another stage waits than before. It has as long to answer as the one before had. Empty: it is the same stage.
 */
export function stageOpened(change: Change, stage: number, base: Base): ChangeEvent[] {
  const { clock, lapsesAt } = change;
  if (stage === (clock?.stage ?? 0)) return [];
  const since = clock?.askedAt ?? change.requestedAt;
  const answerMs = lapsesAt === null ? null : lapsesAt.getTime() - since.getTime();
  return [
    {
      ...base,
      type: 'stageOpened',
      stage,
      lapsesAt: answerMs === null ? null : new Date(base.at.getTime() + answerMs),
    },
  ];
}

/**
 * Pure: what else has happened to a change that was put to people just now. Approvals given before may open a later
 * stage, and a stage that left nobody has climbed the ladder already.
 */
export function sinceAsked(
  change: Change,
  { verdict, entitlement, now }: { verdict: Pick<Verdict, 'holds'>; entitlement: Entitlement; now: Date },
): ChangeEvent[] {
  const { plan, clock } = change;
  const { escalation = [] } = entitlement;
  const base: Base = { changeId: change.id, at: now, actor: { part: 'latchkey' } };
  if (change.state !== 'asking' || plan === null) return [];
  const { n, stage } = openStage(plan, counted(change.approvals, verdict));
  const rung = Math.min(stage.rungs?.length ?? 0, escalation.length);
  const climbed: ChangeEvent[] =
    rung <= rungsAsked(clock, n)
      ? []
      : [
          {
            ...base,
            type: 'approversEscalated',
            rung,
            why: isForAbsence(plan, stage) ? 'away' : 'nobodyLeft',
            to: rungInWords(escalation[rung - 1]),
          },
        ];
  return [...stageOpened(change, n, base), ...climbed];
}

/** Whether the ladder was climbed in this stage because people of it are away. */
export function isForAbsence({ absent = [] }: Pick<ApproverPlan, 'absent'>, stage: ApproverStage): boolean {
  return distinct(stage.slots).some(({ id }) => absent.some((one) => one.id === id));
}

/** That it is put to people, with what else has happened by that. */
export function withFollowing(
  change: Change,
  asked: ChangeEvent,
  given: Parameters<typeof sinceAsked>[1],
): ChangeEvent[] {
  return [asked, ...sinceAsked(evolve(change, asked), given)];
}

/** The people whom a rung asks, within a sentence: `the owner or the catalogue’s admins`. */
export function rungInWords(rung: EscalationRung | null | undefined): string {
  return (rung?.to ?? []).map((source) => sourceInWords(source)).join(' or ');
}
