import type { OidcSettings } from '../idp/oidc.ts';
import { standardWay } from '../idp/sign-in-way.ts';
import type { ConnectedIdp, GivenSettings } from '../idp/vendor.ts';
import type { outsideHints } from './outside.ts';
import { isLoopback } from './setting-shapes.ts';

const names = [
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'OIDC_ACR_VALUES',
  'OIDC_SUBJECT_CLAIM',
] as const satisfies readonly (keyof typeof outsideHints)[];

/** Where approvers sign in afresh. Null: none of its settings is there. `refuse` is told what can't be as it is. */
export function oidcIn(
  { isGiven, value, need, needSecret }: Omit<GivenSettings, 'secret'>,
  idps: readonly ConnectedIdp[],
  refuse: (why: string) => void,
): OidcSettings | null {
  if (!names.some(isGiven)) return null;
  const issuer = need('OIDC_ISSUER');
  // The browser comes back to this address.
  if (!isLoopback(issuer)) need('PUBLIC_URL');
  const there = idps.find((idp) => idp.signsInAt(issuer));
  const way = there?.signInWay ?? standardWay;
  const levels = value('OIDC_ACR_VALUES') as readonly string[] | undefined;
  const why = way.whyNot(levels);
  if (why !== null) refuse(`OIDC_ACR_VALUES${levels === undefined ? '' : ':'} ${why}`);
  return {
    issuer,
    clientId: need('OIDC_CLIENT_ID'),
    clientSecret: needSecret('OIDC_CLIENT_SECRET'),
    acrValues: levels ?? way.twoFactors ?? [],
    subjectClaim: (value('OIDC_SUBJECT_CLAIM') as string | undefined) ?? way.subjectClaim,
    way,
  };
}
