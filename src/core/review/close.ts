import type { Leg } from '../change/change.ts';
import type { EntitlementKey, PersonId } from '../ids.ts';
import type { CarriedElsewhere } from '../policy/delivery.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Campaign, CampaignEvent } from './campaign.ts';

/** Why a decided line can't be carried out yet. `targetUnknown`: nobody can tell which group and team it is of. */
export type CarryTrouble = 'targetUnknown';

/** How far what was taken away is. What ended by itself is in it, where a revoke of Latchkey's took it away. */
export type RevokeProgress = {
  /** On their way or further. */
  all: number;
  /** MuleSoft agrees. */
  seen: number;
  /** Given again after the decision, so there is nothing to see. */
  givenAgain: number;
  /** `delivery`: who carries it, where that is not Latchkey. */
  late: { leg: Leg; delivery?: CarriedElsewhere; count: number }[];
  failed: number;
  /** Decided, and not on its way yet: revokes, and grants to be marked. */
  uncarried: number;
  /** Held, and it can't be told from which group and team it is to be taken. That is never "gone". */
  unknown: number;
};

/** Who answered an objection, and how; `by` null: the catalogue has changed. */
export type ObjectionAnswer = { by: { id: PersonId; name: string } | null; why: string; at: Date };

/** A reviewer said that a rule is wrong. */
export type Objection = {
  n: number;
  entitlementKey: EntitlementKey;
  title: string;
  /** Departments that the rule gave it to, when the snapshot was taken. */
  departments: string[];
  by: string;
  comment: string | null;
  answer: ObjectionAnswer | null;
};

/** Pure: whether MuleSoft has shown everything that was taken away. "Could not check" keeps it open. */
export function isProven({ all, seen, givenAgain, uncarried, unknown }: RevokeProgress): boolean {
  return uncarried === 0 && unknown === 0 && seen + givenAgain === all;
}

/** Pure: whether a decided campaign can be closed: all is proven, and every objection has an answer. */
export function canClose(revokes: RevokeProgress, objections: readonly Objection[]): boolean {
  return isProven(revokes) && objections.every(({ answer }) => answer !== null);
}

/** Pure: whether the catalogue still has the rule that was objected to. `now`: its departments; null: no rule. */
export function isRuleSame({ departments }: Pick<Objection, 'departments'>, now: readonly string[] | null) {
  return now !== null && [...departments].sort().join('\n') === [...now].sort().join('\n');
}

/**
 * Pure: an admin answers that the rule stays as it is, and says why. An objection that has an answer keeps it. Null:
 * the same person has said so before.
 */
export function keepRule(
  campaign: Campaign,
  objection: Objection | null,
  { by, why, at }: { by: { id: PersonId; name: string }; why: string; at: Date },
): CampaignEvent | Refusal | null {
  if (campaign.state !== 'open' && campaign.state !== 'closing')
    return refuse('alreadySettled', 'The review is over.', 'Nothing more to do: the message shows it.');
  if (objection === null)
    return refuse(
      'unknownChange',
      'Nobody has objected to this rule.',
      'Look at the message again: it shows what waits for an answer.',
    );
  if (objection.answer !== null)
    return objection.answer.by?.id === by.id
      ? null
      : refuse(
          'alreadySettled',
          objection.answer.by === null
            ? 'The rule was changed meanwhile.'
            : `${objection.answer.by.name} has answered this already.`,
          'Nothing more to do: the message shows it.',
        );
  return {
    type: 'objectionAnswered',
    campaignId: campaign.id,
    at,
    actor: { person: by.id, name: by.name },
    lines: [objection.n],
    by,
    why,
  };
}
