import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Config, readConfig } from '../../config/config.ts';
import { openSecrets } from '../../config/secrets.ts';
import type { SecretBook } from '../../secrets/secret-book.ts';
import { entraApp } from '../entra/token.ts';
import type { IdpChoice } from '../idps.ts';
import { sandboxSettings } from '../launch.ts';
import type { Keys } from '../seed.ts';
import { AWS_REGION, awsKeys, type SecretsManager, startSecretsManager } from './emulator.ts';

/** By setting, the key of the world that it has to be. */
const keys = {
  SLACK_BOT_TOKEN: 'slackBotToken',
  SLACK_SIGNING_SECRET: 'slackSigningSecret',
  OKTA_API_TOKEN: 'oktaApiToken',
  OKTA_HOOK_SECRET: 'oktaHookSecret',
  OIDC_CLIENT_SECRET: 'oidcClientSecret',
  ANYPOINT_CLIENT_SECRET: 'anypointClientSecret',
  OPENAI_API_KEY: 'modelApiKey',
  TICKETS_TOKEN: 'ticketsToken',
  SCIM_TOKEN: 'scimToken',
  READ_TOKEN: 'readToken',
} as const satisfies Record<string, keyof Keys>;
/** Of the app registration, as whatever it is used. */
const ofEntra = ['ENTRA_CLIENT_SECRET', 'GRAPH_CLIENT_SECRET'] as const;
export type Rotated = keyof typeof keys | (typeof ofEntra)[number] | 'DATABASE_URL';

/** Every setting that a world with these identity providers can rotate. */
export function rotatedWith(idp: IdpChoice): Rotated[] {
  const all = [...Object.keys(keys), ...ofEntra, 'DATABASE_URL'] as Rotated[];
  // An Entra that is an identity provider tells what happens in it by itself; beside Okta it only tells.
  const others = { okta: /^ENTRA_/, entra: /^(OKTA|GRAPH)_/, both: /^GRAPH_/ }[idp];
  return all.filter((name) => !others.test(name));
}
export const rotated = rotatedWith('okta');

/** A sandbox whose secrets are all in (an emulated) AWS Secrets Manager, one JSON for several. */
export type Elsewhere = {
  manager: SecretsManager;
  book: SecretBook;
  config: Config;
  rotated: readonly Rotated[];
  /** The value that each setting has to have now, as its other side sees it. */
  values(): Record<string, string>;
  /** A new value on the other side alone, which takes the old one no more. Answers it. */
  turn(setting: Rotated): Promise<string>;
  /** A value in the store alone, as the next version. */
  store(setting: Rotated, value: string): void;
  close(): Promise<void>;
};

/** `latchkeyUrl`: where the world reaches Latchkey; known once it listens. */
export async function secretsElsewhere(given: {
  worldUrl: string;
  databaseUrl: string;
  latchkeyUrl: () => string;
  refreshSeconds?: number;
  idp?: IdpChoice;
  /** What the consoles of the identity providers were told at the start. */
  told?: () => Record<string, unknown>;
}): Promise<Elsewhere> {
  const manager = await startSecretsManager();
  const { idp = 'okta', told = () => ({}) } = given;
  const rotated = rotatedWith(idp);
  const plain = {
    ...sandboxSettings(given.worldUrl, idp),
    ...(idp === 'okta' ? graphBeside(given.worldUrl) : {}),
    DATABASE_URL: given.databaseUrl,
  };
  const values: Record<string, string> = Object.fromEntries(
    rotated.map((name) => [name, (plain as Record<string, string>)[name] ?? '']),
  );
  const text = () => JSON.stringify({ latchkey: values });
  manager.vault.create('latchkey/sandbox', { SecretString: text() });
  const references = rotated.map((name) => [name, `secret://aws/latchkey/sandbox#latchkey.${name}`]);
  const env = {
    ...plain,
    ...Object.fromEntries(references),
    SECRETS_REFRESH: `${given.refreshSeconds ?? 300}s`,
  };
  const book = await openSecrets(env, { region: AWS_REGION, endpoint: manager.url, credentials: awsKeys });
  const others = { ...values };

  return {
    manager,
    book,
    config: readConfig(env, book),
    rotated,
    values: () => ({ ...others }),
    async turn(setting) {
      const value = newValue(setting, others[setting] ?? '');
      if (setting === 'DATABASE_URL') await changePassword(others.DATABASE_URL ?? '', value);
      else if (setting === 'ENTRA_CLIENT_SECRET' || setting === 'GRAPH_CLIENT_SECRET')
        await putIntoEntra(given.worldUrl, value);
      else await put(`${given.worldUrl}/control/keys`, 'POST', { [keys[setting]]: value });
      others[setting] = value;
      const { SCIM_TOKEN: scimToken = '', OKTA_HOOK_SECRET: hookSecret = '' } = others;
      if (setting === 'SCIM_TOKEN' || setting === 'OKTA_HOOK_SECRET')
        await put(`${given.worldUrl}/control/latchkey`, 'PUT', {
          ...told(),
          url: given.latchkeyUrl(),
          ...(idp === 'entra' ? { entraScimToken: scimToken } : { scimToken, hookSecret }),
        });
      return value;
    },
    store(setting, value) {
      values[setting] = value;
      manager.vault.put('latchkey/sandbox', { SecretString: text() });
    },
    close: () => manager.close(),
  };
}

function newValue(setting: Rotated, now: string): string {
  const random = randomBytes(24).toString('hex');
  if (setting === 'SLACK_BOT_TOKEN') return `xoxb-${random}`;
  if (setting !== 'DATABASE_URL') return random;
  const url = new URL(now);
  url.password = random;
  return url.href;
}

/** A role may change its own password. */
async function changePassword(url: string, next: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { username, password } = new URL(next);
  await client.query(`alter role ${pg.escapeIdentifier(username)} password ${pg.escapeLiteral(password)}`);
  await client.end();
}

/** Entra tells what changes in groups that Okta has too. */
function graphBeside(worldUrl: string): Record<string, string> {
  const { tenantId, clientId, clientSecret } = entraApp;
  return {
    GRAPH_TENANT_ID: tenantId,
    GRAPH_CLIENT_ID: clientId,
    GRAPH_CLIENT_SECRET: clientSecret,
    GRAPH_URL: `${worldUrl}/entra`,
    GRAPH_LOGIN_URL: `${worldUrl}/entra/login`,
  };
}

/** Entra gives no token for the old secret any more, and takes none that it gave for it. */
async function putIntoEntra(worldUrl: string, secret: string): Promise<void> {
  await put(`${worldUrl}/entra/sim/credentials`, 'POST', { secrets: [secret] });
  await put(`${worldUrl}/entra/sim/tokens/revoke`, 'POST', {});
}

async function put(url: string, method: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
}
