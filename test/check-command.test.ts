import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkCommand } from '../src/check-command.ts';
import type { Outside } from '../src/config.ts';
import { createEntraEmulator, entraSettings } from '../src/sandbox/entra/emulator.ts';
import { sandboxOutside } from '../src/sandbox/launch.ts';
import { createVisitor } from '../src/sandbox/visitor.ts';
import { eventually } from './eventually.ts';
import { type StartedEmulator, startEmulator } from './sandbox/start-emulator.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
let entra: StartedEmulator;
beforeAll(async () => {
  stage = await setStage();
  // Okta looks whether the hook answers before it counts.
  const { request } = createVisitor(stage.world.url);
  await eventually('the hook is verified', async () => {
    const { hooks } = await request<{ hooks: { isVerified: boolean }[] }>('GET', '/okta/sim/hooks');
    return hooks.some((hook) => hook.isVerified);
  });
  entra = await startEmulator(createEntraEmulator);
});
afterAll(async () => {
  await stage?.close();
  await entra?.close();
});

async function check(more: Partial<Outside> = {}): Promise<{ said: string[]; isWell: boolean }> {
  const said: string[] = [];
  let isWell = true;
  const program = new Command('latchkey').exitOverride();
  checkCommand(program, {
    settings: async () => ({
      outside: { ...sandboxOutside(stage.world.url), ...more },
      policyDir: 'policy',
      address: stage.latchkey.url,
    }),
    say: (line) => said.push(line.replace(/ {2,}/, ' ')),
    fail: () => {
      isWell = false;
    },
  });
  await program.parseAsync(['check'], { from: 'user' });
  return { said, isWell };
}

test('the sandbox: everything is tried, and the entitlement that can’t be given is the one failure', async () => {
  const { said, isWell } = await check();
  expect(isWell).toBe(false);
  expect(said).toEqual(
    expect.arrayContaining([
      'Okta ok',
      'Okta log ok',
      'Okta hook ok',
      'Anypoint ok',
      'who is on call ok',
      'orders-api-read ready',
    ]),
  );
  expect(said).toContain('Graph off: none of GRAPH_… is set');
  expect(said.filter((line) => /refused|unchecked|:/.test(line) && !line.startsWith('Graph'))).toEqual([
    expect.stringMatching(/^everyone-view refused: /),
  ]);
});

test('Graph is tried where it is configured, and a hook is not where there is no secret', async () => {
  const { okta } = sandboxOutside(stage.world.url);
  const { said } = await check({
    graph: { ...entraSettings(entra.url), clientSecret: 'run out' },
    okta: { ...okta, hookSecrets: [] },
  });
  expect(said.find((line) => line.startsWith('Graph'))).toContain('Certificates & secrets');
  expect(said.find((line) => line.startsWith('Okta hook'))).toContain('off: without OKTA_HOOK_SECRET');
});

test('who is on call can’t be read: that is a failure, with what it takes', async () => {
  const world = createVisitor(stage.world.url);
  await world.request('POST', '/control/faults', {
    vendor: 'slack',
    kind: 'status',
    status: 500,
    path: 'usergroups',
  });
  const { said } = await check();
  await world.request('DELETE', '/control/faults');
  expect(said.find((line) => line.startsWith('who is on call'))).toContain('takes the scope usergroups:read');
});
