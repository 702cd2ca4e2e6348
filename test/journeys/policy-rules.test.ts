import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { company } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

/** A policy of its own: reading Payments and reading Orders are kept apart; one rule asks for a fact nobody knows. */
let dir: string;
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-ruled-'));
  await cp('policy', dir, { recursive: true });
  await rewrite('catalogue.yaml', /^canary: .*$/m, '');
  await rewrite('catalogue.yaml', /^onCall: .*$/m, '');
  await rewrite(
    'catalogue.yaml',
    '    team: Orders API readers',
    '    team: Orders API readers\n    conflicts: [{ with: payments-api-read, because: whoever books does not check }]',
  );
  await rewrite('catalogue.yaml', /^bundles:[\s\S]*$/m, '');
  ({ stage, walk } = await setOut({ policyDir: dir }));
});
afterAll(async () => {
  await stage?.close();
  await rm(dir, { recursive: true, force: true });
});

async function rewrite(name: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(dir, name);
  const before = await readFile(path, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(path, after);
}

type Ready = { ready: boolean; policy: { inForce: string; mistakes: string[] } };
const ready = async (): Promise<Ready> =>
  (await (
    await fetch(`${stage.latchkey.url}/readyz`, { headers: { authorization: 'Bearer read-token-for-tests' } })
  ).json()) as Ready;

const HOLDS = 'holds Payments API: read logs in prod; that must not come together with Orders API';

test('what must be kept apart needs a second approver, says so on the card, and one approver is not enough', async () => {
  // given ines reads Payments
  await walk.isGiven(
    'ines',
    { entitlement: 'payments-api-read', reason: 'Refunds that arrive twice' },
    'sam',
  );

  // when she asks to read Orders, which either of two may approve
  const asked = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'The orders behind them' });

  // then
  const card = wordsOf(asked.card);
  expect(card).toContain(`*Separation of duties:* ${HOLDS}`);
  expect(card).toContain('whoever books does not check');
  expect(card).toContain('*Two people have to approve:*');
  expect(card).toContain('(AC-10)');
  await walk.click('tom', asked.card, 'approve');
  const waiting = await walk.cardSays(asked, 'Approved by Tom Okafor; still needed: 1 more of Olga Brandt');
  expect((await walk.change(asked.id)).state).toBe('asking');
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);

  // when the other approves too
  await walk.click('olga', waiting, 'approve');

  // then
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(change.approvals).toHaveLength(2);
  expect(change.approvals[0]?.as).toEqual({
    email: 'tom@acme.example',
    department: 'Orders',
    title: 'Team lead, Orders',
  });
  const entry = (await walk.audit(asked.id)).find((e) => e.type === 'changeApproved');
  expect(entry?.data.verdict).toMatchObject({
    effect: 'ask',
    holds: [{ needs: 'secondApprover', rule: 'kept-apart-needs-two', clause: 'AC-10' }],
    conflicts: [{ with: 'payments-api-read', how: 'held' }],
    facts: {
      entitlementKey: 'orders-api-read',
      duties: { holdings: [{ entitlementKey: 'payments-api-read' }] },
    },
    policy: (await ready()).policy.inForce,
  });
  // The model is told of it as a fact.
  const [summary] = await walk.query<{ sheet: { facts: { label: string; text: string }[] } }>(
    'select sheet from summaries where about_id = $1',
    [asked.id],
  );
  expect(summary?.sheet.facts.find((f) => f.label === 'conflicts')?.text).toContain(HOLDS);
});

test('of two requests that wait, each is told of the other', async () => {
  // given
  const first = await walk.asks('erik', { entitlement: 'payments-api-read', reason: 'The first of two' });

  // when
  const second = await walk.asks('erik', { entitlement: 'orders-api-read', reason: 'The second of two' });

  // then
  expect(wordsOf(first.card)).not.toContain('Separation of duties');
  expect(wordsOf(second.card)).toContain('has asked for Payments API: read logs in prod');
  await walk.cardSays(first, 'has asked for Orders API: read logs and messages in prod');

  // when the first is taken back
  await walk.click('erik', await walk.statusOf('erik', first.id), 'withdraw');
  await walk.becomes(first.id, 'withdrawn');
  await walk.click('tom', second.card, 'approve');

  // then there is nothing to keep apart any more
  await walk.becomes(second.id, 'inEffect');
});

