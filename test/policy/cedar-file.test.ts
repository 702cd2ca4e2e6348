import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-rules-'));
});
beforeEach(async () => {
  await rm(dir, { recursive: true, force: true });
  await cp('policy', dir, { recursive: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** What is said of the example with these rules beside its own. */
async function mistakesIn(rules: string, name = 'tried.cedar'): Promise<string> {
  await writeFile(join(dir, name), rules);
  const fault = await loadPolicy(dir).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(fault instanceof Fault)) throw new Error('the rules were taken');
  expect(fault.code).toBe('catalogue.invalid');
  return fault.message.replaceAll(dir, 'policy');
}

const GOOD = `// Words beyond ASCII, before the rule: “it’s”
@id("tried")
@clause("AC-2")
@says("tried out")
forbid (principal, action == Action::"request", resource)
when { resource.tier == "critical" && context.seconds > 3600 };
`;

test('the example is good, and says what it consists of', async () => {
  const { ruleCount, warnings, rules } = await loadPolicy('policy');
  expect(ruleCount).toBeGreaterThan(6);
  expect(warnings).toEqual([]);
  expect(rules.fingerprint).toMatch(/^[0-9a-f]{12}$/);
});

test('any change of any file is another fingerprint', async () => {
  const before = (await loadPolicy(dir)).rules.fingerprint;
  await writeFile(join(dir, 'tried.cedar'), GOOD);
  const after = (await loadPolicy(dir)).rules.fingerprint;
  expect(after).not.toBe(before);
  await writeFile(join(dir, 'policy.md'), `${await readFile(join(dir, 'policy.md'), 'utf8')}\n`);
  expect((await loadPolicy(dir)).rules.fingerprint).not.toBe(after);
});

const mistakes: [what: string, from: string, to: string, line: number, says: RegExp][] = [
  ['a bracket that is missing', 'context.seconds > 3600 }', 'context.seconds > 3600', 6, /expected/],
  [
    'a fact that there is not',
    'resource.tier',
    'resource.tiers',
    6,
    /rule tried: .*`tiers`.*did you mean `tier`\?/,
  ],
  ['a fact of another kind', 'context.seconds > 3600', 'context.seconds > "1h"', 6, /rule tried: .*expected/],
  ['an action that there is not', '"request"', '"requests"', 5, /rule tried: .*requests/],
  ['no action', 'action == Action::"request"', 'action', 2, /rule tried: name its action/],
  ['no id', '@id("tried")\n', '', 2, /rule without @id: give it an @id/],
  ['no clause', '@clause("AC-2")\n', '', 2, /rule tried: give it the @clause/],
  ['a clause that is not there', 'AC-2', 'AC-99', 2, /rule tried: clause AC-99 is not in policy\.md/],
  ['no words', '@says("tried out")\n', '', 2, /rule tried: say in @says/],
  ['an annotation that there is not', '@says', '@say', 2, /unknown annotation @say; did you mean @says\?/],
  [
    '@needs where nothing is held',
    '@says',
    '@needs("person")\n@says',
    2,
    /@needs belongs to rules that permit hold/,
  ],
  [
    'a hold for nothing',
    'forbid (principal, action == Action::"request"',
    'permit (principal, action == Action::"hold"',
    2,
    /rule tried: say in @needs what it holds it for: person, secondApprover, stepUp/,
  ],
  ['a template', '(principal, ', '(principal == ?principal, ', 2, /a template: write the rule out/],
];

describe('a mistake is told with its line', () => {
  test.each(mistakes)('%s', async (_what, from, to, line, says) => {
    expect(GOOD).toContain(from);
    const told = await mistakesIn(GOOD.replace(from, to));
    expect(told).toContain(`policy/tried.cedar:${line}: `);
    expect(told).toMatch(says);
  });

  test('an id used twice, with both places', async () => {
    expect(await mistakesIn(GOOD.replace('"tried"', '"ask-for-what-is-open"'))).toMatch(
      /requests\.cedar:\d+: rule ask-for-what-is-open: the @id is used at .*requests\.cedar:\d+ already|tried\.cedar:2: .* already/,
    );
  });

  test('more than ten rules in a file are told apart', async () => {
    const many = Array.from({ length: 14 }, (_, i) => GOOD.replace('"tried"', `"tried-${i}"`));
    const told = await mistakesIn(
      many.join('').replace(/(tried-11[\s\S]*?)resource\.tier/, '$1resource.nothing'),
    );
    expect(told).toMatch(/tried\.cedar:72: rule tried-11: /);
    expect(told.match(/tried\.cedar/g)).toHaveLength(1);
  });

  test('those of catalogue, clauses and rules at once', async () => {
    const path = join(dir, 'catalogue.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replace('tier: high', 'tier: huge'));
    await writeFile(
      join(dir, 'policy.md'),
      `${await readFile(join(dir, 'policy.md'), 'utf8')}\n- **AC-1 Again.** Twice.\n`,
    );
    const told = await mistakesIn(GOOD.replace('AC-2', 'AC-99'));
    expect(told).toMatch(/catalogue\.yaml:\d+: entitlements\.1\.tier/);
    expect(told).toMatch(/policy\.md:\d+: clause AC-1 stands in line \d+ already/);
    expect(told).toMatch(/tried\.cedar:2: /);
  });
});

test('without rules nothing could be asked for, so there have to be some', async () => {
  await Promise.all(['requests.cedar', 'approvals.cedar'].map((name) => rm(join(dir, name))));
  await expect(loadPolicy(dir)).rejects.toThrow(/there are no rules \(\*\.cedar\)/);
});

test('a copy of the schema that is not ours is told; none is needed', async () => {
  expect(await mistakesIn('entity Person = {};\n', 'latchkey.cedarschema')).toMatch(
    /latchkey\.cedarschema:1: not the schema of this version/,
  );
  await rm(join(dir, 'latchkey.cedarschema'));
  await loadPolicy(dir);
});
