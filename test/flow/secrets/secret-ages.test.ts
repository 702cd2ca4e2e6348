import { afterAll, beforeAll, expect, test } from 'vitest';
import { tellOfSecrets } from '../../../src/flow/secrets/secret-ages.ts';
import { secretsUsed } from '../../../src/store/secret-settings.ts';
import { type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage.close());

const DAY = 86_400;
const old = {
  name: 'ANYPOINT_CLIENT_SECRET',
  source: 'secret://aws/latchkey/prod#anypoint',
  version: 'v1',
  madeAt: new Date(Date.now() - 400 * DAY * 1_000),
  lastUsedAt: new Date('2026-11-01T10:00:00Z'),
  trouble: null,
};
const told = async () =>
  (await walk.messages('sam', 'dm')).filter(({ text }) => text.includes('ANYPOINT_CLIENT_SECRET'));

test('an old secret is told to the admins once per version, and said to be replaced when it is', async () => {
  const { context } = stage.latchkey;
  const young = { ...old, name: 'SCIM_TOKEN', madeAt: new Date() };
  const unknown = { ...old, name: 'READ_TOKEN', madeAt: null };
  for (let n = 0; n < 3; n += 1) await tellOfSecrets(context, [old, young, unknown], 365 * DAY);
  await walk.owesNothing();
  expect((await told()).map(({ text }) => text)).toEqual([
    expect.stringMatching(/is old.*What to do:.*secret:\/\/aws\/latchkey\/prod#anypoint.*no restart/s),
  ]);
  expect(await walk.query('select name, version from aged_secrets')).toEqual([
    { name: 'ANYPOINT_CLIENT_SECRET', version: 'v1' },
  ]);

  await tellOfSecrets(context, [{ ...old, version: 'v2', madeAt: new Date() }], 365 * DAY);
  await walk.owesNothing();
  expect((await told()).map(({ text }) => text)).toEqual([expect.stringMatching(/was replaced/)]);
  const types = await walk.query<{ type: string }>(
    "select type from audit where type like 'secret%' order by at",
  );
  expect(types.map(({ type }) => type)).toEqual(['secretOld', 'secretReplaced']);
});

test('the latest use of all replicas is kept', async () => {
  const { context } = stage.latchkey;
  const later = new Date('2026-11-02T10:00:00Z');
  await tellOfSecrets(context, [{ ...old, name: 'A', lastUsedAt: later }], 9_999 * DAY);
  await tellOfSecrets(context, [{ ...old, name: 'A', lastUsedAt: old.lastUsedAt }], 9_999 * DAY);
  expect((await secretsUsed(context.db)).get('A')).toEqual(later);
});
