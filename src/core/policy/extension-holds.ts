import type { Hold, RequestFacts } from './verdict.ts';

/**
 * Pure: what a person has to look at before an access goes on. An emergency was approved by nobody. Whoever approved
 * what ends with a ticket approved it on those terms.
 */
export function extensionHolds({
  extendsEmergency,
  leavesTicket,
}: Pick<RequestFacts, 'extendsEmergency' | 'leavesTicket'>): Hold[] {
  const texts = [
    ...(extendsEmergency === true ? ['what it extends was taken in an emergency, without approval'] : []),
    ...(leavesTicket === undefined
      ? []
      : [`what it extends ends when ${leavesTicket} is closed, and this would not`]),
  ];
  return texts.map((text) => ({ text, clause: null, needs: 'person' }));
}