describe('a rule that forbids', () => {
  test('refuses at once, with its words, and the record says by which rule and clause', async () => {
    // given erik may deploy
    const deploys = await walk.asks('erik', {
      entitlement: 'orders-api-deploy',
      reason: 'Shipping the release',
    });
    await walk.click('tom', deploys.card, 'approve');
    await walk.click('olga', deploys.card, 'approve');
    await walk.becomes(deploys.id, 'inEffect');

    // when
    await walk.ask('erik', { entitlement: 'platform-admin', reason: 'Administration beside deploying' });

    // then
    const change = await walk.until('it is refused', async () => {
      const found = await walk.changeBecause('Administration beside deploying');
      return found?.state === 'refused' && found;
    });
    const words = 'whoever holds what must be kept apart from it is not given administration of the platform';
    expect(change.refusal?.text).toContain(words);
    await walk.receives('erik', 'why not', (m) => wordsOf(m).includes(words));
    const entry = (await walk.audit(change.id)).find((e) => e.type === 'requestRefused');
    expect(entry?.data.verdict).toMatchObject({
      effect: 'refuse',
      grounds: [{ rule: 'no-administrator-who-deploys', clause: 'AC-10' }],
      conflicts: [{ with: 'orders-api-deploy', how: 'held' }],
    });
  });

  test('is looked at again at the click', async () => {
    // given tom asks for administration, and may deploy only after that
    const asked = await walk.asks('tom', { entitlement: 'platform-admin', reason: 'Before I could deploy' });
    const deploys = await walk.asks('tom', { entitlement: 'orders-api-deploy', reason: 'And now I can' });
    expect(wordsOf(deploys.card)).toContain('has asked for Anypoint platform administration');
    await walk.click('sofia', deploys.card, 'approve');
    await walk.click('olga', deploys.card, 'approve');
    await walk.becomes(deploys.id, 'inEffect');

    // when
    await walk.click('sam', asked.card, 'approve');

    // then
    await walk.receives(
      'sam',
      'that policy no longer allows it',
      (m) =>
        m.ephemeral &&
        m.text.includes('Policy no longer allows this request: whoever holds what must be kept apart'),
      'access-requests',
    );
    expect((await walk.change(asked.id)).state).toBe('asking');
  });
});

describe('the policy is followed without a restart', () => {
  test('a changed title, tier and rule are in force together, and on record', async () => {
    // given
    const before = (await ready()).policy.inForce;

    // when
    await rewrite('catalogue.yaml', 'title: "Payments API: read logs in prod"', 'title: "Payments, read"');
    await writeFile(
      join(dir, 'tried.cedar'),
      `@id("no-payments-for-orders") @clause("AC-1") @says("Orders has no business in Payments")
       forbid (principal, action == Action::"request", resource)
       when { resource.key == "payments-api-read" && principal.department == "Orders" };\n`,
    );

    // then
    const now = await walk.until('the new policy is in force', async () => {
      const { policy } = await ready();
      return policy.inForce !== before && policy;
    });
    expect(now.mistakes).toEqual([]);
    await walk.until('its entitlements are offered', async () =>
      wordsOf(await walk.openForm('erik')).includes('Payments, read'),
    );
    await walk.ask('erik', { entitlement: 'payments-api-read', reason: 'Under the new rule' });
    await walk.until('it is refused', async () => {
      const found = await walk.changeBecause('Under the new rule');
      return found?.refusal?.text.includes('Orders has no business in Payments') === true;
    });
    const kept = await walk.query<{ texts: Record<string, string> }>(
      'select texts from policies where fingerprint = $1',
      [now.inForce],
    );
    expect(kept[0]?.texts['tried.cedar']).toContain('no-payments-for-orders');
    const entries = await walk.query<{ data: unknown }>(
      `select data from audit where type = 'policyLoaded' order by id desc limit 1`,
    );
    expect(entries[0]?.data).toMatchObject({ fingerprint: now.inForce, before });
  });

  test('a broken file keeps the old policy, is told to the admins in one message and in /readyz, and mended, says so', async () => {
    // given
    const before = (await ready()).policy.inForce;

    // when
    await rewrite('catalogue.yaml', 'title: "Payments, read"', 'title: "Payments, broken"\n    tierr: low');
    await writeFile(join(dir, 'broken.cedar'), 'permit (principal, action, resource);\n');

    // then
    const { policy } = await walk.until('readyz says so', async () => {
      const now = await ready();
      return now.policy.mistakes.length > 1 && now;
    });
    expect(policy.inForce).toBe(before);
    expect(policy.mistakes.join('\n')).toMatch(/catalogue\.yaml:\d+: .*tierr.*did you mean `tier`\?/);
    expect(policy.mistakes.join('\n')).toMatch(/broken\.cedar:1: rule without @id/);
    expect(wordsOf(await walk.openForm('erik'))).not.toContain('Payments, broken');
    const isAbout = (m: { text: string }) => m.text.includes('The policy was changed');
    for (const admin of ['sam', 'sofia']) {
      const told = await walk.receives(admin, 'that the policy is broken', isAbout);
      expect(told.text).toContain('The one before stays in force.');
      expect(wordsOf(told)).toContain('broken.cedar:1');
    }

    // when it stays broken in another way, that is the same message
    await writeFile(join(dir, 'broken.cedar'), '@id("still-broken") permit (principal, action, resource);\n');
    await walk.receives('sam', 'the other mistake', (m) => wordsOf(m).includes('rule still-broken'));
    expect((await walk.messages('sam', 'dm')).filter(isAbout)).toHaveLength(1);

    // when it is mended
    await rm(join(dir, 'broken.cedar'));
    await rewrite('catalogue.yaml', '\n    tierr: low', '');

    // then
    const mended = await walk.receives('sam', 'that it is mended', (m) =>
      m.text.includes('The policy was mended'),
    );
    expect(wordsOf(mended)).not.toContain('broken.cedar');
    expect((await walk.messages('sam', 'dm')).filter(isAbout)).toEqual([]);
    const now = (await ready()).policy;
    expect(now.inForce).not.toBe(before);
    expect(now.mistakes).toEqual([]);
    await walk.until('what was mended is offered', async () =>
      wordsOf(await walk.openForm('erik')).includes('Payments, broken'),
    );
    const types = await walk.query<{ type: string }>(
      `select type from audit where type like 'policy%' order by id`,
    );
    expect(types.map((t) => t.type).slice(-4)).toEqual([
      'policyBroken',
      'policyBroken',
      'policyMended',
      'policyLoaded',
    ]);
  });

  test('a rule that asks for what nobody knows leaves it to a person, on the card and on record', async () => {
    // when
    const before = (await ready()).policy.inForce;
    await writeFile(
      join(dir, 'tried.cedar'),
      `@id("on-call-only") @clause("AC-1") @says("only who is on call")
       forbid (principal, action == Action::"request", resource)
       when { resource.key == "payments-api-read" && !context.onCall };\n`,
    );
    await walk.until('it is in force', async () => (await ready()).policy.inForce !== before);
    const asked = await walk.asks('nadia', {
      entitlement: 'payments-api-read',
      reason: 'Nobody says who is on call',
    });

    // then
    expect(wordsOf(asked.card)).toContain(
      '*A rule can’t be evaluated*, so it is yours to judge: on-call-only: on-call-only needs whether they are on call, which is not known',
    );
    const entry = (await walk.audit(asked.id)).find((e) => e.type === 'approversAsked');
    expect(entry?.data.verdict).toMatchObject({
      effect: 'ask',
      unsure: [expect.stringContaining('on-call-only')],
    });
  });

  test('whom a rule does not let approve is not asked, and is told why if they click', async () => {
    // when
    await writeFile(
      join(dir, 'tried.cedar'),
      `@id("leads-dont-approve") @clause("AC-2") @says("team leads do not approve reading Payments")
       forbid (principal, action == Action::"approve", resource)
       when { resource.key == "payments-api-read" && principal.title like "Team lead*" };\n`,
    );
    // as SIGHUP does
    await stage.latchkey.reload();
    const asked = await walk.asks(
      'ines',
      { entitlement: 'payments-api-read', reason: 'Tom would be asked' },
      { seconds: 3_600 },
    );

    // then
    expect(wordsOf(await walk.reads('tom', asked.card, 'details'))).toContain(
      '*Not asked:* Tom Okafor, team leads do not approve reading Payments (AC-2)',
    );
    await walk.click('tom', asked.card, 'approve');
    await walk.receives(
      'tom',
      'why not',
      (m) =>
        m.ephemeral &&
        m.text.includes(
          'Policy does not let you decide on this request: team leads do not approve reading Payments (AC-2).',
        ),
      'access-requests',
    );
    expect((await walk.change(asked.id)).approvals).toEqual([]);
  });
});

