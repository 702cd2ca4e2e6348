import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idpsOf } from '../../src/flow/idps/idps.ts';
import { connectedIdps } from '../../src/idp/connected.ts';
import { createAnypoint } from '../../src/mulesoft/anypoint.ts';
import { policyCommands } from '../../src/policy/commands.ts';
import { type IdpChoice, policyOfBoth } from '../../src/sandbox/idps.ts';
import { sandboxOutside } from '../../src/sandbox/launch.ts';
import { company } from '../../src/sandbox/seed.ts';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { createSlackClient } from '../../src/slack/api/client.ts';
import { createSlackDirectory } from '../../src/slack/directory.ts';
import { oktaConsole } from '../sandbox/okta-console.ts';

let dir: string;
let world: RunningWorld;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-commands-'));
  world = await startWorld({ port: 0, stateFile: null, latchkey: null });
});
beforeEach(async () => {
  await rm(dir, { recursive: true, force: true });
  await cp('policy', dir, { recursive: true });
});
afterAll(async () => {
  await world?.close();
  await rm(dir, { recursive: true, force: true });
});

/** The command's output, with the folder by one name, and whether it ends well. */
async function run(
  line: string,
  isOutside = false,
  choice: IdpChoice = 'okta',
): Promise<{ said: string; isWell: boolean }> {
  const lines: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  const { anypoint, slack, idps } = sandboxOutside(world.url, choice);
  policyCommands(program, {
    dir: () => dir,
    outside: async () =>
      isOutside
        ? {
            idps: idpsOf(...connectedIdps(idps)),
            mulesoft: createAnypoint(anypoint),
            chat: createSlackDirectory(createSlackClient(slack, pino({ level: 'silent' }))),
          }
        : null,
    withDatabase: () => Promise.reject(new Error('there is no database here')),
    say: (said) => lines.push(said.replaceAll(dir, 'policy')),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['policy', ...line.split(' ')], { from: 'user' });
  return { said: lines.join('\n'), isWell };
}

async function rewrite(name: string, from: string, to: string): Promise<void> {
  const path = join(dir, name);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

describe('ways of delivery', () => {
  const TEAM = 'Orders API readers';
  const isMapped = (groups: object[]) =>
    createVisitor(world.url).request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, groups);
  const ours = { group: 'anypoint-orders-read' };
  afterAll(() => isMapped([]));

  test.each<[string, object[], RegExp | null]>([
    ['missing', [], /PROBLEM {2}orders-api-read: nothing in Anypoint maps anypoint-orders-read/],
    [
      'doubled',
      [ours, { ...ours, as: 'maintainer' }],
      /PROBLEM {2}orders-api-read: anypoint-orders-read is mapped to the team Orders API readers 2 times/,
    ],
    [
      'over the limit',
      [ours, ...Array.from({ length: 100 }, (_, n) => ({ group: `other-${n}` }))],
      /PROBLEM {2}orders-api-read: the team Orders API readers has 101 external group mappings/,
    ],
    [
      'another in capitals',
      [{ group: 'Anypoint-Orders-Read' }],
      /PROBLEM {2}orders-api-read: nothing in Anypoint maps .*“Anypoint-Orders-Read” is mapped there and may be meant/,
    ],
    ['as it should be', [ours], null],
  ])('the mapping behind a claim is %s', async (_title, groups, says) => {
    await rewrite(
      'catalogue.yaml',
      'team: Orders API readers',
      'team: Orders API readers\n    delivery: claim',
    );
    await isMapped(groups);
    const { said, isWell } = await run('check', true);
    if (says === null) expect(said).not.toContain('External IdP Groups');
    else {
      expect(said).toMatch(says);
      expect(isWell).toBe(false);
    }
  });
});

describe('what the connected app may not read', () => {
  const forbidden = (path: string) =>
    createVisitor(world.url).request('POST', '/control/faults', {
      vendor: 'anypoint',
      method: 'GET',
      path,
      kind: 'status',
      status: 403,
    });
  afterEach(() => createVisitor(world.url).request('DELETE', '/control/faults'));

  test.each([
    [
      'groupmappings',
      /PROBLEM {2}orders-api-read: the external group mappings of the team Orders API readers.*could not be looked at: .*scopes of docs.connect-anypoint.md/,
    ],
    ['roles', /PROBLEM {2}orders-api-read: what the team Orders API readers gives could not be looked at/],
    ['teams', /PROBLEM {2}orders-api-read: the team Orders API readers could not be looked at/],
  ])('%s: it is said, with what to do, and the rest is looked at', async (path, says) => {
    await rewrite(
      'catalogue.yaml',
      'team: Orders API readers',
      'team: Orders API readers\n    delivery: claim',
    );
    await rewrite('catalogue.yaml', 'group: anypoint-platform-admin', 'group: nobody-has-this');
    await forbidden(path);
    const { said, isWell } = await run('check', true);
    expect(said).toMatch(says);
    expect(said).toMatch(/PROBLEM {2}platform-admin: the group nobody-has-this does not exist in Okta/);
    expect(isWell).toBe(false);
  });
});

describe('policy test', () => {
  test('the example’s tables hold', async () => {
    const { said, isWell } = await run('test');
    expect(said).toMatch(/ok {2}whoever deploys is not given administration/);
    expect(said).toMatch(/^(\d+) of \1 hold$/m);
    expect(isWell).toBe(true);
  });

  test('a row that does not hold is told with its line, what was expected and why not', async () => {
    await rewrite(
      'requests.cedar',
      'resource.tier == "critical" && !context',
      'resource.tier == "huge" && !context',
    );
    const { said, isWell } = await run('test');
    expect(said).toMatch(
      /NO {2}whoever deploys is not given administration\n\s+line \d+: verdict: expected refuse, is ask \(.*two people decide\)/,
    );
    expect(isWell).toBe(false);
  });

  test.each([
    [
      'an expectation that there is not',
      'verdict: ask, holds: []',
      'verdict: ask, hold: []',
      /requests\.yaml:2: 0\.expect/,
    ],
    [
      'a verdict that there is not',
      'verdict: refuse',
      'verdict: no',
      /requests\.yaml:\d+: \d\.expect\.verdict/,
    ],
  ])('%s is told with its line', async (_what, from, to, says) => {
    await rewrite('tests/requests.yaml', from, to);
    await expect(run('test')).rejects.toThrow(says);
  });

  test('no tables at all are no proof', async () => {
    await rm(join(dir, 'tests'), { recursive: true });
    expect(await run('test')).toEqual({ said: '0 of 0 hold', isWell: false });
  });
});

describe('policy check', () => {
  test('of the files alone', async () => {
    const { said, isWell } = await run('check');
    expect(said).toMatch(/^policy: \d+ entitlements, \d+ bundles, \d+ clauses, \d+ rules, no mistakes/);
    expect(said).toContain('The identity providers and Anypoint were not looked at');
    expect(isWell).toBe(true);
  });

  test('approvers who can never be enough are refused, with the line and what to do', async () => {
    await rewrite(
      'catalogue.yaml',
      'approvers: { of: any, sources: [manager, owner] }',
      'approvers: { of: any, quorum: 2, sources: [owner] }',
    );
    await expect(run('check')).rejects.toThrow(
      /catalogue\.yaml:\d+: entitlements\.0\.approvers: its approvers can never be 2, they are 1 at most: lower `quorum`/,
    );
  });

  test('rules that ask who is on call, of a catalogue that does not say', async () => {
    await rewrite('catalogue.yaml', 'onCall: { slackUserGroup: oncall-integration }', '');
    expect((await run('check --files-only')).said).toContain(
      'advice   rules ask who is on call, and nobody says: set `onCall`',
    );
  });

  test.each([
    ['{ slackUserGroup: oncall-nobody }', 'Slack has no user group @oncall-nobody, or it is switched off'],
    ['{ idpGroup: on-call }', 'the group on-call does not exist in Okta'],
  ])('on call by what there is not: %s', async (source, says) => {
    await rewrite('catalogue.yaml', '{ slackUserGroup: oncall-integration }', source);
    const { said, isWell } = await run('check', true);
    expect(said).toContain(`PROBLEM  onCall: ${says}`);
    expect(isWell).toBe(false);
  });

  test('the example agrees with the sandbox', async () => {
    const { said, isWell } = await run('check', true);
    expect(said).not.toContain('PROBLEM');
    expect(said).not.toMatch(/(orders|payments)-api-\w+: nobody has noted a look/);
    expect(isWell).toBe(true);
  });

  test('a group that is not there', async () => {
    await rewrite('catalogue.yaml', 'group: security-officers', 'group: security-oficers');
    const { said, isWell } = await run('check', true);
    expect(said).toContain(
      'PROBLEM  platform-admin: the group security-oficers of its approvers does not exist',
    );
    expect(isWell).toBe(false);
  });

  test.each([
    [
      'an owner whom the IdP does not have',
      'owner: sam@acme.example',
      'owner: sven@acme.example',
      'PROBLEM  payments-api-read: its owner: nobody in Okta has the address sven@acme.example',
    ],
    [
      'one who left',
      'owner: sam@acme.example',
      'owner: dora@acme.example',
      'PROBLEM  payments-api-read: its owner: dora@acme.example is not active in Okta, and so can’t decide anything',
    ],
    [
      'an admin without an account in Slack',
      'admins: [sam@acme.example, sofia@acme.example]',
      'admins: [sam@acme.example, kit@acme.example]',
      'PROBLEM  admins: Slack has no member with the address kit@acme.example, so they can’t be asked',
    ],
    [
      'more than a group has',
      'of: all, quorum: 2, sources: [owner, { group: security-officers }]',
      'of: any, quorum: 3, sources: [{ group: security-officers }]',
      'PROBLEM  platform-admin: it takes three to approve, and its approvers are two active people now: it always goes to the catalogue’s admins',
    ],
  ])('%s', async (_what, from, to, says) => {
    await rewrite('catalogue.yaml', from, to);
    const { said, isWell } = await run('check', true);
    expect(said).toContain(says);
    expect(isWell).toBe(false);
  });

  test('clauses and catalogue that contradict each other end it badly, with both named', async () => {
    await rewrite('catalogue.yaml', 'of: all, quorum: 2', 'of: any, quorum: 2');
    const { said, isWell } = await run('check --files-only');
    expect(said).toMatch(
      /PROBLEM {2}platform-admin: AC-5 \(.*policy\.md:\d+\) says that the owner and somebody of security-officers/,
    );
    expect(isWell).toBe(false);
  });

  test('a team that grew since it was reviewed, into the “default group” trap', async () => {
    // given somebody gives the readers' team administration
    const visitor = createVisitor(world.url);
    const roles = `/anypoint/accounts/api/organizations/${company.anypointOrgId}/teams/d3333333-0000-4000-8000-000000000001/roles`;
    const { access_token } = await visitor.request<{ access_token: string }>(
      'POST',
      '/anypoint/accounts/api/v2/oauth2/token',
      {
        grant_type: 'client_credentials',
        client_id: sandboxOutside(world.url).anypoint.clientId,
        client_secret: sandboxOutside(world.url).anypoint.clientSecret,
      },
    );
    const write = (method: string) =>
      fetch(`${world.url}${roles}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
        body: JSON.stringify([
          { role_id: 'f5555555-0000-4000-8000-000000000003', context_params: { org: company.anypointOrgId } },
        ]),
      });
    expect((await write('POST')).status).toBe(201);

    // when
    const { said, isWell } = await run('check', true);
    await write('DELETE');

    // then
    expect(said).toMatch(
      /PROBLEM {2}orders-api-read: .*“default group” trap: its team Orders API readers gives Organization Administrator together with View APIs Configuration/,
    );
    expect(said).toMatch(
      /PROBLEM {2}orders-api-read: its team Orders API readers has grown since the review of [\d-]+: Organization Administrator/,
    );
    expect(isWell).toBe(false);
    expect((await run('check', true)).isWell).toBe(true);
  });
});

describe('policy explain', () => {
  test('says what would be, by which rules and clauses, and who would decide', async () => {
    const { said } = await run('explain ines@acme.example orders-api-deploy', true);
    expect(said).toContain(
      'Ines Moreau (Integration intern, Orders, active) asks for Orders API: deploy to prod',
    );
    expect(said).toContain('verdict: ask');
    expect(said).toContain('(rule ask-for-what-is-open, AC-1)');
    expect(said).toMatch(/manager: Tom Okafor\n\s+owner: Olga Brandt/);
    expect(said).toContain('AC-4: Production, changing.');
  });

  test('what Slack and Okta say of them is asked, and shown', async () => {
    // The checks before may have used up what Slack allows in a minute.
    await createVisitor(world.url).request('POST', '/slack/sim/limits', { enabled: false });
    await oktaConsole(world.url).signIn('ines', 'Brazil');
    const { said } = await run('explain ines@acme.example orders-api-deploy', true);
    expect(said).toContain(
      'fact: on call: no\nfact: last sign-in from: Brazil\nverdict: ask (person, secondApprover)',
    );
    expect(said).toContain('(rule production-without-a-ticket, AC-4)');
    expect(said).toContain('AC-21: From elsewhere.');
    expect((await run('explain erik@acme.example orders-api-deploy', true)).said).toContain(
      'fact: on call: yes\nverdict: ask\n',
    );
  });

  test('what they hold already counts', async () => {
    const { said } = await run('explain olga@acme.example orders-api-deploy', true);
    expect(said).toContain('verdict: refuse');
    expect(said).toContain('separation of duties: holds Anypoint platform administration');
  });

  test('nobody of that name', async () => {
    await expect(run('explain nobody@acme.example orders-api-read', true)).rejects.toThrow(
      /knows nobody called/,
    );
    await expect(run('explain ines@acme.example orders', true)).rejects.toThrow(
      /there is no entitlement orders/,
    );
  });
});

describe('with two identity providers, each answers for its own entitlements', () => {
  const visitor = () => createVisitor(world.url);
  beforeEach(() => void policyOfBoth('policy', dir));

  test('check asks Entra of Entra’s groups and people, and Okta of Okta’s', async () => {
    expect(await run('check', true, 'both')).toMatchObject({ isWell: true });
    // given a group and an approvers' group that Entra has not
    await rewrite(
      'catalogue.yaml',
      'provider: entra, group: anypoint-orders-deploy',
      'provider: entra, group: anypoint-nowhere',
    );
    await rewrite(
      'catalogue.yaml',
      'provider: okta, group: anypoint-orders-read',
      'provider: okta, group: anypoint-elsewhere',
    );

    // when
    const { said, isWell } = await run('check', true, 'both');

    // then
    expect(said).toContain('PROBLEM  orders-api-deploy: the group anypoint-nowhere does not exist in Entra');
    expect(said).toContain('PROBLEM  orders-api-read: the group anypoint-elsewhere does not exist in Okta');
    expect(isWell).toBe(false);
  });

  test('explain asks the entitlement’s own, also when the first is away', async () => {
    await visitor().request('POST', '/control/faults', { vendor: 'okta', kind: 'status', status: 503 });
    try {
      await rewrite(
        'catalogue.yaml',
        'provider: okta, group: anypoint-orders-read',
        'provider: entra, group: anypoint-orders-read',
      );
      const { said } = await run('explain ines@acme.example orders-api-read', true, 'both');
      expect(said).toMatch(/verdict: ask/);
      expect(said).toMatch(/manager: Tom Okafor/);
      await rewrite(
        'catalogue.yaml',
        'provider: entra, group: anypoint-orders-read',
        'provider: okta, group: anypoint-orders-read',
      );
      await expect(run('explain ines@acme.example orders-api-read', true, 'both')).rejects.toMatchObject({
        code: 'idp.unavailable',
      });
    } finally {
      await visitor().request('DELETE', '/control/faults');
    }
  });

  test('explain counts what is held at the other one against a conflict', async () => {
    const { said } = await run('explain olga@acme.example orders-api-deploy', true, 'both');
    expect(said).toContain('separation of duties: holds Anypoint platform administration');
  });
});

test('policy schema prints what is published', async () => {
  expect(`${(await run('schema')).said}\n`).toBe(await readFile('policy/catalogue.schema.json', 'utf8'));
});
