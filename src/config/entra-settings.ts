import type { z } from 'zod';
import type { EntraAuth } from '../idp/entra/credentials.ts';
import type { EntraSettings } from '../idp/entra/entra.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import type { environment } from './environment.ts';

type Environment = z.infer<typeof environment>;
type Name =
  | 'ENTRA_TENANT_ID'
  | 'ENTRA_CLIENT_ID'
  | 'ENTRA_CLIENT_SECRET'
  | 'ENTRA_CERTIFICATE'
  | 'ENTRA_PRIVATE_KEY';

/** Null: none of its settings is there, so it is no identity provider of ours. */
export function entraIn(
  e: Environment,
  given: Readonly<Record<string, string | undefined>>,
  { need, needSecret }: { need: (name: Name) => string; needSecret: (name: Name) => GivenSecret },
): EntraSettings | null {
  if (!Object.keys(given).some((name) => name.startsWith('ENTRA_'))) return null;
  const auth: EntraAuth =
    given.ENTRA_FEDERATED_TOKEN_FILE !== undefined
      ? { federatedTokenFile: e.ENTRA_FEDERATED_TOKEN_FILE ?? '' }
      : given.ENTRA_CERTIFICATE !== undefined
        ? {
            certificate: needSecret('ENTRA_CERTIFICATE'),
            ...(given.ENTRA_PRIVATE_KEY === undefined ? {} : { privateKey: needSecret('ENTRA_PRIVATE_KEY') }),
          }
        : { secret: needSecret('ENTRA_CLIENT_SECRET') };
  const app = e.ENTRA_PROVISIONING_APP;
  return {
    tenantId: need('ENTRA_TENANT_ID'),
    clientId: need('ENTRA_CLIENT_ID'),
    auth,
    url: e.ENTRA_URL ?? 'https://graph.microsoft.com',
    loginUrl: e.ENTRA_LOGIN_URL ?? 'https://login.microsoftonline.com',
    ...(app === undefined ? {} : { provisioning: { servicePrincipalId: app } }),
  };
}
