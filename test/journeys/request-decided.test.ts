import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApproverRule, ApproverSource } from '../../src/core/policy/catalogue.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, slackIdOf, textsIn, wordsOf } from './journey.ts';
import { buttonValueOf, clickPayload, nowSeconds, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      entitlements: catalogue.entitlements.map((e) =>
        e.key === 'payments-api-read'
          ? { ...e, approvers: { ...askedOne({ owner: true }), tell } }
          : e.key === 'dashboards-view'
            ? { ...e, tier: 'medium', approvers: askedOne({ person: 'kit@acme.example' }) }
            : e,
      ),
    }),
  }));
});
afterAll(() => stage?.close());

const askedOne = (source: ApproverSource): ApproverRule => ({
  stages: [{ of: 'any', quorum: 1, sources: [source] }],
  distinct: true,
});
/** The last is the owner. */
const tell: ApproverSource[] = [{ person: 'sofia@acme.example' }, { person: 'sam@acme.example' }];

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';

/** Waits until a click has been settled: nothing is owed any more. */
const settled = () =>
  walk.until('every click is settled', async () => {
    const owed = await walk.query(`select 1 from outbox where job = 'settleClick' and done_at is null`);
    return owed.length === 0;
  });

test('a denial needs a reason, and the requester reads it', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Curious about production' });

  // when no reason is given
  const refused = await walk.clickAndFill('tom', asked.card, 'deny', { reason: { reason: ' ' } });

  // then
  expect(refused).toMatchObject({ sent: false, errors: { reason: expect.any(String) } });
  expect((await walk.change(asked.id)).state).toBe('asking');

  // when
  const [form] = (await walk.workspace('tom')).views;
  await walk.submit('tom', form as NonNullable<typeof form>, {
    reason: { reason: 'Use the *staging* logs, <@U0000003> can help' },
  });

  // then
  await walk.becomes(asked.id, 'denied');
  const note = await walk.receives('ines', 'the denial', (m) => m.text.includes('was denied by Tom Okafor'));
  expect(wordsOf(note)).toContain('Reason: Use the *staging* logs, <@U0000003> can help');
  const card = await walk.cardSays(asked, 'Denied by Tom Okafor');
  expect(wordsOf(card)).toContain('Reason: Use the *staging* logs');
  expect(buttonsOf(card)).toEqual([]);
  expect(await walk.isInGroup('ines', GROUP)).toBe(false);
  expect((await walk.audit(asked.id)).find((e) => e.type === 'changeDenied')).toMatchObject({
    actor: { name: 'Tom Okafor' },
    data: { decision: { outcome: 'denied', note: expect.stringContaining('staging') } },
  });
});

test('an approval for less time ends earlier than was asked', async () => {
  // given
  const asked = await walk.asks('erik', { entitlement: read, seconds: 86_400, reason: 'A day, please' });

  // when
  await walk.clickAndFill('tom', asked.card, 'approve_less', { duration: { seconds: '3600' } });

  // then
  const { grant } = await walk.becomes(asked.id, 'inEffect');
  const lengthMs = new Date(grant?.endsAt ?? 0).getTime() - new Date(grant?.startsAt ?? 0).getTime();
  expect(lengthMs).toBe(3_600_000);
  const [stored] = await walk.query<{ ms: string }>(
    'select extract(epoch from ends_at - starts_at) * 1000 as ms from grants where change_id = $1',
    [asked.id],
  );
  expect(Number(stored?.ms)).toBe(3_600_000);
  const card = wordsOf(await walk.cardSays(asked, 'In effect'));
  expect(card).toContain('Approved by Tom Okafor for 1 hour instead of 1 day; access until ');
  expect(card).toContain(`<!date^${Math.floor(new Date(grant?.endsAt ?? 0).getTime() / 1_000)}^`);
});

test('neither who asked nor whom it is for can approve, and only they are told', async () => {
  // given tom (a manager) asks for olga (the owner)
  const asked = await walk.asks('tom', {
    entitlement: read,
    reason: 'Olga is to look into the release',
    for: slackIdOf('olga'),
  });

  // when
  await walk.click('tom', asked.card, 'approve');
  await walk.click('olga', asked.card, 'approve');

  // then
  for (const clicker of ['tom', 'olga']) {
    await walk.receives(
      clicker,
      'that they can’t decide on it',
      (m) => m.ephemeral && m.text.includes('You asked for this access, or it is for you'),
      'access-requests',
    );
  }
  expect((await walk.whispers('sam')).join()).not.toContain('You asked for this access');
  expect((await walk.change(asked.id)).state).toBe('asking');
  const refusals = (await walk.audit(asked.id)).filter((e) => e.type === 'clickRefused');
  expect(refusals.map((e) => e.data.reason)).toEqual(['selfApproval', 'selfApproval']);
});

