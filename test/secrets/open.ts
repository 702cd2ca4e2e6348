import { pino } from 'pino';
import { AWS_REGION, awsKeys, type SecretsManager } from '../../src/sandbox/secrets/emulator.ts';
import type { SecretSetting } from '../../src/secrets/kept-secret.ts';
import type { SecretBook, SecretBookOptions } from '../../src/secrets/secret-book.ts';
import { openSecretBook } from '../../src/secrets/secret-book.ts';

export type Opened = { book: SecretBook; said: string[] };

/** A book of these settings on the emulator; each takes any text but `unfit`. */
export async function open(
  manager: Pick<SecretsManager, 'url'>,
  env: Record<string, string>,
  more: Partial<SecretBookOptions> = {},
): Promise<Opened> {
  const said: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void said.push(line) });
  const settings = Object.keys(env).map(
    (name): SecretSetting => ({
      name,
      whyUnfit: (value) => (value === 'unfit' ? 'does not fit' : null),
      isJson: name === 'JSON_KEY' || name === 'OKTA_PRIVATE_KEY',
    }),
  );
  const book = await openSecretBook({
    settings,
    env,
    aws: { region: AWS_REGION, endpoint: manager.url, credentials: awsKeys },
    everyMs: 60_000,
    overlapMs: 60_000,
    log,
    ...more,
  });
  return { book, said };
}
