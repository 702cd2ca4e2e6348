import { secrets, text, unless, url } from '../../config/setting-shapes.ts';
import type { Checked } from '../../core/checked.ts';
import type { GivenSecret } from '../../secrets/secret.ts';
import { standardWay } from '../sign-in-way.ts';
import type { ConnectedIdp, GivenSettings, IdpVendor } from '../vendor.ts';
import { checkOkta } from './check.ts';
import { type OktaAuth, readKey } from './credentials.ts';
import { OKTA_HOOK_PATH, oktaEventHook } from './hook.ts';
import { createOkta } from './okta.ts';

export type OktaOutside = {
  orgUrl: string;
  auth: OktaAuth;
  /** What its event hook may authenticate with; none: there is no hook. */
  hookSecrets: readonly GivenSecret[];
  /** Of the app by which people sign in to Anypoint; null: their sign-ins to it are not read. */
  anypointAppId: string | null;
};

export const okta: IdpVendor = {
  system: 'okta',
  name: 'Okta',
  settings: {
    OKTA_ORG_URL: { shape: url, hint: 'e.g. https://acme.okta.com' },
    OKTA_API_TOKEN: {
      shape: text,
      hint: 'an API token (or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY)',
      secret: {},
    },
    OKTA_CLIENT_ID: { shape: text, hint: 'the service app’s client id, with OKTA_PRIVATE_KEY' },
    OKTA_PRIVATE_KEY: {
      shape: text,
      hint: 'the service app’s private key, PEM or JWK, with OKTA_CLIENT_ID',
      secret: { isJson: true, whyUnfit: unless(readKey, 'is no private key, PEM or JWK') },
    },
    OKTA_HOOK_SECRET: {
      shape: secrets,
      hint: 'what Okta’s event hook sends as Authorization; two with a comma between while you change it',
      secret: {},
    },
    OKTA_ANYPOINT_APP_ID: {
      shape: text,
      hint: 'the id of Okta’s app for Anypoint (0oa…), to read when people last signed in to it',
    },
  },
  read: (given) => connectOkta(readOkta(given)),
};

function readOkta({ isGiven, value, need, needSecret, secret }: GivenSettings): OktaOutside {
  const orgUrl = need('OKTA_ORG_URL');
  const anypointAppId = (value('OKTA_ANYPOINT_APP_ID') as string | undefined) ?? null;
  const kept = secret('OKTA_HOOK_SECRET');
  const hookSecrets = kept === null ? ((value('OKTA_HOOK_SECRET') as string[] | undefined) ?? []) : [kept];
  const auth =
    isGiven('OKTA_CLIENT_ID') || isGiven('OKTA_PRIVATE_KEY')
      ? { clientId: need('OKTA_CLIENT_ID'), privateKey: needSecret('OKTA_PRIVATE_KEY') }
      : { token: needSecret('OKTA_API_TOKEN') };
  return { orgUrl, auth, hookSecrets, anypointAppId };
}

export function connectOkta(settings: OktaOutside): ConnectedIdp {
  const { orgUrl, hookSecrets } = settings;
  return {
    system: 'okta',
    name: 'Okta',
    settings,
    place: `Okta ${orgUrl}`,
    url: orgUrl,
    connect: () => createOkta(settings),
    check: ({ address }): Promise<Checked[]> =>
      checkOkta(settings, hookSecrets.length === 0 ? null : `${address}${OKTA_HOOK_PATH}`),
    signsInAt: (issuer) => issuer.startsWith(orgUrl),
    signInWay: standardWay,
    hook: hookSecrets.length === 0 ? null : oktaEventHook(hookSecrets),
    addresses: (at) => [
      hookSecrets.length === 0
        ? 'Okta event hook: none, as OKTA_HOOK_SECRET is not set; changes by hand are found by SCIM push, the System Log and comparison.'
        : `Okta event hook URL: ${at}${OKTA_HOOK_PATH}`,
    ],
    notifications: null,
  };
}