test('who is no approver is refused and told who is', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Erik thinks he may decide' });

  // when
  await walk.click('erik', asked.card, 'approve');

  // then
  const whisper = await walk.receives(
    'erik',
    'that he may not decide',
    (m) => m.ephemeral && m.text.includes('not among those who may decide'),
    'access-requests',
  );
  expect(whisper.text).toContain('Those who may: Tom Okafor, Olga Brandt.');
  expect((await walk.change(asked.id)).state).toBe('asking');

  // when the requester takes it back
  const status = await walk.statusOf('ines', asked.id);
  await walk.click('ines', status, 'withdraw');

  // then
  await walk.becomes(asked.id, 'withdrawn');
  const card = await walk.cardSays(asked, 'Taken back by Ines Moreau');
  expect(buttonsOf(card)).toEqual([]);
  expect(await walk.isInGroup('ines', GROUP)).toBe(false);
});

test('who is only told is mentioned on the card, and refused with that as the reason', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: 'payments-api-read', reason: 'Sofia is to know' });

  // then the owner is not only told
  const lines = textsIn(asked.card.blocks).map(({ text }) => text);
  expect(lines).toContain(`Told: <@${slackIdOf('sofia')}>`);
  const details = wordsOf(await walk.reads('ines', asked.card, 'details'));
  expect(details).toMatch(/Who is told, and may not decide\*\n• +Sofia Ricci/);

  // when
  await walk.click('sofia', asked.card, 'approve');

  // then
  const whisper = await walk.receives(
    'sofia',
    'that she is only told',
    (m) => m.ephemeral && m.text.includes('has you told of this request; it does not let you decide'),
    'access-requests',
  );
  expect(whisper.text).toContain('Those who may: Sam');
  expect((await walk.change(asked.id)).state).toBe('asking');
  await walk.click('sam', asked.card, 'approve');
  await walk.becomes(asked.id, 'inEffect');
});

test('where chat has none of those who are asked, the admins are asked at once and can decide', async () => {
  // given Kit, who is in the directory and not in Slack
  const asked = await walk.asks('ines', { entitlement: 'dashboards-view', reason: 'Kit reads no Slack' });

  // then
  const [stage] = (await walk.change(asked.id)).plan?.stages ?? [];
  expect(stage).toMatchObject({ escalated: true, slots: [{ people: [{ email: 'kit@acme.example' }] }] });
  expect(wordsOf(asked.card)).toContain(`<@${slackIdOf('sofia')}>`);

  // when
  await walk.click('sofia', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
});

test('while chat does not say who is there nobody is passed over: it is asked again later', async () => {
  // given approvers whose accounts have to be looked up
  await walk.query(`delete from person_links where system = 'slack' and person_id in
    (select id from people where email in ('tom@acme.example', 'olga@acme.example'))`);
  await walk.fault({ vendor: 'slack', kind: 'status', status: 500, path: 'users.lookupByEmail' });

  // when
  const asking = walk.asks('nadia', { entitlement: read, reason: 'Slack is having a bad day' });
  try {
    await walk.until('it could not be checked', async () => {
      const [owed] = await walk.query(
        `select 1 from outbox where job = 'assessRequest' and done_at is null and attempts > 0`,
      );
      return owed !== undefined;
    });
  } finally {
    await walk.heal();
  }

  // then
  const { id } = await asking;
  const { plan } = await walk.change(id);
  expect(plan?.stages[0]).toMatchObject({ escalated: false });
  expect(plan?.stages[0]?.rungs).toBeUndefined();
  await walk.click('nadia', await walk.statusOf('nadia', id), 'withdraw');
  await walk.becomes(id, 'withdrawn');
});

test('a card of an earlier round decides nothing', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Round and round' });
  const { change, round } = buttonValueOf(asked.card);

  // when
  const stale = JSON.stringify({ change, round: round - 1 });
  const answer = await sendRaw(walk, clickPayload('tom', asked.card, 'approve', stale));

  // then
  expect(answer.status).toBe(200);
  await walk.receives(
    'tom',
    'that the card is out of date',
    (m) => m.ephemeral && m.text.includes('This card is out of date'),
    'access-requests',
  );
  expect((await walk.change(asked.id)).state).toBe('asking');
  await walk.click('ines', await walk.statusOf('ines', asked.id), 'withdraw');
  await walk.becomes(asked.id, 'withdrawn');
});

