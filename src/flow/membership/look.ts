import type { Leg } from '../../core/change/change.ts';

/** The result of one look: it agrees, it can't yet be because of a leg, or it was overtaken. */
export type Look = { found: 'agrees'; note: string | null } | { found: 'overtaken'; why: string } | Waiting;

export type Waiting = {
  found: 'waiting';
  leg: Leg;
  why: string;
  redeliver: boolean;
  /** Why somebody who looks like them in Anypoint is not taken for them. */
  trouble: string | null;
  /** That trouble is a group mapping that is not as it should be. */
  isUnmapped?: true;
  /** Who should have taken it out had their time: told at once, and Latchkey does it. */
  isLeftBehind?: true;
};

export function waiting(leg: Leg, why: string): Waiting {
  return { found: 'waiting', leg, why, redeliver: false, trouble: null };
}
