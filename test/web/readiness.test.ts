import { afterEach, describe, expect, test } from 'vitest';
import type { Outside } from '../../src/config/config.ts';
import { connectEntra } from '../../src/idp/entra/vendor.ts';
import { connectOkta } from '../../src/idp/okta/vendor.ts';
import { createVisitor } from '../../src/sandbox/visitor.ts';
import type { Readiness } from '../../src/web/readiness.ts';
import { eventually } from '../eventually.ts';
import { entraOf, oktaOf } from '../idp/settings-of.ts';
import { type Stage, setStage } from '../stage.ts';

let stage: Stage;
afterEach(() => stage?.close());

async function readyz(): Promise<Readiness & { status: number }> {
  const answer = await fetch(`${stage.latchkey.url}/readyz`, {
    headers: { authorization: 'Bearer read-token-for-tests' },
  });
  return { ...((await answer.json()) as Readiness), status: answer.status };
}

describe('ready means that the main job can be done', () => {
  test('all is well: it says so, of each', async () => {
    stage = await setStage();
    const told = await readyz();
    expect(told).toMatchObject({ ready: true, status: 200, cannot: [] });
    expect(Object.values(told.can)).toEqual(Object.values(told.can).map(() => true));
    expect(Object.keys(told.can)).toEqual(
      expect.arrayContaining([
        'requests and clicks in Slack',
        'groups in Okta',
        'teams in Anypoint',
        'something to ask for',
      ]),
    );
  });

  const wrong: [string, (right: Outside) => Partial<Outside>, string, RegExp][] = [
    [
      'a wrong Slack token',
      ({ slack }) => ({ slack: { ...slack, botToken: 'xoxb-wrong' } }),
      'requests and clicks in Slack',
      /Slack does not accept our credentials \(invalid_auth\): set SLACK_BOT_TOKEN/,
    ],
    [
      'a Slack that is not there',
      ({ slack }) => ({ slack: { ...slack, apiUrl: 'http://127.0.0.1:9/' } }),
      'requests and clicks in Slack',
      /Slack does not answer in time: .*SLACK_API_URL/,
    ],
    [
      'an address of Slack where something else answers',
      (right) => ({ slack: { ...right.slack, apiUrl: oktaOf(right).orgUrl.replace(/okta$/, '') } }),
      'requests and clicks in Slack',
      /Slack .*: .*SLACK_API_URL/,
    ],
    [
      'a wrong Okta token',
      (right) => ({ idps: [connectOkta({ ...oktaOf(right), auth: { token: 'wrong' } })] }),
      'groups in Okta',
      /Okta does not accept our credentials \(E0000011\): set OKTA_API_TOKEN/,
    ],
    [
      'a wrong secret of the connected app',
      ({ anypoint }) => ({ anypoint: { ...anypoint, clientSecret: 'wrong' } }),
      'teams in Anypoint',
      /Anypoint does not accept our credentials \(401\): set ANYPOINT_CLIENT_ID/,
    ],
    [
      'another organisation',
      ({ anypoint }) => ({ anypoint: { ...anypoint, orgId: 'another' } }),
      'teams in Anypoint',
      /Anypoint .*ANYPOINT_ORG_ID/,
    ],
  ];

  test.each(wrong)(
    '%s: not ready, with why and what next, and work is taken all the same',
    async (_what, outside, what, why) => {
      stage = await setStage({ outside });
      const { ready, status, can, cannot } = await readyz();
      expect({ ready, can: can[what] }).toEqual({ ready: false, can: false });
      expect(cannot.find((line) => line.startsWith(`${what}: `))).toMatch(why);
      // A push or a click that is turned away is lost; one that is taken in is carried out once it can be.
      expect(status).toBe(200);
    },
  );

  test('of two identity providers the one that is not well says what to set: its own settings', async () => {
    stage = await setStage({
      idp: 'both',
      outside: (right) => ({
        idps: [connectOkta(oktaOf(right)), connectEntra({ ...entraOf(right), auth: { secret: 'wrong' } })],
      }),
    });
    const { can, cannot } = await readyz();
    expect(can).toMatchObject({ 'groups in Okta': true, 'groups in Entra': false });
    const line = cannot.find((one) => one.startsWith('groups in Entra: '));
    expect(line).toMatch(/Entra does not accept our credentials .*: set ENTRA_TENANT_ID and ENTRA_CLIENT_ID/);
    expect(cannot.join()).not.toContain('OKTA_');
  });

  test('internal codes are words wherever somebody reads them', async () => {
    stage = await setStage({
      outside: (right) => ({ idps: [connectOkta({ ...oktaOf(right), auth: { token: 'wrong' } })] }),
    });
    const { entitlements, cannot } = await readyz();
    expect(entitlements['orders-api-read']).toBe(
      'unchecked: not checked yet, as Okta does not accept our credentials (E0000011)',
    );
    expect([...Object.values(entitlements), ...cannot].join()).not.toMatch(/idp\.|mulesoft\.|slack\./);
  });

  test('nothing to offer', async () => {
    stage = await setStage({
      catalogue: (catalogue) => ({
        ...catalogue,
        entitlements: catalogue.entitlements.filter((e) => e.key === 'everyone-view' || e.key === 'canary'),
      }),
    });
    const { ready, can, cannot } = await readyz();
    expect({ ready, can: can['something to ask for'] }).toEqual({ ready: false, can: false });
    expect(cannot).toEqual([expect.stringMatching(/^something to ask for: none of the \d entitlements/)]);
  });

  test('scopes that the installed app does not have are named', async () => {
    stage = await setStage();
    await createVisitor(stage.world.url).request('POST', '/slack/sim/scopes', {
      granted: ['commands', 'users:read'],
    });
    await stage.restart();
    expect((await readyz()).cannot.join()).toContain(
      'missing_scope: chat:write, im:write, users:read.email): give the app every scope',
    );
  });

  test('it notices by itself that a party is away, and that it is back', async () => {
    stage = await setStage();
    const world = createVisitor(stage.world.url);
    await world.request('POST', '/control/faults', { vendor: 'anypoint', kind: 'status', status: 500 });
    await stage.restart();
    expect((await readyz()).cannot.join()).toContain('Anypoint can’t be reached, or is out of order');
    await world.request('DELETE', '/control/faults');
    await eventually('it is ready again', async () => (await readyz()).ready, 30_000);
  }, 60_000);
});
