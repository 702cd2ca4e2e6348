import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Fault } from '../../src/core/fault.ts';
import { loadCatalogue } from '../../src/policy/catalogue-file.ts';
import { catalogueJsonSchema } from '../../src/policy/catalogue-schema.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-policy-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const POLICY =
  '# Policy\n\n- **AC-1 Least privilege.** Nobody holds more.\n- **AC-3 Reading.** Managers decide.\n';
const GOOD = `channel: access-requests
admins: [sam@acme.example]
pending: { remindAfter: 4h, lapseAfter: 3d }
entitlements:
  - key: orders-read
    title: "Orders API: read"
    gives: reading
    idp: { group: anypoint-orders }
    team: Orders readers
    tier: medium
    owner: olga@acme.example
    requestable: everyone
    approvers: { of: any, sources: [manager, owner] }
    durations: { offered: [1d, 1h], default: 1d, max: 7d }
    clauses: [AC-3, AC-1]
`;

async function load(yaml: string, policy = POLICY) {
  await writeFile(join(dir, 'catalogue.yaml'), yaml);
  await writeFile(join(dir, 'policy.md'), policy);
  return await loadCatalogue(dir);
}

async function mistakesIn(yaml: string, policy = POLICY): Promise<string> {
  const fault = await load(yaml, policy).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(fault instanceof Fault)) throw new Error('the catalogue was taken');
  expect(fault.code).toBe('catalogue.invalid');
  expect(fault.retryable).toBe(false);
  return fault.message.replaceAll(dir, 'policy');
}

describe('ways of delivery', () => {
  const second = GOOD.slice(GOOD.indexOf('  - key: ')).replace('orders-read', 'orders-look');
  const way = (text: string, delivery: string) =>
    text.replace('    team: ', `    delivery: ${delivery}\n    team: `);

  test('what the catalogue says holds for all, but for those that say otherwise; unless told Latchkey carries them', async () => {
    const other = second.replace('anypoint-orders', 'anypoint-look');
    const ways = async (yaml: string) => (await load(yaml)).entitlements.map((e) => e.delivery ?? 'bridge');
    expect(await ways(GOOD + other)).toEqual(['bridge', 'bridge']);
    expect(await ways(`delivery: native\n${GOOD}${other}`)).toEqual(['native', 'native']);
    expect(await ways(`delivery: native\n${GOOD}${way(other, 'claim')}`)).toEqual(['native', 'claim']);
    expect(await ways(`delivery: claim\n${way(GOOD, 'bridge')}${other}`)).toEqual(['bridge', 'claim']);
  });

  test.each<[string, string, RegExp]>([
    ['an unknown way', `delivery: scim\n${GOOD}`, /:1: delivery: /],
    [
      'one group carried to one team in two ways',
      GOOD + way(second, 'claim'),
      /entitlements\.1\.delivery: anypoint-orders is carried to Orders readers one way only, and orders-read says bridge/,
    ],
    [
      'a canary that would have to sign in',
      `${way(GOOD, 'claim').replace('requestable: everyone', 'requestable: { people: [] }')}canary: { person: kit@acme.example, entitlement: orders-read }\n`,
      /entitlements\.0\.delivery: the canary never signs in/,
    ],
  ])('refused: %s', async (_title, yaml, mistake) => {
    expect(await mistakesIn(yaml)).toMatch(mistake);
  });
});

