import { createHash } from 'node:crypto';
import type { World } from '../emulator.ts';
import { createSignIn } from '../sign-in/provider.ts';
import type { Tenant } from './tenant.ts';
import { entraApp } from './token.ts';

/** The authentication context for which a Conditional Access policy of this tenant wants a second factor. */
export const SECOND_FACTOR_CONTEXT = 'c1';
/** What is kept of a sign-in that reached no context. */
const NO_CONTEXT = 'none';

const MOUNT = `/entra/login/${entraApp.tenantId}`;
export const ENTRA_ISSUER = `${MOUNT}/v2.0`;

/**
 * Signing in as the Microsoft identity platform has it (v2.0):
 * - `sub` is another one for each app, and `oid` is the user's object id
 * - there is no `acr`; a context is asked for as an essential claim, and `acrs` lists those that were reached
 * - `auth_time` is an optional claim, which the app of the sandbox has
 */
export function entraSignIn(tenant: Tenant, world: World) {
  return createSignIn(
    {
      idp: 'Entra',
      paths: { prefix: '/entra', mount: MOUNT, issuer: ENTRA_ISSUER, page: '/entra/sign-in' },
      routes: {
        authorization: '/oauth2/v2.0/authorize',
        token: '/oauth2/v2.0/sign-in/token',
        jwks: '/discovery/v2.0/keys',
      },
      levels: {
        twoFactors: { acr: SECOND_FACTOR_CONTEXT, amr: ['pwd', 'mfa'] },
        password: { acr: NO_CONTEXT, amr: ['pwd'] },
      },
      people: () =>
        [...tenant.users.values()]
          .filter(({ accountEnabled }) => accountEnabled)
          .map(({ id, displayName, userPrincipalName }) => ({
            id,
            name: displayName,
            login: userPrincipalName,
          })),
      claimsOf: (id, acr) => ({
        oid: id,
        tid: entraApp.tenantId,
        acrs: acr === undefined || acr === NO_CONTEXT ? [] : [acr],
      }),
      more: {
        claims: { openid: ['sub', 'oid', 'tid', 'acrs', 'auth_time'] },
        features: { claimsParameter: { enabled: true } },
        subjectTypes: ['pairwise'],
        pairwiseIdentifier: (_ctx, id, client) =>
          createHash('sha256').update(`${client.clientId}:${id}`).digest('base64url'),
      },
    },
    world,
  );
}
