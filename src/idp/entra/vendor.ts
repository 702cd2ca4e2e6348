import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isLoopback, text, unless, url } from '../../config/setting-shapes.ts';
import type { ConnectedIdp, GivenSettings, IdpVendor } from '../vendor.ts';
import { checkEntra } from './check.ts';
import type { EntraAuth } from './credentials.ts';
import { createEntra, type EntraSettings } from './entra.ts';
import { createGraph, GRAPH_NOTIFICATIONS_PATH } from './graph.ts';
import { entraSignInWay } from './sign-in-way.ts';

export const GRAPH_URL = 'https://graph.microsoft.com';
export const LOGIN_URL = 'https://login.microsoftonline.com';

export const entra: IdpVendor = {
  system: 'entra',
  name: 'Entra',
  settings: {
    ENTRA_TENANT_ID: {
      shape: text,
      hint: 'the tenant’s id, where Entra is the identity provider, Entra admin center, Overview',
    },
    ENTRA_CLIENT_ID: { shape: text, hint: 'the app registration’s client id, with ENTRA_TENANT_ID' },
    ENTRA_CLIENT_SECRET: {
      shape: text,
      hint: 'the app registration’s client secret (or ENTRA_CERTIFICATE, or ENTRA_FEDERATED_TOKEN_FILE)',
      secret: {},
    },
    ENTRA_CERTIFICATE: {
      shape: text,
      hint: 'the app registration’s certificate as PEM, in the place of a secret',
      secret: { whyUnfit: unless((pem) => new X509Certificate(pem), 'is no certificate, PEM') },
    },
    ENTRA_PRIVATE_KEY: {
      shape: text,
      hint: 'its private key as PEM, if it is not in ENTRA_CERTIFICATE',
      secret: { whyUnfit: unless(createPrivateKey, 'is no private key, PEM') },
    },
    ENTRA_FEDERATED_TOKEN_FILE: {
      shape: text,
      hint: 'the file with the workload’s own token, in the place of a secret',
    },
    ENTRA_PROVISIONING_APP: {
      shape: text,
      hint: 'the object id of the enterprise app that provisions to Latchkey',
    },
    ENTRA_URL: { shape: url, hint: 'only for a national cloud' },
    ENTRA_LOGIN_URL: { shape: url, hint: 'only for a national cloud' },
  },
  read: (given) => connectEntra(readEntra(given)),
};

function readEntra(given: GivenSettings): EntraSettings {
  const value = (name: string) => given.value(name) as string | undefined;
  const app = value('ENTRA_PROVISIONING_APP');
  return {
    tenantId: given.need('ENTRA_TENANT_ID'),
    clientId: given.need('ENTRA_CLIENT_ID'),
    auth: readAuth(given),
    url: value('ENTRA_URL') ?? GRAPH_URL,
    loginUrl: value('ENTRA_LOGIN_URL') ?? LOGIN_URL,
    ...(app === undefined ? {} : { provisioning: { servicePrincipalId: app } }),
  };
}

function readAuth({ isGiven, value, needSecret }: GivenSettings): EntraAuth {
  if (isGiven('ENTRA_FEDERATED_TOKEN_FILE'))
    return { federatedTokenFile: String(value('ENTRA_FEDERATED_TOKEN_FILE') ?? '') };
  if (!isGiven('ENTRA_CERTIFICATE')) return { secret: needSecret('ENTRA_CLIENT_SECRET') };
  return {
    certificate: needSecret('ENTRA_CERTIFICATE'),
    ...(isGiven('ENTRA_PRIVATE_KEY') ? { privateKey: needSecret('ENTRA_PRIVATE_KEY') } : {}),
  };
}

export function connectEntra(settings: EntraSettings): ConnectedIdp {
  const { tenantId, url: graphUrl, loginUrl } = settings;
  return {
    system: 'entra',
    name: 'Entra',
    settings,
    place: `Entra tenant ${tenantId}`,
    url: graphUrl,
    connect: (recent) => createEntra(settings, recent),
    check: ({ address, isPublic, groupNames }) =>
      checkEntra(
        settings,
        isPublic || isLoopback(graphUrl)
          ? { groupNames, notificationUrl: `${address}${GRAPH_NOTIFICATIONS_PATH}` }
          : undefined,
      ),
    signsInAt: (issuer) => issuer.startsWith(loginUrl) || issuer.includes(tenantId),
    signInWay: entraSignInWay,
    hook: null,
    addresses: () => [],
    notifications: () => createGraph(settings),
  };
}
