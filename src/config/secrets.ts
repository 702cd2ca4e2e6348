import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { readKey } from '../idp/okta/credentials.ts';
import type { AwsSettings } from '../secrets/aws.ts';
import type { Log, SecretSetting } from '../secrets/kept-secret.ts';
import { openSecretBook, type SecretBook } from '../secrets/secret-book.ts';
import { environment } from './environment.ts';

/** The settings that are secrets: each may be a value, or say where the value is. */
const names = [
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'OKTA_API_TOKEN',
  'OKTA_PRIVATE_KEY',
  'OKTA_HOOK_SECRET',
  'ANYPOINT_CLIENT_SECRET',
  'ENTRA_CLIENT_SECRET',
  'ENTRA_CERTIFICATE',
  'ENTRA_PRIVATE_KEY',
  'GRAPH_CLIENT_SECRET',
  'OIDC_CLIENT_SECRET',
  'TICKETS_TOKEN',
  'SCIM_TOKEN',
  'OPENAI_API_KEY',
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'REDIS_URL',
  'REDIS_PASSWORD',
  'READ_TOKEN',
] as const satisfies readonly (keyof typeof environment.shape)[];

/** As AWS's own agent keeps a value. */
const REFRESH_SECONDS = 300;
const OVERLAP_SECONDS = 86_400;

const noLog: Log = { info: () => {}, warn: () => {} };

/**
 * Reads every secret setting that says where its value is. Throws `config.invalid` that names each that has none.
 * `aws`: in the place of what the SDK finds.
 */
export async function openSecrets(
  env: NodeJS.ProcessEnv,
  aws: Partial<AwsSettings> = {},
): Promise<SecretBook> {
  const ms = (name: 'SECRETS_REFRESH' | 'SECRETS_OVERLAP', usual: number) =>
    // One that is wrong is told of with the other settings.
    (environment.shape[name].safeParse(env[name]).data ?? usual) * 1_000;
  return await openSecretBook({
    settings: names.map(settingOf),
    env,
    aws: {
      region: env.AWS_REGION ?? null,
      endpoint: env.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? env.AWS_ENDPOINT_URL ?? null,
      ...aws,
    },
    everyMs: ms('SECRETS_REFRESH', REFRESH_SECONDS),
    overlapMs: ms('SECRETS_OVERLAP', OVERLAP_SECONDS),
    log: noLog,
  });
}

function settingOf(name: (typeof names)[number]): SecretSetting {
  const shape: z.ZodType = environment.shape[name];
  return {
    name,
    isJson: name === 'OKTA_PRIVATE_KEY',
    whyUnfit(value) {
      if (name === 'OKTA_PRIVATE_KEY') return isRead(readKey, value) ? null : 'is no private key, PEM or JWK';
      if (name === 'ENTRA_PRIVATE_KEY')
        return isRead(createPrivateKey, value) ? null : 'is no private key, PEM';
      if (name === 'ENTRA_CERTIFICATE')
        return isRead((pem) => new X509Certificate(pem), value) ? null : 'is no certificate, PEM';
      const parsed = shape.safeParse(value);
      return parsed.success ? null : (parsed.error.issues[0]?.message ?? 'does not fit');
    },
  };
}

function isRead(read: (text: string) => unknown, text: string): boolean {
  try {
    read(text);
    return true;
  } catch {
    return false;
  }
}
