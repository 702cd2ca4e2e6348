import { exec, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileCache } from '../compile-cache.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'latchkey-command-line-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Ended = { code: number; out: string; err: string };

/** A program of ours as people type it, in an empty folder, without any setting. */
async function run(program: string, ...args: string[]): Promise<Ended> {
  return await new Promise((done) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...compileCache };
    execFile(process.execPath, [resolve(program), ...args], { cwd: dir, env }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err }),
    );
  });
}

const programs = [
  'src/main.ts',
  'src/sandbox/main.ts',
  'src/sandbox/demo/main.ts',
  'test/bench/main.ts',
  'src/cli/cli.ts',
];
const commands = [
  'check',
  'policy',
  'policy check',
  'policy test',
  'policy replay',
  'policy explain',
  'policy agreed',
  'policy schema',
  'mcp',
  'mcp token',
  'mcp token create',
  'mcp token list',
  'mcp token revoke',
  'reconcile',
  'eval',
  'evidence',
  'evidence verify',
  'evidence upload',
  'audit',
  'audit verify',
  'audit archive',
  'audit restore',
  'audit checkpoint',
  'audit proof',
  'audit key',
  'audit keys',
  'audit export',
  'audit resend',
  'scim',
  'scim token',
  'scim token create',
  'scim token list',
  'scim token revoke',
  'token',
  'token create',
  'token list',
  'token revoke',
];

describe('every program and command', () => {
  test.each(programs)(
    '%s says what it is for, and which it is',
    async (program) => {
      const [help, version] = await Promise.all([run(program, '--help'), run(program, '--version')]);
      expect(help).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage: /) });
      expect(version).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringMatching(/^latchkey \d+\.\d+\.\d+ on Node\.js v\d+/),
      });
    },
    60_000,
  );

  test('each of the operator’s commands, and its durations are words', async () => {
    const { code, err, out } = await run('test/config/every-help.ts');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const helps = JSON.parse(out) as Record<string, string>;
    expect(Object.keys(helps)).toEqual(expect.arrayContaining(commands));
    for (const [command, help] of Object.entries(helps)) {
      expect(help).toMatch(new RegExp(`^Usage: latchkey ${command}`));
      expect(help).not.toMatch(/\b\d{5,}/);
    }
    // and as a person asks for it
    expect(await run('src/cli/cli.ts', 'policy', 'replay', '--help')).toEqual({
      code: 0,
      err: '',
      out: helps['policy replay'],
    });
    expect(helps['policy replay']).toContain('(default: 90 days)');
  }, 60_000);
});

test('whoever reads on no further gets no stack trace', async () => {
  const said = await new Promise<string>((done) => {
    const command = `"${process.execPath}" "${resolve('src/cli/cli.ts')}" policy schema | head -n 1`;
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...compileCache };
    exec(command, { cwd: dir, env }, (_error, out, err) => done(`${out}${err}`));
  });
  expect(said).toBe('{\n');
});

describe('a mistake is told last, on the error stream, and ends with 1', () => {
  test.each([
    [
      'src/sandbox/demo/main.ts',
      ['canry'],
      /there is no canry\nThere are: canary, delivery, drift, leaver, people, rotation, review\n$/,
    ],
    ['src/sandbox/demo/main.ts', ['canary', 'drift'], /one journey at a time/],
    [
      'src/sandbox/demo/main.ts',
      ['--objective', 'soon'],
      /--objective is a duration of at least a second, e\.g\. 5s or 1m\n$/,
    ],
    [
      'test/bench/main.ts',
      ['rode'],
      /there is no rode\nThere are: policy, road, parted, scim, many-members, reconcile, digests, first-sync, storm, leaver, free-text, campaign, audit, page, evidence, growth, soak\n$/,
    ],
    ['test/bench/main.ts', ['road', '--runs=0'], /--runs is a number from 1\n$/],
    ['test/bench/main.ts', ['road', '--idp=both'], /--idp is okta or entra\n$/],
    ['test/bench/main.ts', ['road', 'scim', '--idp=entra'], /with --idp entra there are .+ alone\n$/],
    ['src/sandbox/main.ts', ['4400'], /Unexpected argument '4400'/],
    ['src/sandbox/main.ts', ['--latchkey', '3400'], /--latchkey: must be an address/],
    [
      'src/cli/cli.ts',
      ['chek'],
      /Usage: latchkey[\s\S]*\nerror: unknown command 'chek'\n\(Did you mean check\?\)\n$/,
    ],
    [
      'src/cli/cli.ts',
      ['policy', 'explain'],
      /Usage: latchkey policy explain[\s\S]*\nerror: missing required argument 'person'\n$/,
    ],
    [
      'src/cli/cli.ts',
      ['policy', 'replay', '--since', '90'],
      /\nerror: option '--since <duration>' argument '90' is invalid\. a duration, e\.g\. 8h or 90d\.\n$/,
    ],
  ])(
    '%s %j',
    async (program, args, says) => {
      const { code, out, err } = await run(program, ...args);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(says);
    },
    60_000,
  );

  test('check without settings and without a sandbox in this folder asks nobody', async () => {
    const { code, err } = await run('src/cli/cli.ts', 'check');
    expect(code).toBe(1);
    expect(err).toContain('no sandbox runs in this folder');
  });
});
