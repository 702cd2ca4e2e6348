import type { Legs } from './change.ts';

/** Milliseconds each leg took; null where it was not reached or not needed. */
export type LegTimes = {
  decisionToIdp: number | null;
  idpToScim: number | null;
  scimToDelivery: number | null;
  deliveryToSeen: number | null;
  total: number | null;
};

/** `signedInAt`: the person was not in Anypoint before, so nothing could be seen; the total counts from then. */
export function legTimes(legs: Legs, signedInAt: Date | null = null): LegTimes {
  const since = (from: Date | null, to: Date | null) =>
    from === null || to === null ? null : Math.max(0, to.getTime() - from.getTime());
  return {
    decisionToIdp: since(legs.decidedAt, legs.idpWrittenAt),
    idpToScim: since(legs.idpWrittenAt, legs.scimPushedAt),
    scimToDelivery: since(legs.scimPushedAt, legs.deliveredAt),
    deliveryToSeen: since(legs.deliveredAt ?? legs.scimPushedAt ?? legs.idpWrittenAt, legs.seenAt),
    total: since(signedInAt ?? legs.decidedAt, legs.seenAt),
  };
}
