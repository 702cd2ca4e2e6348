import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createToken, revokeToken } from '../scim/tokens.ts';
import type { Db } from '../store/postgres/database.ts';
import { type Installation, systems } from './emulator.ts';
import { ENTRA_ISSUER, SECOND_FACTOR_CONTEXT } from './entra/sign-in.ts';
import { enterpriseApp } from './entra/synchronization-api.ts';
import { entraApp } from './entra/token.ts';
import { company, credentials } from './seed.ts';

/** The identity providers that a sandbox is started with. */
export const idpChoices = ['okta', 'entra', 'both'] as const;
export type IdpChoice = (typeof idpChoices)[number];

const PREFIX_OF_ENTRA = '/entra';

/** The environment that makes them Latchkey's identity providers. */
export function idpSettings(worldUrl: string, choice: IdpChoice): Record<string, string> {
  const okta = {
    OKTA_ORG_URL: `${worldUrl}/okta`,
    OKTA_API_TOKEN: credentials.oktaApiToken,
    OKTA_ANYPOINT_APP_ID: company.oktaAppId,
    OKTA_HOOK_SECRET: credentials.oktaHookSecret,
  };
  const entra = {
    ENTRA_TENANT_ID: entraApp.tenantId,
    ENTRA_CLIENT_ID: entraApp.clientId,
    ENTRA_CLIENT_SECRET: entraApp.clientSecret,
    ENTRA_PROVISIONING_APP: enterpriseApp.servicePrincipalId,
    ENTRA_URL: `${worldUrl}${PREFIX_OF_ENTRA}`,
    ENTRA_LOGIN_URL: `${worldUrl}${PREFIX_OF_ENTRA}/login`,
  };
  // With both, people sign in afresh with Okta.
  const signIn = {
    OIDC_ISSUER: `${worldUrl}${choice === 'entra' ? ENTRA_ISSUER : '/okta'}`,
    OIDC_CLIENT_ID: credentials.oidcClientId,
    OIDC_CLIENT_SECRET: credentials.oidcClientSecret,
    ...(choice === 'entra' ? { OIDC_ACR_VALUES: SECOND_FACTOR_CONTEXT } : {}),
  };
  return { ...(choice === 'entra' ? {} : okta), ...(choice === 'okta' ? {} : entra), ...signIn };
}

type Told = Pick<Installation, 'systems' | 'scimToken' | 'entraScimToken' | 'hookSecret'>;

/**
 * What the consoles of the identity providers are told of Latchkey: the token of the environment is the first one's, and
 * with both Entra has one of its own.
 */
export async function tokensFor(db: Db, choice: IdpChoice): Promise<Told> {
  if (choice !== 'both') return toldOf(choice);
  const name = 'entra (sandbox)';
  await revokeToken(db, name);
  const made = await createToken(db, { source: 'entra', name, days: null });
  return { ...toldOf(choice), ...(made === null ? {} : { entraScimToken: made.token }) };
}

/** The same without a database: with both, Entra has no token yet. */
export function toldOf(choice: IdpChoice): Told {
  const { scimToken, oktaHookSecret: hookSecret } = credentials;
  // Okta provisions to nobody with a token that is none.
  if (choice === 'entra') return { systems: ['entra'], scimToken: 'none', entraScimToken: scimToken };
  return { systems: choice === 'both' ? systems : ['okta'], scimToken, hookSecret };
}

/** A copy of a policy in which every second entitlement is Entra's, the others Okta's. */
export function policyOfBoth(from: string, to: string): string {
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  const file = join(to, 'catalogue.yaml');
  let n = 0;
  const text = readFileSync(file, 'utf8').replaceAll(/idp: \{ group: /g, () => {
    n += 1;
    return `idp: { provider: ${n % 2 === 0 ? 'entra' : 'okta'}, group: `;
  });
  writeFileSync(file, text);
  return to;
}
