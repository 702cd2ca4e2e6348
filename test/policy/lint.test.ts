import { beforeAll, describe, expect, test } from 'vitest';
import type { InvalidPolicy } from '../../src/policy/catalogue-file.ts';
import { lintCatalogue } from '../../src/policy/lint.ts';
import { type PolicyTexts, policyOf, readTexts } from '../../src/policy/policy-folder.ts';

let example: PolicyTexts;
beforeAll(async () => {
  example = await readTexts('policy');
});

type Change = [file: string, from: string, to: string];

/** What is remarked upon once these texts of the example are others. */
async function remarks(...changes: Change[]): Promise<string[]> {
  const { catalogue, rules, terms } = await policyOf(changed(changes));
  return lintCatalogue(catalogue, rules, terms).map(
    ({ kind, entitlement, text }) => `${kind} ${entitlement}: ${text}`,
  );
}

function changed(changes: readonly Change[]): PolicyTexts {
  const files = new Map(example.files);
  for (const [file, from, to] of changes) {
    const text = files.get(file) ?? '';
    expect(text).toContain(from);
    files.set(file, text.replace(from, to));
  }
  return { ...example, files };
}

const ADMIN = 'approvers: { of: all, quorum: 2, sources: [owner, { group: security-officers }] }';
const DEPLOY = 'approvers: { of: all, sources: [manager, owner] }';
const READ = 'approvers: { of: any, sources: [manager, owner] }';

describe('clauses and catalogue say the same', () => {
  test('in the example they do', async () => {
    expect((await remarks()).filter((line) => line.startsWith('problem'))).toEqual([]);
  });

  test.each<[string, Change, RegExp]>([
    [
      'any two, where the owner and a security officer have to',
      [
        'catalogue.yaml',
        ADMIN,
        'approvers: { of: any, quorum: 2, sources: [owner, { group: security-officers }] }',
      ],
      /^problem platform-admin: AC-5 \(policy\/policy\.md:\d+\) says that the owner and somebody of security-officers approve it, but in the catalogue any two of the owner, somebody of security-officers are enough: write `approvers: \{ of: all, quorum: 2, sources: \[owner, \{ group: security-officers \}\] \}`/,
    ],
    [
      'both, where one person can fill both slots',
      ['catalogue.yaml', ADMIN, ADMIN.replace('quorum: 2, ', '')],
      /^problem platform-admin: AC-5 .* wants two people, but in the catalogue one person can be enough: write `quorum: 2`/,
    ],
    [
      'one of two, where both have to',
      ['catalogue.yaml', DEPLOY, READ],
      /^problem orders-api-deploy: AC-4 .* the manager and the owner approve it, but in the catalogue any one of the manager, the owner is enough/,
    ],
    [
      'somebody whom the clause does not name',
      ['catalogue.yaml', READ, 'approvers: { of: any, sources: [manager, { person: sam@acme.example }] }'],
      /^problem orders-api-read: AC-3 .* the manager or the owner approves it, but in the catalogue any one of the manager, sam@acme\.example is enough/,
    ],
    [
      'longer than the clause allows',
      [
        'catalogue.yaml',
        'durations: { offered: [1h, 8h], default: 1h, max: 8h }',
        'durations: { offered: [1h, 8h], default: 1h, max: 2d }',
      ],
      /^problem platform-admin: AC-5 .* for 8 hours at most, but the catalogue’s `max` is 2 days/,
    ],
    [
      'a clause that became stricter',
      ['policy.md', 'approvers: manager or owner; max: 7d', 'approvers: manager or owner; max: 1d'],
      /^problem payments-api-read: AC-3 .* for 1 day at most, but the catalogue’s `max` is 7 days/,
    ],
    [
      'no review where all are reviewed',
      ['catalogue.yaml', '    review: { every: 30d }\n', ''],
      /^problem platform-admin: AC-16 .* wants a review every 30 days, but the catalogue has none/,
    ],
    [
      'too seldom a review',
      ['catalogue.yaml', 'review: { every: 30d }', 'review: { every: 60d }'],
      /^problem platform-admin: AC-16 .* wants a review every 30 days, but the catalogue has one every 60 days/,
    ],
    [
      'a clause about another tier',
      ['catalogue.yaml', 'clauses: [AC-3]', 'clauses: [AC-6]'],
      /^problem payments-api-read: AC-6 .* is about tier low, but in the catalogue it is medium/,
    ],
    [
      'by rule what people decide',
      ['policy.md', 'tier: low; by rule: yes', 'tier: low; approvers: owner'],
      /^problem everyone-view: AC-6 .* wants a person to decide, but the catalogue’s `autoApprove` gives it by rule/,
    ],
  ])('%s', async (_what, change, says) => {
    expect(await remarks(change)).toContainEqual(expect.stringMatching(says));
  });

  test('what is stricter than the clause is no contradiction', async () => {
    const said = await remarks(
      [
        'catalogue.yaml',
        READ,
        'approvers: { of: all, quorum: 2, sources: [manager, owner, { group: security-officers }] }',
      ],
      [
        'catalogue.yaml',
        'approvers: { of: any, sources: [owner, manager], ping: [owner] }',
        'approvers: { of: any, quorum: 2, sources: [owner, manager], ping: [owner] }',
      ],
    );
    expect(said.filter((line) => line.startsWith('problem'))).toEqual([]);
  });

  test('a clause that says it in prose alone is named, and how it is written', async () => {
    expect(await remarks(['policy.md', '  `approvers: manager or owner; max: 7d`\n', ''])).toContainEqual(
      expect.stringMatching(/^advice null: clause AC-3 says in prose alone who approves/),
    );
  });

  test.each([
    [
      'aprovers: manager',
      /policy\.md:\d+: AC-3: `aprovers: manager` is nothing .*did you mean `approvers`\?/,
    ],
    ['approvers: manager and owner or group x', /and a?.*`or` don’t mix|don’t mix/],
    ['approvers: boss', /a source is manager, owner, group NAME or an e-mail address/],
    ['max: a week', /"a week" is no duration: write e\.g\. 8h or 7d/],
    ['people: many', /write a number of people/],
    ['tier: huge', /a tier is one of low, medium, high, critical/],
    ['applies: some', /write `applies: all`/],
    ['by rule: maybe', /write `by rule: yes`/],
  ])('`%s` is a mistake, told with its line', async (line, says) => {
    const texts = changed([['policy.md', 'approvers: manager or owner; max: 7d', line]]);
    const mistakes = await policyOf(texts).then(
      () => [],
      (error: unknown) => (error as InvalidPolicy).mistakes,
    );
    expect(mistakes).toEqual([expect.stringMatching(says)]);
  });
});

