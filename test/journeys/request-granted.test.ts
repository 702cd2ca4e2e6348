import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentHash } from '../../src/audit/entry.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const day = 86_400;

test('what is asked in Slack and approved is seen in Anypoint, and the requester reads since when, until when and by whom', async () => {
  // given
  const asked = await walk.asks('ines', {
    entitlement: read,
    seconds: day,
    reason: 'Look into the failed orders of last night',
    ticket: 'INC-4711',
  });
  expect(wordsOf(asked.card)).toContain('Look into the failed orders of last night');
  expect(wordsOf(asked.card)).toContain('INC-4711');
  expect(buttonsOf(asked.card)).toEqual(['approve', 'approve_less', 'deny', 'question_ask']);

  // when
  const click = await walk.click('tom', asked.card, 'approve');

  // then
  expect(click.acked).toBe(true);
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(true);
  expect(await walk.isInTeam('ines', 'Orders API readers')).toBe(true);
  const status = await walk.receives('ines', 'it is in effect', (m) =>
    /In effect in MuleSoft/.test(wordsOf(m)),
  );
  expect(wordsOf(status)).toMatch(/In effect in MuleSoft after \d+(\.\d)? s/);
  expect(wordsOf(status)).toMatch(/Approved by Tom Okafor; access until <!date\^\d+\^/);
  const note = await walk.receives(
    'ines',
    'a reply that notifies',
    (m) => m.threadTs === status.ts && m.text.includes('is in effect in MuleSoft'),
  );
  expect(note.text).toContain('approved by Tom Okafor');
  expect(buttonsOf(status)).toEqual(['extend', 'release']);

  // and every leg was measured
  const { decidedAt, idpWrittenAt, scimPushedAt, deliveredAt, seenAt } = change.legs;
  const times = [decidedAt, idpWrittenAt, scimPushedAt, deliveredAt, seenAt].map((at) =>
    new Date(at ?? 0).getTime(),
  );
  expect(times.every((at) => at > 0)).toBe(true);
  expect(times).toEqual(times.toSorted());
  expect(new Date(change.grant?.endsAt ?? 0).getTime() - (times[0] ?? 0)).toBe(day * 1_000);
  const card = await walk.cardSays(asked, 'In effect in MuleSoft');
  expect(wordsOf(card)).not.toMatch(/SCIM/);
  expect(wordsOf(await walk.reads('sofia', card, 'details'))).toMatch(
    new RegExp(
      `Written to ${walk.directory.name}: after [\\d.]+ s\\n.*SCIM.*: after [\\d.]+ s\\n.*team: after [\\d.]+ s\\n.*Seen in MuleSoft: after [\\d.]+ s\\n`,
    ),
  );
  expect(buttonsOf(card)).toEqual([]);

  // and every step is in the audit, with who did it
  const audit = await walk.audit(asked.id);
  expect(audit.map((e) => e.type).filter((type) => type !== 'adviceGiven')).toEqual([
    'changeReceived',
    'approversAsked',
    'approvalGiven',
    'changeApproved',
    'idpWritten',
    'scimPushed',
    'delivered',
    'changeSeen',
  ]);
  expect(audit.find((e) => e.type === 'changeReceived')?.actor.name).toBe('Ines Moreau');
  expect(audit.find((e) => e.type === 'changeApproved')?.actor.name).toBe('Tom Okafor');
  expect(audit.find((e) => e.type === 'idpWritten')?.data.wrote).toBe('added');
  expect(audit.find((e) => e.type === 'changeApproved')?.data.verdict).toMatchObject({ effect: 'ask' });
});

test('a change has one card, which says each state in place', async () => {
  // given
  const asked = await walk.asks('erik', { entitlement: read, reason: 'One card in every state' });
  await walk.cardSays(asked, 'Waiting for a decision');

  // when
  await walk.click('olga', asked.card, 'approve');

  // then (cardSays refuses a second card, and a card at another place)
  await walk.cardSays(asked, /Approved by Olga Brandt|In effect/);
  await walk.becomes(asked.id, 'inEffect');
  const card = await walk.cardSays(asked, 'In effect in MuleSoft');
  expect(wordsOf(card)).toContain('One card in every state');
  const posts = (await walk.messages('sofia', 'access-requests')).filter(
    (m) => m.metadata?.event_payload?.marker?.startsWith(asked.id) && m.threadTs === null,
  );
  expect(posts).toHaveLength(1);
});