test('of two racing approvers one decides and the other is told who did', async () => {
  // given
  const asked = await walk.asks('nadia', { entitlement: read, reason: 'First come, first served' });

  // when
  await Promise.all([
    walk.click('tom', asked.card, 'approve'),
    walk.clickAndFill('olga', asked.card, 'deny', { reason: { reason: 'Not today' } }),
  ]);

  // then
  await settled();
  const { decision } = await walk.change(asked.id);
  const [winner, loser] = decision?.byName === 'Tom Okafor' ? ['Tom Okafor', 'olga'] : ['Olga Brandt', 'tom'];
  expect(decision?.byName).toBe(winner);
  const verb = decision?.outcome === 'approved' ? 'approved' : 'denied';
  await walk.receives(
    loser,
    'who decided',
    (m) => m.ephemeral && m.text.startsWith(`${winner} ${verb} this already.`),
    'access-requests',
  );
  const decisions = (await walk.auditTypes(asked.id)).filter((t) => /^change(Approved|Denied)$/.test(t));
  expect(decisions).toHaveLength(1);
});

test('a click that Slack delivers twice counts once', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: 'platform-admin', reason: 'Delivered twice' });
  const value = JSON.stringify(buttonValueOf(asked.card));
  const payload = clickPayload('sam', asked.card, 'approve', value);

  // when the same click comes again, signed anew
  const first = await sendRaw(walk, payload, { timestamp: nowSeconds() - 1 });
  const second = await sendRaw(walk, payload, { timestamp: nowSeconds() });

  // then
  expect([first.status, second.status]).toEqual([200, 200]);
  await walk.cardSays(asked, 'Approved by Sam Whitaker');
  await settled();
  const audit = await walk.auditTypes(asked.id);
  expect(audit.filter((type) => type === 'approvalGiven')).toHaveLength(1);
  expect(audit.filter((type) => type === 'clickRefused')).toHaveLength(0);
  expect((await walk.change(asked.id)).state).toBe('asking');
});

test('clicks of one approver on two cards in the same instant are two clicks', async () => {
  // given
  const asked = [
    await walk.asks('erik', { entitlement: 'platform-admin', reason: 'The first card' }),
    await walk.asks('tom', { entitlement: 'platform-admin', reason: 'The second card' }),
  ];

  // when
  await Promise.all(
    asked.map(({ card }) =>
      sendRaw(
        walk,
        clickPayload('sam', card, 'approve', JSON.stringify(buttonValueOf(card)), '1700000000.000001'),
      ),
    ),
  );

  // then
  for (const one of asked) await walk.cardSays(one, 'Approved by Sam Whitaker');
});

test('200 clicks by two approvers at once are one decision, one write and one audit entry', async () => {
  // given
  await walk.request('DELETE', '/control/requests');
  const asked = await walk.asks('sam', { entitlement: read, reason: 'Two hundred clicks' });
  const value = JSON.stringify(buttonValueOf(asked.card));

  // when (by hand: Slack's client would take the buttons away as soon as the card is settled)
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      sendRaw(
        walk,
        clickPayload(
          i % 2 === 0 ? 'sofia' : 'olga',
          asked.card,
          'approve',
          value,
          `${1_700_000_000 + i}.000100`,
        ),
      ),
    ),
  );

  // then
  expect(answers.filter((a) => a.status !== 200)).toEqual([]);
  await walk.becomes(asked.id, 'inEffect');
  await settled();
  // and when some are handed out again, as after a kill between their commit and the end of their work
  const again = await walk.query(
    `update outbox set done_at = null, leased = false, taken = false, next_at = clock_timestamp()
     where id in (select id from outbox where job = 'settleClick' and payload->'click'->>'changeId' = $1 limit 20)
     returning id`,
    [asked.id],
  );
  expect(again).toHaveLength(20);
  await settled();
  const audit = await walk.auditTypes(asked.id);
  expect(audit.filter((type) => type === 'changeApproved')).toHaveLength(1);
  expect(audit.filter((type) => type === 'approvalGiven')).toHaveLength(1);
  expect(audit.filter((type) => type === 'clickRefused')).toHaveLength(199);
  const writes = await walk.directory.asked('write');
  expect(writes).toHaveLength(1);
  expect(await walk.query('select 1 from grants where change_id = $1', [asked.id])).toHaveLength(1);
  await walk.cardSays(asked, 'In effect in MuleSoft');
}, 60_000);