describe('the canary', () => {
  const withCanary = (entitlement: string, more = '') =>
    `${GOOD}  - key: canary
    title: Canary
    gives: nothing
    idp: { group: anypoint-canary }
    team: Canary
    tier: low
    owner: olga@acme.example
    requestable: { people: [] }
    approvers: { of: any, sources: [owner] }
    durations: { offered: [1h], default: 1h, max: 1h }
${more}canary: { person: kit@acme.example, entitlement: ${entitlement} }
`;

  test('is a person, an entitlement and how often', async () => {
    expect((await load(withCanary('canary'))).canary).toEqual({
      person: 'kit@acme.example',
      entitlement: 'canary',
      everySeconds: 300,
    });
  });

  test.each([
    [
      'an entitlement that there is',
      withCanary('canari'),
      /canary\.entitlement: there is no entitlement canari/,
    ],
    [
      'an entitlement that nobody may ask for',
      withCanary('orders-read'),
      /entitlements\.0\.requestable: nobody may ask for the canary’s entitlement/,
    ],
    [
      'a group of its own',
      withCanary('canary').replace('group: anypoint-canary', 'group: anypoint-orders'),
      /entitlements\.1\.idp: the canary needs a group of its own/,
    ],
    [
      'a team of its own',
      withCanary('canary').replace('team: Canary', 'team: Orders readers'),
      /entitlements\.1\.team: the canary needs a team of its own/,
    ],
    [
      'nobody’s birthright',
      withCanary('canary', '    birthright: { departments: [Orders] }\n'),
      /entitlements\.1\.birthright: the canary’s entitlement is nobody’s birthright/,
    ],
  ])('has to have %s', async (_what, yaml, mistake) => {
    expect(await mistakesIn(yaml)).toMatch(mistake);
  });
});

test('a good catalogue is read whole', async () => {
  expect(await load(GOOD)).toEqual({
    channel: 'access-requests',
    digest: { weekday: 1, minute: 540, unusedSeconds: 30 * 86_400 },
    admins: ['sam@acme.example'],
    remindSeconds: 14_400,
    lapseSeconds: 259_200,
    massGuard: { memberships: 10, windowSeconds: 600, people: 10, share: 0.05, peopleWindowSeconds: 3_600 },
    canary: null,
    onCall: null,
    signInWithinSeconds: 43_200,
    clauses: [
      { id: 'AC-1', text: 'Least privilege. Nobody holds more.' },
      { id: 'AC-3', text: 'Reading. Managers decide.' },
    ],
    entitlements: [
      {
        key: 'orders-read',
        title: 'Orders API: read',
        gives: 'reading',
        idpGroup: 'anypoint-orders',
        team: 'Orders readers',
        tier: 'medium',
        owner: 'olga@acme.example',
        requestableBy: 'everyone',
        approvers: {
          stages: [{ of: 'any', quorum: 1, sources: [{ manager: true }, { owner: true }] }],
          distinct: true,
        },
        autoApprove: false,
        durationsSeconds: [3_600, 86_400],
        defaultSeconds: 86_400,
        maxSeconds: 604_800,
        clauses: ['AC-3', 'AC-1'],
        finding: 'ask',
        birthright: null,
        conflicts: [],
        reviewEverySeconds: null,
        reviewed: null,
      },
    ],
    bundles: [],
  });
});

test.each([
  [
    'onCall: { slackUserGroup: oncall }',
    { onCall: { slackUserGroup: 'oncall' }, signInWithinSeconds: 43_200 },
  ],
  [
    'onCall: { idpGroup: On call }\nsignIn: { within: 1h }',
    { onCall: { idpGroup: 'On call' }, signInWithinSeconds: 3_600 },
  ],
])('who is on call and how old a sign-in may be: %s', async (written, read) => {
  expect(await load(`${GOOD}${written}\n`)).toMatchObject(read);
});

test('the example catalogue is good', async () => {
  const { entitlements } = await loadCatalogue('policy');
  expect(entitlements.length).toBeGreaterThan(3);
});

describe('every kind of approver and requester', () => {
  test('is read', async () => {
    const catalogue = await load(
      GOOD.replace(
        'requestable: everyone',
        'requestable: { departments: [Orders], people: [a@b.example] }',
      ).replace(
        'sources: [manager, owner]',
        'quorum: 2, sources: [owner, { person: a@b.example }, { group: officers }], ping: [owner]',
      ),
    );
    expect(catalogue.entitlements[0]).toMatchObject({
      requestableBy: { departments: ['Orders'], people: ['a@b.example'] },
      approvers: {
        stages: [
          {
            of: 'any',
            quorum: 2,
            sources: [{ owner: true }, { person: 'a@b.example' }, { group: 'officers' }],
            ping: [{ owner: true }],
          },
        ],
        distinct: true,
      },
    });
  });

  test('stages are read, each with a quorum of its sources, and who is only told', async () => {
    const catalogue = await load(
      GOOD.replace(
        'of: any, sources: [manager, owner]',
        'distinct: false, tell: [{ group: audit }], stages: [{ of: any, sources: [manager, owner] }, { of: all, quorum: 3, sources: [owner, { group: officers, quorum: 2 }, admins] }]',
      ),
    );
    expect(catalogue.entitlements[0]?.approvers).toEqual({
      stages: [
        { of: 'any', quorum: 1, sources: [{ manager: true }, { owner: true }] },
        {
          of: 'all',
          quorum: 3,
          sources: [{ owner: true }, { group: 'officers', quorum: 2 }, { admins: true }],
        },
      ],
      distinct: false,
      tell: [{ group: 'audit' }],
    });
  });
});

