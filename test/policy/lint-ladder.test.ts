import { expect, test } from 'vitest';
import type { ApproverSource, Catalogue } from '../../src/core/policy/catalogue.ts';
import { lintLadders } from '../../src/policy/lint-ladder.ts';
import { entitlement } from '../core/given.ts';

const groups: Record<string, string[]> = { 'security-officers': ['sofia@acme.example'], 'old-team': [] };
const lookups = {
  troubleWith: async (email: string) =>
    email === 'olga@acme.example' ? null : `nobody in the directory has the address ${email}`,
  membersOf: async (name: string) => groups[name] ?? null,
};

/** As much of a catalogue as ladders are looked at by. */
const given = (entitlements: Catalogue['entitlements']): Catalogue =>
  ({ entitlements, canary: null }) as unknown as Catalogue;

/** What is said of an entitlement that its manager or owner approves, with this ladder. */
async function said(...rungs: ApproverSource[][]): Promise<string[]> {
  const one = entitlement({
    escalation: rungs.map((to) => ({ afterSeconds: 3_600, to })),
    approvers: { stages: [{ of: 'any', quorum: 1, sources: [{ manager: true }] }], distinct: true },
  });
  return (await lintLadders(given([one]), lookups)).map(({ kind, text }) => `${kind}: ${text}`);
}

test.each<[string, ApproverSource[][], RegExp[]]>([
  ['people who are there', [[{ owner: true }], [{ group: 'security-officers' }], [{ admins: true }]], []],
  [
    'somebody who is nobody, and behind them somebody',
    [[{ person: 'gone@acme.example' }, { owner: true }]],
    [/^problem: rung 1 .* names somebody who can’t be asked: nobody .* gone@acme\.example/],
  ],
  [
    'a group that there is not',
    [[{ owner: true }], [{ group: 'typo' }]],
    [/^problem: rung 2 .* the group typo, which does not exist/, /^problem: rung 2 .* asks nobody now/],
  ],
  [
    'a group without members',
    [[{ group: 'old-team' }]],
    [/^problem: rung 1 .* no active members/, /^problem: rung 1 .* asks nobody now/],
  ],
  [
    'only who is on call',
    [[{ onCall: true }]],
    [/^advice: rung 1 .* asks only on call, and there may be nobody/],
  ],
  [
    'those who are asked already',
    [[{ manager: true }], [{ owner: true }], [{ owner: true }]],
    [
      /^advice: rung 1 .* asks only .*manager/,
      /^advice: rung 1 .* asked already/,
      /^advice: rung 3 .* asked already/,
    ],
  ],
])('a ladder of %s', async (_, rungs, expected) => {
  const remarks = await said(...rungs);
  expect(remarks, remarks.join('\n')).toHaveLength(expected.length);
  for (const [i, says] of expected.entries()) expect(remarks[i]).toMatch(says);
});

test('the ladder of all entitlements is looked at once', async () => {
  const escalation = [{ afterSeconds: 3_600, to: [{ group: 'typo' }] }];
  const both = ['a', 'b'].map((key) => entitlement({ key: key as never, escalation }));
  const remarks = await lintLadders(given(both), lookups);
  expect(remarks.map(({ entitlement: key }) => key)).toEqual([null, null]);
});
