import { z } from 'zod';
import type { Delivery } from '../core/policy/delivery.ts';

export const delivery = z.enum(['bridge', 'native', 'claim']).meta({
  description:
    'How a membership of the IdP’s group gets into Anypoint: Latchkey carries it (`bridge`, unless told), the IdP’s own Anypoint connector does (`native`), or Anypoint does at the next sign-in, by an external group mapping (`claim`)',
});

type Written = {
  delivery: Delivery;
  canary?: { entitlement: string } | undefined;
  entitlements: { key: string; idp: { group: string }; team: string; delivery?: Delivery | undefined }[];
};

/** What can't hold of the ways by which memberships are carried. */
export function carriedTwoWays(catalogue: Written): { path: (string | number)[]; message: string }[] {
  const { entitlements, canary } = catalogue;
  const wayOf = (e: { delivery?: Delivery | undefined }) => e.delivery ?? catalogue.delivery;
  return entitlements.flatMap((e, i) => {
    const found: string[] = [];
    const other = entitlements.find(
      (one) => one.idp.group === e.idp.group && one.team === e.team && wayOf(one) !== wayOf(e),
    );
    if (other !== undefined)
      found.push(
        `${e.idp.group} is carried to ${e.team} one way only, and ${other.key} says ${wayOf(other)}: write the same here`,
      );
    if (e.key === canary?.entitlement && wayOf(e) === 'claim')
      found.push('the canary never signs in: write `delivery: bridge` or `native` for its entitlement');
    return found.map((message) => ({ path: ['entitlements', i, 'delivery'], message }));
  });
}
