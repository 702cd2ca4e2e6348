import type { Change, Leg } from '../change/change.ts';
import { legTimes } from '../change/legs.ts';
import { elapsedInWords } from '../duration.ts';
import type { Names } from './change-status.ts';

const legNames: Record<Leg, (idp: string) => string> = {
  idpWrite: (idp) => `the write to ${idp}`,
  scimPush: (idp) => `${idp}’s SCIM push`,
  delivery: () => 'the delivery into Anypoint',
  signIn: () => 'the first sign-in to Anypoint',
};

export function legName(leg: Leg, idp: string): string {
  return legNames[leg](idp);
}

/** How long it took until it was seen, in words. */
export function tookInWords(change: Change): string {
  return elapsedInWords(legTimes(change.legs, change.signedInAt).total ?? 0);
}

/** Where it is stuck, and who knows. */
export function stuckInWords(change: Change, names: Names): string {
  return `Stuck at ${legName(change.late?.leg ?? 'delivery', names.idp)}. ${names.owner} has been alarmed; Latchkey keeps looking.`;
}

export function failureInWords({ failure }: Change): string {
  return `${failure?.text ?? ''} (${failure?.code ?? ''})`;
}
