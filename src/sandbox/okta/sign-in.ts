import type { World } from '../emulator.ts';
import { createSignIn } from '../sign-in/provider.ts';
import type { OktaOrg } from './org.ts';

/** Levels of the org authorization server (okta-developer-docs, step-up-authentication). */
const levels = {
  twoFactors: { acr: 'urn:okta:loa:2fa:any', amr: ['pwd', 'otp', 'mfa'] },
  password: { acr: 'urn:okta:loa:1fa:any', amr: ['pwd'] },
} as const;

/** Signing in as Okta's org authorization server has it, at `/okta`. The `sub` of an ID token is the user's id. */
export function oktaSignIn(org: OktaOrg, world: World) {
  return createSignIn(
    {
      idp: 'Okta',
      paths: { prefix: '/okta', mount: '/okta', issuer: '/okta', page: '/okta/login' },
      routes: {
        authorization: '/oauth2/v1/authorize',
        token: '/oauth2/v1/sign-in/token',
        jwks: '/oauth2/v1/keys',
      },
      levels,
      people: () =>
        [...org.users.values()]
          .filter(({ status }) => status === 'ACTIVE')
          .map(({ id, profile }) => ({
            id,
            name: `${profile.firstName} ${profile.lastName}`,
            login: profile.login,
          })),
      claimsOf: () => ({}),
      more: {
        acrValues: Object.values(levels).map(({ acr }) => acr),
        claims: { openid: ['sub', 'acr', 'amr', 'auth_time'] },
      },
    },
    world,
  );
}
