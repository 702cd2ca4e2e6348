import * as oidc from 'openid-client';
import type { Checked } from '../core/checked.ts';
import { Fault } from '../core/fault.ts';
import { createOidc, type OidcSettings } from './oidc.ts';

const NAME = 'fresh sign-in';

/**
 * Whether approvers can sign in afresh: the provider is there, can do what is asked of it and takes our credentials.
 * Those are tried with a code that nobody has, which changes nothing.
 */
export async function checkOidc(settings: OidcSettings, redirectUri: string): Promise<Checked> {
  const signIn = createOidc(settings);
  try {
    const at = await signIn.configuration();
    const cannot = whatItCannot(at.serverMetadata(), settings);
    if (cannot !== null) return { name: NAME, trouble: cannot };
    const callback = new URL(redirectUri);
    callback.search = new URLSearchParams({
      code: 'checked-by-latchkey',
      state: 'checked',
      iss: at.serverMetadata().issuer,
    }).toString();
    const secrets = { state: 'checked', nonce: 'checked', verifier: oidc.randomPKCECodeVerifier() };
    const tried = await signIn.finish(secrets, callback);
    if (tried.is === 'refused' && tried.error === 'invalid_grant') return { name: NAME, trouble: null };
    return {
      name: NAME,
      trouble: `${settings.issuer} answers an unknown code otherwise than with invalid_grant (${tried.is === 'refused' ? tried.error : tried.is}): look at the OIDC app there`,
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { name: NAME, trouble: whyNot(error, settings) };
  }
}

function whyNot(error: Fault, { issuer }: OidcSettings): string {
  if (error.code === 'idp.unauthorized')
    return `${issuer} does not take OIDC_CLIENT_ID and OIDC_CLIENT_SECRET${error.vendorCode === undefined ? '' : ` (${error.vendorCode})`}: copy both from the OIDC web app there`;
  if (error.code === 'idp.bad_answer')
    return `what is at ${issuer}/.well-known/openid-configuration is not the metadata of this issuer: set OIDC_ISSUER as the provider writes it itself`;
  return `${error.message} at ${issuer}: set OIDC_ISSUER, and see that it can be reached from here`;
}

/** The thing that is asked of the provider and that it says it can't do; null: there is none. */
function whatItCannot(server: oidc.ServerMetadata, { acrValues }: OidcSettings): string | null {
  const { code_challenge_methods_supported: pkce, acr_values_supported: known } = server;
  if (pkce !== undefined && !pkce.includes('S256')) return 'the provider can’t do PKCE with S256';
  const unknown = known === undefined ? [] : acrValues.filter((value) => !known.includes(value));
  return unknown.length > 0 && unknown.length === acrValues.length
    ? `the provider knows none of the levels in OIDC_ACR_VALUES (${unknown.join(', ')}), so no sign-in would count: it knows ${(known ?? []).join(', ')}`
    : null;
}
