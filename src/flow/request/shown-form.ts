import { createHash } from 'node:crypto';
import { shownOf } from '../../core/change/shown.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { Context } from '../kernel/context.ts';

/** A form's words on these entitlements together, as a few characters that it carries. Null: one can't be given now. */
export function shownAs(context: Pick<Context, 'catalogue'>, keys: readonly string[]): string | null {
  const all = keys.map((key) => {
    const entitlement = context.catalogue.entitlement(key);
    const status = entitlement === null ? null : context.catalogue.status(entitlement.key);
    return entitlement === null || status?.status !== 'ready' ? null : shownOf(entitlement, status.target);
  });
  return all.length === 0 || all.includes(null)
    ? null
    : createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}

/**
 * The refusal of a request that is no longer what the form showed. Null: it still is, or the form showed nothing of it.
 */
export function refuseOther(
  context: Pick<Context, 'catalogue'>,
  keys: readonly string[],
  { shown, title }: { shown: string | undefined; title: string },
): Refusal | null {
  if (shown === undefined || shownAs(context, keys) === shown) return null;
  return refuse(
    'staleCard',
    `${title} has changed since this form was opened, so nothing was asked for.`,
    'Close the form and open it again to see what it is now.',
  );
}
