import type { Change, Leg } from '../change/change.ts';
import { legTimes } from '../change/legs.ts';
import { elapsedInWords } from '../duration.ts';
import type { CarriedElsewhere } from '../policy/delivery.ts';
import type { Names } from './change-status.ts';

const legNames: Record<Leg, (idp: string) => string> = {
  idpWrite: (idp) => `the write to ${idp}`,
  scimPush: (idp) => `${idp}’s SCIM push`,
  delivery: () => 'the delivery into Anypoint',
  signIn: () => 'the first sign-in to Anypoint',
};

/** `delivery` left out: Latchkey carries it, or it is said of several. */
export function legName(leg: Leg, idp: string, delivery?: CarriedElsewhere): string {
  if (leg === 'delivery' && delivery === 'native') return `${idp}’s own Anypoint connector`;
  if (leg === 'delivery' && delivery === 'claim') return 'the group claim of the sign-in to Anypoint';
  return legNames[leg](idp);
}

/** How long it took until it was seen, in words. */
export function tookInWords(change: Change): string {
  return elapsedInWords(legTimes(change.legs, change.signedInAt).total ?? 0);
}

/**
 * `after 14 s`, from what was waited for: from the decision or, for who had never signed in, from the first sign-in. How
 * long somebody took to sign in again says nothing, and is not said.
 */
export function afterInWords(change: Change): string {
  if (change.target?.delivery === 'claim' && change.signInAwaited === true && change.signedInAt === null)
    return 'since the sign-in';
  return change.signedInAt === null
    ? `after ${tookInWords(change)}`
    : `${tookInWords(change)} after the first sign-in`;
}

/** Which leg of the way in it is really at. */
export function wayInWords({ legs, target }: Change, idp: string): string {
  if (legs.deliveredAt !== null) return 'It is in the Anypoint team; looking until MuleSoft shows it.';
  if (target?.delivery === 'native' && legs.idpWrittenAt !== null)
    return `${idp} has it; its own connector carries it into MuleSoft.`;
  if (legs.scimPushedAt !== null) return `${idp} has pushed it; carrying it into the Anypoint team.`;
  return legs.idpWrittenAt === null ? `Writing to ${idp}.` : `${idp} has it; waiting to see it in MuleSoft.`;
}

/** Where it is stuck, and who knows. */
export function stuckInWords(change: Change, names: Names): string {
  return `Stuck at ${legName(change.late?.leg ?? 'delivery', names.idp, change.target?.delivery)}. ${names.owner} has been alarmed; Latchkey keeps looking.`;
}

export function failureInWords({ failure }: Change): string {
  return `${failure?.text ?? ''} (${failure?.code ?? ''})`;
}