describe('approvers who are made by another entitlement', () => {
  const madeBy = (key: string, group: string): Change => [
    'catalogue.yaml',
    key,
    `approvers: { of: any, sources: [{ group: ${group} }] }`,
  ];

  test('directly: whoever gets the weaker one approves the stronger one', async () => {
    const said = await remarks(madeBy(ADMIN, 'anypoint-orders-read'));
    expect(said).toContainEqual(
      expect.stringMatching(
        /^problem platform-admin: its approvers are made by another entitlement: whoever holds orders-api-read may approve platform-admin\. orders-api-read can be asked for by everyone\. So it is no harder to come by than orders-api-read \(tier medium\)/,
      ),
    );
  });

  test('in any case of the group’s name, and beside other sources', async () => {
    const said = await remarks([
      'catalogue.yaml',
      'sources: [owner, { group: security-officers }]',
      'sources: [owner, { group: Anypoint-ORDERS-read }]',
    ]);
    expect(said.join()).toContain('whoever holds orders-api-read may approve platform-admin');
  });

  test('over several steps, each named', async () => {
    const said = await remarks(
      madeBy(ADMIN, 'anypoint-orders-deploy'),
      madeBy(DEPLOY, 'anypoint-dashboards'),
    );
    expect(said).toContainEqual(
      expect.stringMatching(
        /^problem platform-admin: .*whoever holds dashboards-view may approve orders-api-deploy, and whoever holds orders-api-deploy may approve platform-admin\. dashboards-view can be asked for by everyone and is given to all of Support unasked/,
      ),
    );
    expect(said).toContainEqual(
      expect.stringMatching(
        /^problem platform-admin: .*: whoever holds orders-api-deploy may approve platform-admin\. /,
      ),
    );
  });

  test('in a circle it comes to an end', async () => {
    const said = await remarks(
      madeBy(ADMIN, 'anypoint-orders-deploy'),
      madeBy(DEPLOY, 'anypoint-platform-admin'),
    );
    expect(said).toContainEqual(
      expect.stringMatching(/^advice platform-admin: its approvers are made by itself: /),
    );
    expect(said).toContainEqual(
      expect.stringMatching(
        /^advice orders-api-deploy: .*whoever holds platform-admin may approve orders-api-deploy/,
      ),
    );
  });

  test('by its own holders', async () => {
    expect(await remarks(madeBy(DEPLOY, 'anypoint-orders-deploy'))).toContainEqual(
      expect.stringMatching(
        /^advice orders-api-deploy: its approvers are made by itself: .*each holder can make the next/,
      ),
    );
  });

  test('a group that nobody can ask for makes no approvers', async () => {
    expect((await remarks()).join()).not.toContain('are made by');
    // The canary's group carries an entitlement, but nobody can ask for it.
    expect((await remarks(madeBy(ADMIN, 'anypoint-canary'))).join()).not.toContain('are made by');
  });

  test('who is on call by a group that can be asked for', async () => {
    expect(
      await remarks([
        'catalogue.yaml',
        '{ slackUserGroup: oncall-integration }',
        '{ idpGroup: anypoint-orders-read }',
      ]),
    ).toContainEqual(expect.stringMatching(/^advice orders-api-read: whoever holds it counts as on call/));
  });
});

describe('approvers who can be too few', () => {
  test.each<[string, Change[], RegExp]>([
    [
      'the only one who may ask is the only one who may approve',
      [
        ['catalogue.yaml', READ, 'approvers: { of: any, sources: [owner] }'],
        [
          'catalogue.yaml',
          '    requestable: everyone\n',
          '    requestable: { people: [OLGA@acme.example] }\n',
        ],
      ],
      /orders-api-read: only OLGA@acme\.example may ask for it, and only they may approve it/,
    ],
    [
      'one person in every slot',
      [['catalogue.yaml', DEPLOY, 'approvers: { of: all, sources: [owner, { person: Olga@acme.example }] }']],
      /orders-api-deploy: olga@acme\.example fills every slot of its approvers and decides alone/,
    ],
  ])('%s', async (_what, changes, says) => {
    expect(await remarks(...changes)).toContainEqual(expect.stringMatching(says));
  });
});
