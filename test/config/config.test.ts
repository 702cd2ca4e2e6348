import { describe, expect, test } from 'vitest';
import { type Outside, readConfig } from '../../src/config/config.ts';
import { Fault } from '../../src/core/fault.ts';
import { standardWay } from '../../src/idp/sign-in-way.ts';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { oktaOf } from '../idp/settings-of.ts';

const real = {
  SLACK_BOT_TOKEN: 'xoxb-1',
  SLACK_SIGNING_SECRET: 'signing-secret',
  OKTA_ORG_URL: 'https://acme.okta.com/',
  OKTA_API_TOKEN: 'okta-token',
  ANYPOINT_ORG_ID: 'org',
  ANYPOINT_CLIENT_ID: 'client',
  ANYPOINT_CLIENT_SECRET: 'secret',
  SCIM_TOKEN: 'a-long-random-token-of-our-own-make',
};
type Env = Record<string, string>;

function refusal(env: Env): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof Fault && error.code === 'config.invalid') return error.message;
    throw error;
  }
  throw new Error('the configuration was taken');
}

describe('nothing set', () => {
  test('is the sandbox', () => {
    expect(readConfig({})).toEqual({
      outside: null,
      auditKeys: expect.any(Function),
      auditAnchors: null,
      auditWitnesses: [],
      siem: null,
      vanta: null,
      databaseUrl: null,
      redisUrl: null,
      secretsMaxAge: 31_536_000,
      publicUrl: null,
      port: 3000,
      policyDir: 'policy',
      logLevel: null,
      readToken: null,
      trustProxy: null,
      remarks: [],
      model: expect.any(Function),
      modelDailyTokens: null,
    });
    expect(readConfig({}).model()).toBeNull();
  });

  test('and so is what a shell or compose file leaves empty, or what is not ours', () => {
    const empty = Object.fromEntries(Object.keys(real).map((name) => [name, '  ']));
    expect(readConfig({ ...empty, PORT: '', HOME: '/root', SLACK_SOMETHING: 'x' }).outside).toBeNull();
  });

  test('the sandbox can have a database, a queue, a port and a folder of its own', () => {
    const config = readConfig({
      DATABASE_URL: 'postgres://u:p@db/latchkey',
      REDIS_URL: 'rediss://cache:6380/1',
      PORT: '8080',
      POLICY_DIR: '/etc/latchkey',
      LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({
      outside: null,
      databaseUrl: 'postgres://u:p@db/latchkey',
      redisUrl: 'rediss://cache:6380/1',
      port: 8080,
      policyDir: '/etc/latchkey',
      logLevel: 'debug',
    });
  });

  test('a model key alone is remarked upon: the sandbox has its own', () => {
    const { outside, remarks } = readConfig({ OPENAI_API_KEY: 'sk-1' });
    expect(outside).toBeNull();
    expect(remarks).toEqual([expect.stringMatching(/^OPENAI_API_KEY is set but not used/)]);
  });
});

describe('everything set', () => {
  test('is for real', () => {
    const { idps, ...outside } = readConfig(real).outside as Outside;
    expect(idps.map(({ system, settings }) => [system, settings])).toEqual([
      [
        'okta',
        {
          orgUrl: 'https://acme.okta.com',
          auth: { token: 'okta-token' },
          hookSecrets: [],
          anypointAppId: null,
        },
      ],
    ]);
    expect(outside).toEqual({
      slack: { botToken: 'xoxb-1', signingSecret: 'signing-secret', apiUrl: 'https://slack.com/api/' },
      anypoint: {
        url: 'https://anypoint.mulesoft.com',
        orgId: 'org',
        clientId: 'client',
        clientSecret: 'secret',
      },
      model: null,
      graph: null,
      sets: null,
      oidc: null,
      scimToken: 'a-long-random-token-of-our-own-make',
    });
  });

  test('Socket Mode instead of the signing secret', () => {
    const { SLACK_SIGNING_SECRET: _, ...rest } = real;
    expect(readConfig({ ...rest, SLACK_APP_TOKEN: 'xapp-1' }).outside?.slack).toMatchObject({
      appToken: 'xapp-1',
    });
  });

  test('an address of its own, without the slash at its end, and a token for reading', () => {
    const env = {
      ...real,
      PUBLIC_URL: 'https://latchkey.acme.example/',
      READ_TOKEN: 'thirty-two-characters-or-even-more',
    };
    expect(readConfig(env)).toMatchObject({
      publicUrl: 'https://latchkey.acme.example',
      readToken: 'thirty-two-characters-or-even-more',
    });
  });

  test('a service app instead of the token', () => {
    const { OKTA_API_TOKEN: _, ...rest } = real;
    const env = { ...rest, OKTA_CLIENT_ID: 'app', OKTA_PRIVATE_KEY: 'pem' };
    expect(readConfig(env).outside?.idps[0]?.settings).toMatchObject({
      auth: { clientId: 'app', privateKey: 'pem' },
    });
  });

  test('an event hook’s secret, and two while one takes over from the other', () => {
    const secretsOf = (value: string) =>
      oktaOf(readConfig({ ...real, OKTA_HOOK_SECRET: value }).outside as Outside).hookSecrets;
    expect(secretsOf('the-one-and-only-secret-of-the-hook')).toEqual(['the-one-and-only-secret-of-the-hook']);
    expect(
      secretsOf('the-old-secret-of-the-okta-event-hook , the-new-secret-of-the-okta-event-hook,'),
    ).toEqual(['the-old-secret-of-the-okta-event-hook', 'the-new-secret-of-the-okta-event-hook']);
  });

  test('other addresses, and a model', () => {
    const outside = readConfig({
      ...real,
      SLACK_API_URL: 'http://127.0.0.1:4000/slack/api/',
      ANYPOINT_URL: 'https://eu1.anypoint.mulesoft.com/',
      ANYPOINT_SIGN_IN_URL: 'https://eu1.anypoint.mulesoft.com/login/domain/acme',
      OPENAI_API_KEY: 'sk',
      OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1/',
      OPENAI_MODEL: 'llama',
    }).outside;
    expect(outside).toMatchObject({
      slack: { apiUrl: 'http://127.0.0.1:4000/slack/api/' },
      anypoint: {
        url: 'https://eu1.anypoint.mulesoft.com',
        signInUrl: 'https://eu1.anypoint.mulesoft.com/login/domain/acme',
      },
      model: { apiKey: 'sk', baseUrl: 'http://127.0.0.1:11434/v1', model: 'llama' },
    });
  });
});

describe('half set is refused, never taken for the sandbox', () => {
  test.each(Object.keys(real))('only %s', (name) => {
    const told = refusal({ [name]: real[name as keyof typeof real] });
    const others = Object.keys(real).filter((other) => other !== name);
    for (const other of others) expect(told).toContain(`${other} is not set (`);
    expect(told).toMatch(/For the sandbox instead, start with none of/);
  });

  test.each(Object.keys(real))('all but %s', (name) => {
    const told = refusal(Object.fromEntries(Object.entries(real).filter(([other]) => other !== name)));
    expect(told.match(/ is not set/g)).toHaveLength(1);
    expect(told).toContain(`${name} is not set (`);
  });

  test.each([
    ['SLACK_APP_TOKEN', 'xapp-1'],
    ['SLACK_API_URL', 'https://x'],
    ['OKTA_CLIENT_ID', 'x'],
    ['OKTA_PRIVATE_KEY', 'x'],
    ['ANYPOINT_URL', 'https://x'],
    ['PUBLIC_URL', 'https://latchkey.acme.example'],
    ['READ_TOKEN', 'thirty-two-characters-or-even-more'],
  ])('only %s', (name, value) => {
    expect(refusal({ [name]: value })).toMatch(/SLACK_BOT_TOKEN is not set/);
  });

  test('a service app without its key, or the key without its app', () => {
    expect(refusal({ ...real, OKTA_CLIENT_ID: 'app' })).toContain('OKTA_PRIVATE_KEY is not set');
    expect(refusal({ ...real, OKTA_PRIVATE_KEY: 'pem' })).toContain('OKTA_CLIENT_ID is not set');
  });

  test.each([
    [{ OPENAI_API_KEY: 'sk' }, 'OPENAI_MODEL is not set'],
    [{ OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' }, 'OPENAI_MODEL is not set'],
    [{ OPENAI_MODEL: 'llama' }, 'OPENAI_API_KEY is not set'],
  ])('a model with only %j', (env, says) => {
    expect(refusal({ ...real, ...env } as Env)).toContain(says);
  });

  test('an empty value counts as not set', () => {
    expect(refusal({ ...real, SCIM_TOKEN: '' })).toContain('SCIM_TOKEN is not set');
  });
});

describe('a wrong value is named', () => {
  test.each([
    ['SLACK_BOT_TOKEN', 'xoxp-1', /starts with xoxb-/],
    ['SLACK_SIGNING_SECRET', 'short', /^ {2}SLACK_SIGNING_SECRET: is too short: at least 8 characters/m],
    ['SLACK_APP_TOKEN', 'xoxb-1', /starts with xapp-/],
    ['SLACK_API_URL', 'slack.com', /URL/],
    ['OKTA_ORG_URL', 'ftp://acme', /URL/],
    ['ANYPOINT_URL', 'anypoint', /URL/],
    ['SCIM_TOKEN', 'short', /^ {2}SCIM_TOKEN: is too short: at least 32 characters/m],
    ['SCIM_TOKEN', 'a'.repeat(64), /^ {2}SCIM_TOKEN: is too easy to guess/m],
    ['SCIM_TOKEN', 'correct-horse-'.repeat(4), /SCIM_TOKEN: is too easy to guess/],
    ['SCIM_TOKEN', `${'0'.repeat(40)}12345678`, /SCIM_TOKEN: is too easy to guess/],
    ['SCIM_TOKEN', 'a-long-random-token', /SCIM_TOKEN: is too short/],
    ['READ_TOKEN', 'passwordpasswordpasswordpassword', /READ_TOKEN: is too easy to guess/],
    [
      'AUDIT_SIGNING_KEY',
      'secret',
      /AUDIT_SIGNING_KEY: is no key for signing: make one with `latchkey audit key`/,
    ],
    ['AUDIT_EARLIER_KEYS', 'secret', /AUDIT_EARLIER_KEYS: has one that is no verifier key/],
    ['AUDIT_ANCHOR_BUCKET', 'https://bucket.example', /AUDIT_ANCHOR_BUCKET: must be s3:/],
    ['AUDIT_ANCHOR_TSA_CA', '/nowhere.pem', /AUDIT_ANCHOR_TSA_CA: is neither a certificate/],
    ['AUDIT_WITNESSES', 'https://witness.example', /AUDIT_WITNESSES: has one that is no witness/],
    ['TRUST_PROXY', 'true', /TRUST_PROXY: must be the addresses of your proxies/],
    ['TRUST_PROXY', '1', /TRUST_PROXY: must be/],
    ['TRUST_PROXY', '0.0.0.0/0', /TRUST_PROXY: must be/],
    ['TRUST_PROXY', '*', /TRUST_PROXY: must be/],
    ['TRUST_PROXY', '10.0.0.0/33', /TRUST_PROXY: must be/],
    ['TRUST_PROXY', 'proxy.example', /TRUST_PROXY: must be/],
    [
      'OKTA_HOOK_SECRET',
      'a-long-random-secret-of-our-own-make,short',
      /OKTA_HOOK_SECRET: is too short: at least 32 ch/,
    ],
    ['OKTA_HOOK_SECRET', ',', /OKTA_HOOK_SECRET/],
    ['OPENAI_BASE_URL', 'localhost', /URL/],
    ['DATABASE_URL', 'mysql://db', /URL/],
    ['REDIS_URL', 'http://cache', /URL/],
    ['PUBLIC_URL', 'latchkey', /URL/],
    ['PORT', '99999', /^ {2}PORT: must be a number from 0 to 65535$/m],
    ['PORT', 'abc', /^ {2}PORT: must be a number from 0 to 65535$/m],
    ['PORT', '80.5', /^ {2}PORT: must be a number from 0 to 65535$/m],
    ['PORT', '-1', /^ {2}PORT: must be a number from 0 to 65535$/m],
    ['PORT', '0x50', /^ {2}PORT: must be a number from 0 to 65535$/m],
    ['LOG_LEVEL', 'loud', /fatal/],
    ['READ_TOKEN', 'short', /32 characters/],
  ])('%s=%s', (name, value, says) => {
    const told = refusal({ ...real, [name]: value });
    expect(told).toMatch(new RegExp(`^  ${name}: `, 'm'));
    expect(told).toMatch(says);
  });

  test('all of them at once', () => {
    const told = refusal({ ...real, PORT: 'x', LOG_LEVEL: 'y', SCIM_TOKEN: 'z' });
    for (const name of ['PORT', 'LOG_LEVEL', 'SCIM_TOKEN']) expect(told).toContain(`${name}: `);
  });

  test('one that is malformed hides none that is missing', () => {
    const { OKTA_ORG_URL: _, SCIM_TOKEN: __, ...rest } = real;
    const told = refusal({ ...rest, SLACK_BOT_TOKEN: 'xoxp-1', PORT: 'x', OPENAI_API_KEY: 'sk' });
    for (const name of ['SLACK_BOT_TOKEN', 'PORT']) expect(told).toMatch(new RegExp(`^  ${name}: `, 'm'));
    for (const name of ['OKTA_ORG_URL', 'SCIM_TOKEN', 'OPENAI_MODEL'])
      expect(told).toContain(`${name} is not set`);
    // What is set and wrong is not missing.
    expect(told).not.toContain('SLACK_BOT_TOKEN is not set');
    expect(told).toMatch(/For the sandbox instead, start with none of/);
  });

  test.each([
    [
      'a malformed app token asks for no signing secret',
      { SLACK_APP_TOKEN: 'wrong' },
      'SLACK_SIGNING_SECRET',
      'SLACK_APP_TOKEN: ',
    ],
    [
      'a malformed issuer is not one that is missing',
      { SET_ISSUERS: '{', SET_AUDIENCE: 'us' },
      '',
      'SET_ISSUERS: must be',
    ],
    [
      'a malformed address of a model names the model that is missing',
      { OPENAI_BASE_URL: 'here' },
      '',
      'OPENAI_MODEL is not set',
    ],
  ])('%s', (_what, env, without, says) => {
    const rest = Object.fromEntries(Object.entries(real).filter(([name]) => name !== without));
    const told = refusal({ ...rest, ...env } as Env);
    expect(told).toContain(says);
    expect(told).not.toMatch(/SLACK_SIGNING_SECRET is not set|SET_ISSUERS is not set/);
  });

  test('quotation marks that came along are named', () => {
    expect(refusal({ ...real, SLACK_BOT_TOKEN: '"xoxb-1"' })).toMatch(
      /^ {2}SLACK_BOT_TOKEN: starts with xoxb-; take the quotation marks out/m,
    );
  });

  test('a slip in a name is told beside what is missing, and by itself', () => {
    const { SCIM_TOKEN: _, ...rest } = real;
    const says = 'SCIM_TOKN is set and means nothing here: is it SCIM_TOKEN that was meant?';
    expect(refusal({ ...rest, SCIM_TOKN: 'a-long-random-token' })).toContain(says);
    expect(readConfig({ ...real, DATABSE_URL: 'postgres://db/latchkey' }).remarks).toEqual([
      'DATABSE_URL is set and means nothing here: is it DATABASE_URL that was meant?',
    ]);
    expect(
      readConfig({ PATH: '/bin', HOME: '/root', LOG_DIR: 'x', npm_config_user_agent: 'npm' }).remarks,
    ).toEqual([]);
  });

  test('secrets are not repeated in the message', () => {
    expect(refusal({ ...real, SLACK_BOT_TOKEN: 'xoxp-very-secret', SCIM_TOKEN: 'tiny' })).not.toMatch(
      /very-secret|tiny/,
    );
  });
});

describe('the sandbox’s published credentials', () => {
  const published = sandboxSettings('http://127.0.0.1:4000');

  test('are good for the sandbox’s own world', () => {
    expect(readConfig(published).outside).not.toBeNull();
    expect(
      readConfig({ ...published, ...{ OKTA_ORG_URL: 'http://localhost:4000/okta' } }).outside,
    ).not.toBeNull();
  });

  test.each([
    ['SLACK_BOT_TOKEN', 'xoxb-sandbox-latchkey'],
    ['SLACK_SIGNING_SECRET', 'sandbox-signing-secret'],
    ['SLACK_APP_TOKEN', 'xapp-sandbox-latchkey'],
    ['OKTA_API_TOKEN', 'sandbox-okta-token'],
    ['ANYPOINT_CLIENT_SECRET', 'sandbox-anypoint-secret'],
    ['SCIM_TOKEN', 'sandbox-scim-token'],
    ['OKTA_HOOK_SECRET', 'sandbox-okta-hook-secret'],
    ['OKTA_HOOK_SECRET', 'a-secret-of-our-own-that-is-hard-to-guess,sandbox-okta-hook-secret'],
    ['READ_TOKEN', 'sandbox-read-token'],
  ])('%s is refused for real, and not repeated', (name, value) => {
    const told = refusal({ ...real, [name]: value });
    expect(told).toMatch(new RegExp(`^  ${name}: is the sandbox’s own`, 'm'));
    expect(told).not.toContain(value);
  });

  test.each([
    ['OKTA_ORG_URL', 'https://acme.okta.com'],
    ['ANYPOINT_URL', 'https://127.0.0.1.evil.example'],
    ['SLACK_API_URL', 'https://slack.com/api/'],
  ])('and so they are when only %s is elsewhere', (name, value) => {
    expect(refusal({ ...published, [name]: value })).toContain('SCIM_TOKEN: is the sandbox’s own');
  });
});

describe('other event sources', () => {
  const graph = {
    GRAPH_TENANT_ID: 'tenant',
    GRAPH_CLIENT_ID: 'client',
    GRAPH_CLIENT_SECRET: 'graph-secret',
    PUBLIC_URL: 'https://latchkey.example',
  };
  const sets = { SET_ISSUERS: 'https://idp.example=https://idp.example/keys?a=b', SET_AUDIENCE: 'us' };
  const keys = { issuer: 'https://idp.example', jwksUrl: 'https://idp.example/keys?a=b' };
  const without = (env: Env, name: string): Env =>
    Object.fromEntries(Object.entries(env).filter(([key]) => key !== name));

  test('are silent unless set', () => {
    expect(readConfig(real).outside).toMatchObject({ graph: null, sets: null });
  });

  test('Graph, with Microsoft’s own addresses unless told', () => {
    expect(readConfig({ ...real, ...graph }).outside?.graph).toMatchObject({
      auth: { secret: 'graph-secret' },
      url: 'https://graph.microsoft.com',
      loginUrl: 'https://login.microsoftonline.com',
    });
  });

  test.each(Object.keys(graph))('Graph without %s is refused', (name) => {
    expect(refusal(without({ ...real, ...graph }, name))).toContain(`${name} is not set`);
  });

  test('issuers of SETs as a list or as JSON', () => {
    expect(readConfig({ ...real, ...sets }).outside?.sets).toEqual({ issuers: [keys], audience: 'us' });
    const two = `${sets.SET_ISSUERS}, https://b.example=https://b.example/keys`;
    expect(readConfig({ ...real, ...sets, SET_ISSUERS: two }).outside?.sets?.issuers).toHaveLength(2);
    const json = JSON.stringify({ [keys.issuer]: keys.jwksUrl });
    expect(readConfig({ ...real, ...sets, SET_ISSUERS: json }).outside?.sets?.issuers).toEqual([keys]);
  });

  test.each(Object.keys(sets))('SETs without %s are refused', (name) => {
    expect(refusal(without({ ...real, ...sets }, name))).toContain(`${name} is not set`);
  });

  test.each([
    'https://idp.example',
    'x=',
    '=https://idp.example/keys',
    '{',
    '{"a":1}',
    'a=http://idp.example/keys',
  ])('SET_ISSUERS=%s is refused: keys come over HTTPS, but from this machine', (value) => {
    expect(refusal({ ...real, ...sets, SET_ISSUERS: value })).toContain('SET_ISSUERS: must be');
    const local = 'a=http://127.0.0.1:9/keys';
    expect(readConfig({ ...real, ...sets, SET_ISSUERS: local }).outside?.sets?.issuers).toHaveLength(1);
  });

  const oidc = {
    OIDC_ISSUER: 'https://acme.okta.com',
    OIDC_CLIENT_ID: 'client',
    OIDC_CLIENT_SECRET: 'oidc-secret',
    PUBLIC_URL: 'https://latchkey.example',
  };

  test('a fresh sign-in, with two factors and by sub unless told', () => {
    expect(readConfig({ ...real, ...oidc }).outside?.oidc).toEqual({
      issuer: 'https://acme.okta.com',
      clientId: 'client',
      clientSecret: 'oidc-secret',
      acrValues: ['urn:okta:loa:2fa:any'],
      subjectClaim: 'sub',
      way: standardWay,
    });
    const told = { OIDC_ACR_VALUES: 'phr  phrh', OIDC_SUBJECT_CLAIM: 'oid' };
    expect(readConfig({ ...real, ...oidc, ...told }).outside?.oidc).toMatchObject({
      acrValues: ['phr', 'phrh'],
      subjectClaim: 'oid',
    });
    expect(readConfig({ ...real, ...oidc, OIDC_ACR_VALUES: 'any' }).outside?.oidc?.acrValues).toEqual([]);
  });

  test('with Entra by oid, and with a level that has to be set: Entra has none by itself', () => {
    const ofEntra = {
      ...real,
      ...oidc,
      ENTRA_TENANT_ID: 'tenant',
      ENTRA_CLIENT_ID: 'client',
      ENTRA_CLIENT_SECRET: 'entra-secret',
      OIDC_ISSUER: 'https://login.microsoftonline.com/tenant/v2.0',
    };
    expect(readConfig({ ...ofEntra, OIDC_ACR_VALUES: 'c1' }).outside?.oidc).toMatchObject({
      acrValues: ['c1'],
      subjectClaim: 'oid',
    });
    expect(readConfig({ ...ofEntra, OIDC_ACR_VALUES: 'any' }).outside?.oidc?.acrValues).toEqual([]);
    expect(refusal(ofEntra)).toContain('OIDC_ACR_VALUES is not set: with Entra');
    for (const wrong of ['urn:okta:loa:2fa:any', 'c1 c2', 'c0', 'c100'])
      expect(refusal({ ...ofEntra, OIDC_ACR_VALUES: wrong }), wrong).toContain('one authentication context');
  });

  test.each(Object.keys(oidc))('a fresh sign-in without %s is refused', (name) => {
    expect(refusal(without({ ...real, ...oidc }, name))).toContain(`${name} is not set`);
  });

  test('an issuer is written as it names itself, and comes over HTTPS but from this machine', () => {
    const slash = { ...oidc, OIDC_ISSUER: 'https://acme.example/tenant/' };
    expect(readConfig({ ...real, ...slash }).outside?.oidc?.issuer).toBe('https://acme.example/tenant/');
    expect(refusal({ ...real, ...oidc, OIDC_ISSUER: 'http://acme.okta.com' })).toContain(
      'OIDC_ISSUER: must begin with https://',
    );
    const { PUBLIC_URL: _, ...local } = { ...oidc, OIDC_ISSUER: 'http://127.0.0.1:4001/okta' };
    expect(readConfig({ ...real, ...local }).outside?.oidc?.issuer).toBe('http://127.0.0.1:4001/okta');
  });

  test('Graph alone never becomes the sandbox', () => {
    expect(refusal(graph)).toContain('SLACK_BOT_TOKEN is not set');
  });
});

test('an authority of time stamps wants to be trusted by something, and a place for its stamps', () => {
  const told = refusal({ ...real, AUDIT_ANCHOR_TSA: 'https://tsa.example' });
  expect(told).toContain('AUDIT_ANCHOR_TSA_CA is not set, but AUDIT_ANCHOR_TSA is');
  expect(told).toContain('AUDIT_ANCHOR_FILE is not set, but AUDIT_ANCHOR_TSA is');
});
