import { type Entitlement, mayRequest } from '../../core/policy/catalogue.ts';
import type { Data } from '../kernel/context.ts';

/** Entitlements that the person may ask for now. Left out: those that can't be given (not writable, IdP not asked). */
export function requestable(
  context: Data,
  person: { email: string; department: string | null },
): Entitlement[] {
  return context.catalogue
    .current()
    .entitlements.filter(
      (e) => mayRequest(e.requestableBy, person) && context.catalogue.status(e.key).status === 'ready',
    );
}
