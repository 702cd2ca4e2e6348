import type { z } from 'zod';
import type { IdpVendor } from '../idp/vendor.ts';
import { idpVendors } from '../idp/vendors.ts';
import type { AwsSettings } from '../secrets/aws.ts';
import type { Log, SecretSetting } from '../secrets/kept-secret.ts';
import { isJsonObject } from '../secrets/reference.ts';
import { openSecretBook, type SecretBook } from '../secrets/secret-book.ts';
import { environment } from './environment.ts';
import { loginIn } from './login.ts';

/** The settings that are secrets, beside those of identity providers: each may be a value, or say where the value is. */
const names = [
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'ANYPOINT_CLIENT_SECRET',
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
  'AUDIT_SIGNING_KEY',
  'SIEM_URL',
  'SIEM_TOKEN',
  'SIEM_SYSLOG_CERTIFICATE',
  'SIEM_SYSLOG_KEY',
  'VANTA_CLIENT_SECRET',
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
  vendors: readonly IdpVendor[] = idpVendors,
): Promise<SecretBook> {
  const ms = (name: 'SECRETS_REFRESH' | 'SECRETS_OVERLAP', usual: number) =>
    // One that is wrong is told of with the other settings.
    (environment.shape[name].safeParse(env[name]).data ?? usual) * 1_000;
  return await openSecretBook({
    settings: secretSettings(vendors),
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

/** Every setting that is a secret. */
export function secretSettings(vendors: readonly IdpVendor[] = idpVendors): SecretSetting[] {
  return [...names.map(settingOf), ...vendors.flatMap(secretsOf)];
}

function settingOf(name: (typeof names)[number]): SecretSetting {
  const isLogin = name === 'DATABASE_PASSWORD' || name === 'REDIS_PASSWORD';
  return {
    name,
    isJson: isLogin,
    whyUnfit: (value) =>
      isLogin && isJsonObject(value) && loginIn(value) === null
        ? 'holds JSON without a password: name the key of the password behind a #, or store username and password there'
        : whyUnfit(environment.shape[name], value),
  };
}

function secretsOf({ settings }: IdpVendor): SecretSetting[] {
  return Object.entries(settings).flatMap(([name, { shape, secret }]) =>
    secret === undefined ? [] : [{ name, whyUnfit: (value: string) => whyUnfit(shape, value), ...secret }],
  );
}

function whyUnfit(shape: z.ZodType, value: string): string | null {
  const parsed = shape.safeParse(value);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? 'does not fit');
}
