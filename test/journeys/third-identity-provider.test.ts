import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { idpVendors } from '../../src/idp/vendors.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { sandboxSettings } from '../../src/sandbox/launch.ts';
import { people } from '../../src/sandbox/seed.ts';
import { createToken } from '../../src/scim/tokens.ts';
import { startToyDirectory, TOY_KEY, type ToyDirectory } from '../idp/toy/directory.ts';
import { toy } from '../idp/toy/vendor.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut } from './journey.ts';

/** A third identity provider is its folder and this line. */
const vendors = [...idpVendors, toy];

const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';
const ofTom = 'toy-tom';

let directory: ToyDirectory;
let policyDir: string;
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  directory = await startToyDirectory(
    people.map(({ key, name, email, oktaStatus }) => ({
      ...{ id: `toy-${key}`, login: email, email, name, active: oktaStatus === 'ACTIVE' },
    })),
    [GROUP],
  );
  policyDir = mkdtempSync(join(tmpdir(), 'third-idp-'));
  cpSync('policy', policyDir, { recursive: true });
  const catalogue = join(policyDir, 'catalogue.yaml');
  const said = readFileSync(catalogue, 'utf8').replaceAll(
    /idp: \{ group: ([\w-]+)/g,
    (_, group) => `idp: { provider: ${group === GROUP ? 'toy' : 'okta'}, group: ${group}`,
  );
  writeFileSync(catalogue, said);
  const settings = { TOY_URL: directory.url, TOY_KEY };
  ({ stage, walk } = await setOut({
    policyDir,
    outside: ({ slack }) => {
      const env = { ...sandboxSettings(slack.apiUrl.replace('/slack/api/', '')), ...settings };
      const { outside } = readConfig(env, undefined, vendors);
      return outside ?? {};
    },
  }));
  const made = await createToken(stage.latchkey.context.db, { source: 'toy', name: 'the toy', days: null });
  directory.provisionTo(`${stage.latchkey.url}/scim/v2`, made?.token ?? '');
});
afterAll(async () => {
  await stage?.close();
  await directory?.close();
});

test('its settings are asked for with their hints, and the catalogue takes it by its name', async () => {
  expect(() => readConfig({ ...sandboxSettings('http://127.0.0.1:9'), TOY_KEY }, undefined, vendors)).toThrow(
    'TOY_URL is not set (where the toy directory is)',
  );
  expect(() => readConfig({ SLACK_BOT_TOKEN: 'xoxb-1' }, undefined, vendors)).toThrow(
    'TOY_URL where Toy Directory is the identity provider',
  );
  await expect(loadPolicy(policyDir, ['okta', 'toy'])).resolves.toMatchObject({ warnings: [] });
  await expect(loadPolicy(policyDir, ['okta', 'entra'])).rejects.toThrow(/toy/);
});

test('`check` has its line, and says in its words what mends it', async () => {
  const checked = (key: string) =>
    toy
      .read({
        isGiven: () => true,
        value: () => key,
        need: () => directory.url,
        needSecret: () => key,
        secret: () => null,
      })
      .check({ address: '', isPublic: false, groupNames: [] });
  expect(await checked(TOY_KEY)).toEqual([{ name: 'Toy Directory', trouble: null }]);
  expect(await checked('wrong')).toEqual([
    {
      name: 'Toy Directory',
      trouble: 'Toy Directory does not accept our credentials: set TOY_KEY to the key on the lid',
    },
  ]);
});

test('a request for a group of it is granted, carried by its SCIM push, seen in MuleSoft, and ended', async () => {
  // when
  const asked = await walk.isGiven(
    'tom',
    { entitlement: 'orders-api-read', reason: 'Read at the toy' },
    'olga',
  );

  // then
  expect(directory.members(GROUP)).toContain(ofTom);
  expect(await walk.isInTeam('tom', TEAM)).toBe(true);
  expect(await walk.isInGroup('tom', GROUP)).toBe(false);
  const links = await walk.query<{ external_id: string }>(
    `select external_id from person_links where system = 'toy' and external_id = '${ofTom}'`,
  );
  expect(links).toHaveLength(1);

  // and when
  const status = await walk.until('the button is there', async () => {
    const message = await walk.statusOf('tom', asked.id);
    return buttonsOf(message).includes('release') ? message : null;
  });
  await walk.click('tom', status, 'release');

  // then
  await walk.endsAs(asked.id, 'inEffect');
  expect(directory.members(GROUP)).not.toContain(ofTom);
  expect(await walk.isInTeam('tom', TEAM)).toBe(false);
}, 60_000);
