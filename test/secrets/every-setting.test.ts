import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { environment } from '../../src/config/environment.ts';
import { secretSettings } from '../../src/config/secrets.ts';
import { idpVendors } from '../../src/idp/vendors.ts';
import { rotatedWith } from '../../src/sandbox/secrets/elsewhere.ts';

/** `npm run demo -- rotation` changes it under load; with `--idp`, where it belongs to another identity provider. */
const DEMO = 'demo';

/** Where each secret setting is shown to change without a restart. A setting without a line fails this test. */
const shownIn: Record<string, string> = {
  SLACK_BOT_TOKEN: DEMO,
  SLACK_SIGNING_SECRET: DEMO,
  // Instead of the signing secret, which the demo has.
  SLACK_APP_TOKEN: 'test/faults/socket-token.test.ts',
  OKTA_API_TOKEN: DEMO,
  // Instead of the API token, which the demo has.
  OKTA_PRIVATE_KEY: 'test/idp/rotated-keys.test.ts',
  OKTA_HOOK_SECRET: DEMO,
  ENTRA_CLIENT_SECRET: DEMO,
  // Instead of the client secret, which the demo has.
  ENTRA_CERTIFICATE: 'test/idp/rotated-keys.test.ts',
  ENTRA_PRIVATE_KEY: 'test/idp/rotated-keys.test.ts',
  GRAPH_CLIENT_SECRET: DEMO,
  OIDC_CLIENT_SECRET: DEMO,
  ANYPOINT_CLIENT_SECRET: DEMO,
  OPENAI_API_KEY: DEMO,
  // Nobody outside is told of it.
  AUDIT_SIGNING_KEY: 'test/audit/verify.test.ts',
  TICKETS_TOKEN: DEMO,
  // The demo has no SIEM.
  SIEM_URL: 'test/siem/https.test.ts',
  SIEM_TOKEN: 'test/siem/https.test.ts',
  SIEM_SYSLOG_CERTIFICATE: 'test/siem/syslog-certificate.test.ts',
  SIEM_SYSLOG_KEY: 'test/siem/syslog-certificate.test.ts',
  // Nothing of the demo is uploaded.
  VANTA_CLIENT_SECRET: 'test/vanta/upload.test.ts',
  SCIM_TOKEN: DEMO,
  READ_TOKEN: DEMO,
  DATABASE_URL: DEMO,
  // With the user beside it, and every connection broken.
  DATABASE_PASSWORD: 'test/faults/postgres-password.test.ts',
  // The demo's queue is on PostgreSQL: nobody needs a Redis for it.
  REDIS_URL: 'test/faults/redis-password.test.ts',
  REDIS_PASSWORD: 'test/secrets/reported.test.ts',
};
/** Their names sound so, and they are none. */
const notSecret = ['ENTRA_FEDERATED_TOKEN_FILE', 'MODEL_DAILY_TOKENS', 'AUDIT_EARLIER_KEYS'];

const secrets = secretSettings().map(({ name }) => name);

test('every secret setting is shown to change without a restart', () => {
  expect(Object.keys(shownIn).sort()).toEqual([...secrets].sort());
  const inDemo = new Set([...rotatedWith('okta'), ...rotatedWith('entra'), ...rotatedWith('both')]);
  const ofDemo = secrets.filter((name) => shownIn[name] === DEMO);
  expect([...inDemo].sort()).toEqual([...ofDemo].sort());
  const absent = Object.entries(shownIn).filter(
    ([name, where]) => where !== DEMO && !readFileSync(where, 'utf8').includes(name),
  );
  expect(absent).toEqual([]);
});

test('a setting whose name says that it is a secret is one', () => {
  const all = [
    ...Object.keys(environment.shape),
    ...idpVendors.flatMap(({ settings }) => Object.keys(settings)),
  ];
  const named = all.filter((name) => /SECRET|TOKEN|PASSWORD|KEY|CERTIFICATE/.test(name));
  const missing = named.filter((name) => !secrets.includes(name) && !/^SECRETS_/.test(name));
  expect(missing.filter((name) => !notSecret.includes(name))).toEqual([]);
});

test('the documents list every one of them', () => {
  const text = readFileSync('docs/secrets.md', 'utf8');
  for (const name of secrets) expect(text).toContain(`\`${name}\``);
});