test('roles that come from a team above count', async () => {
  // given the readers of Payments become a team below the platform's admins
  const { access_token } = await walk.request<{ access_token: string }>(
    'POST',
    '/anypoint/accounts/api/v2/oauth2/token',
    {
      grant_type: 'client_credentials',
      client_id: 'sandbox-anypoint-client',
      client_secret: 'sandbox-anypoint-secret',
    },
  );
  const made = await fetch(
    `${stage.world.url}/anypoint/accounts/api/organizations/${company.anypointOrgId}/teams`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
      body: JSON.stringify({
        team_name: 'Release managers',
        parent_team_id: 'd3333333-0000-4000-8000-000000000004',
      }),
    },
  );
  expect(made.status).toBe(201);
  const before = (await ready()).policy.inForce;
  await rm(join(dir, 'tried.cedar'));
  await rewrite('catalogue.yaml', /^ {4}team: Payments API readers$/m, '    team: Release managers');
  await walk.until('it is in force', async () => (await ready()).policy.inForce !== before);
  await walk.until('the team is found', async () =>
    wordsOf(await walk.openForm('ines')).includes('Payments, broken'),
  );

  // when ines, who reads Payments, asks to deploy, which administration must be kept apart from
  const asked = await walk.asks('ines', {
    entitlement: 'orders-api-deploy',
    reason: 'Deploying from below the admins',
  });

  // then
  expect(wordsOf(asked.card)).toContain(
    'has the roles of Anypoint platform administration through Payments, broken; that must not come together with Orders API: deploy to prod',
  );
  expect((await walk.change(asked.id)).verdict).toMatchObject({
    conflicts: [{ with: 'platform-admin', how: 'inherited' }],
    holds: [{ needs: 'secondApprover' }],
  });
});