test('the card is out with the summary by rule before the model has answered, and gets its advice later', async () => {
  // given a model that takes its time
  await walk.request('POST', '/model/sim/mode', { mode: 'slow', ms: 1_000 });

  // when
  const asked = await walk.asks('nadia', { entitlement: read, reason: 'Advice comes after the card' });

  // then
  expect(wordsOf(asked.card)).toContain('Nobody else in Payments holds it through Latchkey');
  expect(wordsOf(asked.card)).toContain('the model is being asked; you need not wait for it');
  const advised = await walk.cardSays(asked, 'Advice of the model (it decides nothing)');
  expect(wordsOf(advised)).toContain('Nobody else in Payments holds it through Latchkey');
  const details = wordsOf(await walk.reads('tom', advised, 'details'));
  expect(details).toMatch(/1 day of at most 7 days[\s\S]*medium tier: a person decides/);
  expect(details).toContain('Model: scripted-sandbox-model');
  const given = (await walk.audit(asked.id)).find((e) => e.type === 'adviceGiven');
  expect(given?.data).toMatchObject({
    answered: true,
    provenance: { model: 'scripted-sandbox-model', promptId: expect.any(String), droppedClaims: 0 },
  });
  // It says which facts the model read: those that stand beside the card.
  const [kept] = await walk.query<{ sheet: unknown }>('select sheet from summaries where about_id = $1', [
    asked.id,
  ]);
  expect(given?.data.factsSha256).toBe(documentHash(kept?.sheet));
  await walk.request('POST', '/model/sim/mode', { mode: 'scripted' });
});

test('what is asked for somebody else is theirs, and both are told of it', async () => {
  // given
  const asked = await walk.asks('erik', {
    entitlement: 'payments-api-read',
    reason: 'Ines takes over the payment tickets',
    for: slackIdOf('ines'),
  });
  expect(wordsOf(asked.card)).toContain(`<@${slackIdOf('erik')}>, for <@${slackIdOf('ines')}>, asks for`);

  // when
  await walk.click('sam', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', 'Payments API readers')).toBe(true);
  expect(await walk.isInTeam('erik', 'Payments API readers')).toBe(false);
  for (const [key, who] of [
    ['requester', 'erik'],
    ['beneficiary', 'ines'],
  ] as const)
    await walk.until(`${who} reads that it is in effect`, async () =>
      wordsOf(await walk.statusOf(who, asked.id, key)).includes('In effect in MuleSoft'),
    );
});

test('where manager and owner both have to approve, one of them is not enough', async () => {
  // given
  const asked = await walk.asks('ines', {
    entitlement: 'orders-api-deploy',
    reason: 'Ship the hotfix of the order import',
  });

  // when the manager approves
  await walk.click('tom', asked.card, 'approve');

  // then the owner is waited for and nothing is written
  const waiting = await walk.cardSays(asked, 'Approved by Tom Okafor; still needed: owner (Olga Brandt)');
  expect(buttonsOf(waiting)).toContain('approve');
  expect((await walk.change(asked.id)).state).toBe('asking');
  expect(await walk.isInGroup('ines', 'anypoint-orders-deploy')).toBe(false);

  // when the manager approves again
  await walk.click('tom', waiting, 'approve');

  // then that does not count twice
  await walk.receives(
    'tom',
    'that once is enough',
    (m) => m.text.includes('You have approved this already'),
    'access-requests',
  );
  expect((await walk.change(asked.id)).state).toBe('asking');

  // when the owner approves too
  await walk.click('olga', waiting, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', 'Orders API deployers')).toBe(true);
  await walk.cardSays(asked, 'Approved by Tom Okafor and Olga Brandt; access until');
  await walk.receives('ines', 'who approved', (m) =>
    m.text.includes('approved by Tom Okafor and Olga Brandt.'),
  );
  const audit = await walk.auditTypes(asked.id);
  expect(audit.filter((type) => type === 'approvalGiven')).toHaveLength(2);
  expect(audit.filter((type) => type === 'changeApproved')).toHaveLength(1);
});

test('administration takes the owner and a security officer: two officers are not enough', async () => {
  // given
  const asked = await walk.asks('erik', {
    entitlement: 'platform-admin',
    reason: 'Set up the new environment',
  });

  // when
  await walk.click('sam', asked.card, 'approve');

  // then
  const missing = 'still needed: owner (Olga Brandt)';
  const waiting = await walk.cardSays(asked, `Approved by Sam Whitaker; ${missing}`);
  expect((await walk.change(asked.id)).state).toBe('asking');

  // when another officer approves
  await walk.click('sofia', waiting, 'approve');

  // then
  const still = await walk.cardSays(asked, `Approved by Sam Whitaker, Sofia Ricci; ${missing}`);
  expect((await walk.change(asked.id)).state).toBe('asking');
  expect(await walk.isInGroup('erik', 'anypoint-platform-admin')).toBe(false);

  // when
  await walk.click('olga', still, 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('erik', 'Platform admins')).toBe(true);
  expect(await walk.isInTeam('olga', 'Platform admins')).toBe(true);
});