/** The text written instead, the line it stands in, and the words of the mistake. */
const mistakes: [what: string, from: string, to: string, line: number, says: RegExp][] = [
  ['no channel', 'channel: access-requests\n', '', 1, /channel/],
  ['a channel with #', 'channel: access-requests', 'channel: "#access-requests"', 1, /without #/],
  ['no admins', 'admins: [sam@acme.example]', 'admins: []', 2, /admins/],
  ['an admin who is no address', '[sam@acme.example]', '[sam]', 2, /admins\.0/],
  [
    'a duration of no kind',
    'remindAfter: 4h',
    'remindAfter: 4 hours',
    3,
    /"4 hours" is no duration: write e\.g\. 90s/,
  ],
  ['an unknown setting', 'pending: {', 'pending: { nagAfter: 1h,', 3, /nagAfter/],
  [
    'a user group by its mention',
    'channel: access-requests',
    'onCall: { slackUserGroup: "@oncall" }\nchannel: access-requests',
    1,
    /onCall.*handle without @, e\.g\. oncall-integration/,
  ],
  [
    'on call by another name',
    'channel: access-requests',
    'onCall: { slackUsergroup: oncall }\nchannel: access-requests',
    1,
    /who is on call is `\{ slackUserGroup: handle \}` or `\{ idpGroup: name \}`/,
  ],
  [
    'a sign-in of an age of no kind',
    'channel: access-requests',
    'signIn: { within: half a day }\nchannel: access-requests',
    1,
    /"half a day" is no duration/,
  ],
  ['no entitlements', GOOD.slice(GOOD.indexOf('entitlements:')), 'entitlements: []\n', 4, /entitlements/],
  ['a key in capitals', 'key: orders-read', 'key: Orders Read', 5, /lower-case letters, digits and hyphens/],
  ['no key', 'key: orders-read\n    title', 'title', 5, /key/],
  ['a title too long for a menu', '"Orders API: read"', `"${'x'.repeat(76)}"`, 6, /title/],
  ['an empty "gives"', 'gives: reading', 'gives: ""', 7, /gives/],
  ['no group', 'idp: { group: anypoint-orders }', 'idp: {}', 8, /idp\.group/],
  ['a tier there is not', 'tier: medium', 'tier: huge', 10, /tier/],
  ['an owner who is no address', 'owner: olga@acme.example', 'owner: Olga', 11, /owner/],
  ['a rule there is not', 'of: any', 'of: some', 13, /approvers\.of/],
  ['a quorum of nobody', 'of: any,', 'of: any, quorum: 0,', 13, /quorum/],
  ['no approvers', 'sources: [manager, owner]', 'sources: []', 13, /sources/],
  ['no sources', 'of: any, sources: [manager, owner]', 'of: any', 13, /write `sources`: who approves/],
  ['sources of no rule', 'of: any, sources: [manager, owner]', 'sources: [owner]', 13, /write `of: any` or/],
  ['no stages', 'of: any, sources: [manager, owner]', 'stages: []', 13, /stages/],
  [
    'a quorum that manager and owner never reach',
    'of: any, sources: [manager, owner]',
    'of: any, quorum: 3, sources: [manager, owner]',
    13,
    /can never be 3, they are 2 at most: lower `quorum`/,
  ],
  [
    'a second stage that can never be filled',
    'of: any, sources: [manager, owner]',
    'stages: [{ of: any, sources: [manager] }, { of: all, quorum: 2, sources: [owner, { person: OLGA@acme.example }] }]',
    13,
    /stage 2: its approvers can never be 2/,
  ],
  [
    'on call, and nobody says who that is',
    'of: any, sources: [manager, owner]',
    'of: any, sources: [onCall]',
    13,
    /nobody says who is on call: set `onCall`/,
  ],
  [
    'a rung that is asked only when the request has lapsed',
    'tier: medium',
    'tier: medium\n    escalation: [{ after: 30d, to: [owner] }]',
    11,
    /a request lapses before this rung is asked/,
  ],
  [
    'stages and a rule beside them',
    'of: any, sources: [manager, owner]',
    'of: any, stages: [{ of: any, sources: [owner] }]',
    13,
    /belongs into one of the `stages`/,
  ],
  [
    'an approver of no kind',
    'sources: [manager, owner]',
    'sources: [boss]',
    13,
    /an approver is `manager`, `owner`/,
  ],
  ['more offered than allowed', 'offered: [1d, 1h]', 'offered: [1d, 8d]', 14, /longer than `max`/],
  ['a default that is not offered', 'default: 1d', 'default: 2d', 14, /one of `offered`/],
  [
    'approval by rule above tier low',
    'tier: medium',
    'tier: medium\n    autoApprove: true',
    11,
    /only tier low/,
  ],
  ['a clause that is not there', '[AC-3, AC-1]', '[AC-9]', 15, /clause AC-9 is not in policy\.md/],
];

describe('a mistake is told with its line and what to do', () => {
  test.each(mistakes)('%s', async (_what, from, to, line, says) => {
    expect(GOOD).toContain(from);
    const told = await mistakesIn(GOOD.replace(from, to));
    expect(told).toMatch(new RegExp(`policy/catalogue\\.yaml:${line}: `));
    expect(told).toMatch(says);
  });

  test('a key used twice', async () => {
    const second = GOOD.slice(GOOD.indexOf('  - key'));
    expect(await mistakesIn(GOOD + second)).toMatch(
      /catalogue\.yaml:16: entitlements\.1\.key: the key orders-read is used twice/,
    );
  });

  test('all mistakes at once, not one after the other', async () => {
    const told = await mistakesIn(GOOD.replace('tier: medium', 'tier: huge').replace('of: any', 'of: some'));
    expect(told).toMatch(/:10: /);
    expect(told).toMatch(/:13: /);
  });

  test('no YAML at all', async () => {
    expect(await mistakesIn('channel: [unclosed\n')).toMatch(/catalogue\.yaml:\d+: /);
  });

  test('an empty file', async () => {
    expect(await mistakesIn('')).toMatch(/catalogue\.yaml:1: /);
  });

  test('no file: says which setting names the folder', async () => {
    await expect(loadCatalogue(join(dir, 'nowhere'))).rejects.toThrow(
      /nowhere.*can’t be read: set POLICY_DIR/,
    );
  });
});

const SECOND = GOOD.slice(GOOD.indexOf('  - key'))
  .replace('key: orders-read', 'key: orders-deploy')
  .replace('tier: medium', 'tier: high');
const PAIR = GOOD + SECOND;

describe('what must be kept apart', () => {
  test('written on one side, it is both’s', async () => {
    const { entitlements } = await load(
      PAIR.replace('tier: high', 'tier: high\n    conflicts: [{ with: orders-read, because: four eyes }]'),
    );
    expect(entitlements.map((e) => e.conflicts)).toEqual([
      [{ with: 'orders-deploy', because: 'four eyes' }],
      [{ with: 'orders-read', because: 'four eyes' }],
    ]);
  });

  test('written on both sides, the reason of either counts', async () => {
    const { entitlements } = await load(
      PAIR.replace('tier: high', 'tier: high\n    conflicts: [orders-read]').replace(
        'tier: medium',
        'tier: medium\n    conflicts: [{ with: orders-deploy, because: four eyes }]',
      ),
    );
    expect(entitlements[1]?.conflicts).toEqual([{ with: 'orders-read', because: 'four eyes' }]);
  });

  test.each([
    [
      'with itself',
      'conflicts: [orders-read]',
      /:11: entitlements\.0\.conflicts\.0: it can’t conflict with itself/,
    ],
    [
      'with nothing',
      'conflicts: [orders-rite]',
      /:11: entitlements\.0\.conflicts\.0: there is no entitlement/,
    ],
  ])('%s', async (_what, conflicts, says) => {
    expect(await mistakesIn(PAIR.replace('tier: medium', `tier: medium\n    ${conflicts}`))).toMatch(says);
  });

  test('not the birthright of the same people', async () => {
    const birthright = 'birthright: { departments: [Orders, Payments] }';
    expect(
      await mistakesIn(
        PAIR.replace(
          'tier: medium',
          `tier: medium\n    ${birthright}\n    conflicts: [orders-deploy]`,
        ).replace('tier: high', `tier: low\n    birthright: { departments: [Orders] }`),
      ),
    ).toMatch(/both are the birthright of Orders/);
  });
});

describe('a bundle', () => {
  const bundle = (parts: string, key = 'support') =>
    `${PAIR}bundles:\n  - { key: ${key}, title: Support, entitlements: [${parts}] }\n`;

  test('is read', async () => {
    expect((await load(bundle('orders-read, orders-deploy'))).bundles).toEqual([
      { key: 'support', title: 'Support', entitlements: ['orders-read', 'orders-deploy'] },
    ]);
  });

  test.each([
    [
      'with what is not there',
      bundle('orders-read, orders-rite'),
      /bundles\.0\.entitlements\.1: there is no entitlement/,
    ],
    ['of one', bundle('orders-read'), /bundles\.0\.entitlements/],
    [
      'with a key that is taken',
      bundle('orders-read, orders-deploy', 'orders-read'),
      /the key orders-read is used twice/,
    ],
    [
      'of what must be kept apart',
      bundle('orders-read, orders-deploy').replace('tier: high', 'tier: high\n    conflicts: [orders-read]'),
      /bundles\.0\.entitlements\.1: orders-deploy conflicts with orders-read: nobody may have both/,
    ],
  ])('%s is told', async (_what, yaml, says) => {
    expect(await mistakesIn(yaml)).toMatch(says);
  });
});

test('a review, and what was reviewed, are read', async () => {
  const { entitlements } = await load(
    GOOD.replace(
      'tier: medium',
      'tier: medium\n    review: { every: 90d }\n    reviewed: { on: 2026-01-31, roles: 0123abcd-89abcdef }',
    ),
  );
  expect(entitlements[0]).toMatchObject({
    reviewEverySeconds: 7_776_000,
    reviewed: { on: '2026-01-31', roles: '0123abcd-89abcdef' },
  });
});

test('an unknown setting is told with what was probably meant', async () => {
  expect(await mistakesIn(GOOD.replace('durations: {', 'duration: {'))).toMatch(
    /:14: .*duration.*did you mean `durations`\?|did you mean `durations`\?/,
  );
});

describe('the JSON Schema for editors', () => {
  const published = JSON.parse(readFileSync('policy/catalogue.schema.json', 'utf8'));

  test('is in step: `npm run -s latchkey -- policy schema > policy/catalogue.schema.json`', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(catalogueJsonSchema())));
  });

  test('takes the example, and names what is wrong with others', () => {
    const isGood = new Ajv({ strict: false, validateFormats: false }).compile(published);
    const example = parse(readFileSync('policy/catalogue.yaml', 'utf8'));
    expect(isGood(example), JSON.stringify(isGood.errors)).toBe(true);
    expect(isGood({ ...example, channels: 'x' })).toBe(false);
    expect(isGood({ ...example, pending: { remindAfter: '4 hours', lapseAfter: '3d' } })).toBe(false);
  });

  test('the example tells editors of it', () => {
    expect(readFileSync('policy/catalogue.yaml', 'utf8').split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./catalogue.schema.json',
    );
  });
});

test.each(['Orders\\0 API', 'Orders \\uD83D', 'Orders \\x00'])(
  'a text that no database holds is a mistake of its line: %s',
  async (title) => {
    expect(await mistakesIn(GOOD.replace('Orders API: read', title))).toMatch(
      /catalogue\.yaml:6: this text has characters that can’t be stored/,
    );
  },
);
