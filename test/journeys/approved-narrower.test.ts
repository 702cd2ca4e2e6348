import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey } from '../../src/core/ids.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

const narrower: Record<string, string> = {
  'orders-api-deploy': 'orders-api-read',
  'payments-api-read': 'dashboards-view',
};

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      entitlements: catalogue.entitlements.map((e) =>
        narrower[e.key] === undefined ? e : { ...e, narrower: [narrower[e.key] as EntitlementKey] },
      ),
    }),
  }));
});
afterAll(() => stage?.close());

const less = (seconds: number, instead: string) => ({
  duration: { seconds: String(seconds) },
  narrower: { narrower: instead },
});

test('an approver gives a narrower one instead; who asked is told what changed, and declines it', async () => {
  // given manager and owner would have to approve the deployment
  const asked = await walk.asks('erik', {
    entitlement: 'orders-api-deploy',
    seconds: 3_600,
    reason: 'I need to look at production',
  });

  // when Tom gives the reading instead, on which he decides alone
  const sent = await walk.clickAndFill('tom', asked.card, 'approve_less', less(3_600, 'orders-api-read'));
  expect(sent).toMatchObject({ sent: true });

  // then
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(change).toMatchObject({
    entitlementKey: 'orders-api-read',
    narrowed: { from: { key: 'orders-api-deploy' }, name: 'Tom Okafor' },
  });
  expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(true);
  expect(await walk.isInGroup('erik', 'anypoint-orders-deploy')).toBe(false);
  await walk.receives('erik', 'what changed', (m) =>
    wordsOf(m).includes('instead of Orders API: deploy to prod'),
  );
  await walk.cardSays(asked, 'instead of Orders API: deploy to prod');
  expect(await walk.auditTypes(asked.id)).toContain('requestNarrowed');

  // when
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('erik', asked.id);
    return buttonsOf(now).includes('decline') && now;
  });
  await walk.click('erik', status, 'decline');

  // then it ends by the road
  await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(false);
});

test('who may not decide on the narrower one can’t give it', async () => {
  // given Sam owns the Payments API, and the dashboards are Olga’s
  const asked = await walk.asks('ines', { entitlement: 'payments-api-read', reason: 'Narrower is not his' });

  // when
  await walk.clickAndFill('sam', asked.card, 'approve_less', less(3_600, 'dashboards-view'));

  // then
  await walk.receives(
    'sam',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('not among those who may decide'),
    'access-requests',
  );
  expect(await walk.change(asked.id)).toMatchObject({
    state: 'asking',
    entitlementKey: 'payments-api-read',
    approvals: [],
  });
});

test('nor can who may not decide on what was asked for, nor is what they hold given again', async () => {
  // given Erik holds the reading
  await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'He reads already' });
  const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'And deploys' });

  // when
  await walk.clickAndFill('nadia', asked.card, 'approve_less', less(3_600, 'orders-api-read'));
  await walk.clickAndFill('tom', asked.card, 'approve_less', less(3_600, 'orders-api-read'));

  // then
  await walk.receives(
    'nadia',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('not among those'),
    'access-requests',
  );
  await walk.receives(
    'tom',
    'the refusal',
    (m) => m.ephemeral && m.text.includes('they have it already'),
    'access-requests',
  );
  expect(await walk.change(asked.id)).toMatchObject({ state: 'asking', entitlementKey: 'orders-api-deploy' });
});

test('a shorter time can be declined as well', async () => {
  // given
  const asked = await walk.asks('nadia', {
    entitlement: 'orders-api-read',
    seconds: 86_400,
    reason: 'A day or nothing',
  });
  await walk.clickAndFill('tom', asked.card, 'approve_less', { duration: { seconds: '3600' } });
  await walk.becomes(asked.id, 'awaitingSignIn');

  // when
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('nadia', asked.id);
    return buttonsOf(now).includes('decline') && now;
  });
  await walk.click('nadia', status, 'decline');

  // then
  await walk.until('it has ended', async () => (await walk.change(asked.id)).ended !== null);
});

test('what they hold until then is no reason against the narrower one from later on', async () => {
  // given he reads already, until a day from now at the most
  expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(true);
  const asked = await walk.asks('erik', {
    entitlement: 'orders-api-deploy',
    seconds: 3_600,
    from: new Date(Math.ceil(Date.now() / 1_000 + 10 * 86_400) * 1_000),
    reason: 'The release in ten days',
  });

  // when
  await walk.clickAndFill('tom', asked.card, 'approve_less', less(3_600, 'orders-api-read'));

  // then
  expect(await walk.becomes(asked.id, 'scheduled')).toMatchObject({ entitlementKey: 'orders-api-read' });
});
