import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { PersonId } from '../../../src/core/ids.ts';
import type { AnswerReceived } from '../../../src/core/jobs/reactions.ts';
import type { Certificate } from '../../../src/core/review/certificate.ts';
import { revokesInWords } from '../../../src/core/review/words.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { settleCampaignAnswer } from '../../../src/flow/review/campaign-clicks.ts';
import { answerObjection } from '../../../src/flow/review/objection.ts';
import { byOperator, cancelCampaign } from '../../../src/flow/review/open.ts';
import { dropEndedLines } from '../../../src/flow/review/timers.ts';
import { endBaseline, recordBaselineMember } from '../../../src/store/baseline.ts';
import { type Person, readPerson } from '../../../src/store/people.ts';
import { objectionsOf, revokesOf } from '../../../src/store/review-carrying.ts';
import { readCertificate } from '../../../src/store/review-certificates.ts';
import { target } from '../../core/given.ts';
import { approved, received, somebody } from '../../store/given.ts';
import { reviewScene } from './given.ts';

const scene = reviewScene();
const pairOf = (personId: PersonId) => ({ personId, groupId: target.groupId });

async function reviewer() {
  return { id: await somebody(scene.db), name: 'Olga' };
}

/** Somebody who was in the group before Latchkey. */
async function heldBefore(): Promise<PersonId> {
  const personId = await somebody(scene.db);
  await commit(scene.db, async ({ tx, now }) => {
    await recordBaselineMember(tx, { ...pairOf(personId), groupName: target.groupName }, now);
    return { result: null };
  });
  return personId;
}

async function given() {
  const personId = await somebody(scene.db);
  const request = received(personId);
  await commit(scene.db, async () => ({
    result: null,
    events: [request, approved(request.changeId, new Date())],
  }));
  return { personId, changeId: request.changeId };
}

async function revokeOf(campaignId: string, n: number): Promise<string> {
  const { rows } = await sql<{ revoke_id: string | null }>`
    select revoke_id from campaign_lines where campaign_id = ${campaignId} and n = ${n}`.execute(scene.db);
  return rows[0]?.revoke_id ?? 'none';
}

async function certified(campaignId: string): Promise<Certificate> {
  const kept = await readCertificate(scene.db, campaignId);
  const { payload } = JSON.parse(kept?.jws ?? '{}') as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Certificate;
}

test('what can’t be taken away because nobody can tell from where keeps the campaign open, and holds up no other line', async () => {
  // given two lines, and only of the second it is known where it is to be taken away
  const [lost, known] = [await heldBefore(), await heldBefore()];
  const olga = await reviewer();
  const id = await scene.started([
    { kind: 'baseline', personId: lost, reviewerId: olga.id },
    { kind: 'baseline', personId: known, reviewerId: olga.id, target },
  ]);
  scene.book.target = null;
  await scene.decides(id, olga, ['revoke', 'revoke']);

  // when
  expect(await scene.settled(id)).toBe('closing');
  await scene.isSeen(await revokeOf(id, 2));

  // then the other one is seen to be gone, and this one is not taken for gone
  expect(await scene.settled(id)).toBe('closing');
  const revokes = await revokesOf(scene.db, id);
  expect(revokes).toMatchObject({ all: 1, seen: 1, unknown: 1, uncarried: 0 });
  expect(revokesInWords(revokes, 'Okta')).toContain('1 of which the group or team can’t be told');

  // when the catalogue can tell again
  scene.book.target = target;
  expect(await scene.settled(id)).toBe('closing');
  await scene.isSeen(await revokeOf(id, 1));

  // then it goes down the road, and only then the campaign closes
  expect(await scene.settled(id)).toBe('closed');
});

test('what is on no record any more is looked at in MuleSoft all the same', async () => {
  // given: it was taken out of the group by hand after the reviewer had chosen
  const personId = await heldBefore();
  const olga = await reviewer();
  const id = await scene.started([{ kind: 'baseline', personId, reviewerId: olga.id, target }]);
  await scene.decides(id, olga, ['revoke']);
  await commit(scene.db, async ({ tx, now }) => {
    await endBaseline(tx, pairOf(personId), now);
    return { result: null };
  });

  // when
  expect(await scene.settled(id)).toBe('closing');

  // then
  const revoke = await revokeOf(id, 1);
  await scene.isSeen(revoke);
  expect(await scene.settled(id)).toBe('closed');
  expect((await certified(id)).lines[0]).toMatchObject({ decision: 'revoke', revoke });
});

test.each([
  ['late', 'closing'],
  ['failed', 'closing'],
  ['inEffect', 'closed'],
])(
  'what ended by itself is waited for too: its revoke is %s, the campaign is %s',
  async (state, expected) => {
    // given a grant whose time is over, and whose revoke goes its way
    const { personId, changeId } = await given();
    const olga = await reviewer();
    const id = await scene.started([{ kind: 'grant', personId, changeId, reviewerId: olga.id }]);
    const revoke = { ...received(personId), kind: 'revoke' as const, cause: 'expiry' as const, target };
    await commit(scene.db, async ({ now }) => ({
      result: null,
      events: [
        {
          type: 'grantEnded',
          changeId,
          at: now,
          actor: { part: 'latchkey' },
          cause: 'expiry',
          by: null,
          revokeId: revoke.changeId,
          stillHeld: false,
          stillHeldUntil: null,
        },
        { ...revoke, at: now },
        { ...approved(revoke.changeId, now), grant: null },
      ],
    }));
    await scene.isState(revoke.changeId, state);

    // when
    await dropEndedLines(scene.context());

    // then
    expect(await scene.settled(id)).toBe(expected);
    expect(await revokeOf(id, 1)).toBe(revoke.changeId);
  },
);

test('what was given again after the decision is not called gone', async () => {
  const personId = await heldBefore();
  const olga = await reviewer();
  const id = await scene.started([{ kind: 'baseline', personId, reviewerId: olga.id, target }]);
  await scene.decides(id, olga, ['revoke']);
  await scene.settled(id);
  await scene.isState(await revokeOf(id, 1), 'superseded');

  expect(await scene.settled(id)).toBe('closed');

  const revokes = await revokesOf(scene.db, id);
  expect(revokesInWords(revokes, 'Okta')).toBe('Revoked: 0 of 1 gone in MuleSoft; 1 given again since.');
  expect((await certified(id)).lines[0]).toMatchObject({
    goneFromMuleSoftAt: null,
    muleSoftNote: 'given again after the decision',
  });
});

test('a rule that a reviewer objects to keeps the campaign open until an admin answers', async () => {
  // given
  const olga = await reviewer();
  const sam = { id: await somebody(scene.db), name: 'Sam' };
  const id = await scene.started([{ kind: 'rule', reviewerId: olga.id }]);
  await scene.decides(id, olga, ['object']);
  expect(await scene.settled(id)).toBe('closing');

  // when
  const said = { n: 1, why: 'Support reads them on call', by: sam };
  expect(await answerObjection(scene.context(), id, said)).toBeNull();

  // then the same once more changes nothing, and another answer is refused
  expect(await answerObjection(scene.context(), id, said)).toBeNull();
  expect(await answerObjection(scene.context(), id, { ...said, by: olga })).toMatchObject({
    reason: 'alreadySettled',
  });
  expect(await scene.settled(id)).toBe('closed');
  const [line] = (await certified(id)).lines;
  expect(line).toMatchObject({ decision: 'object', comment: 'Not needed' });
  expect(line?.objectionAnswer).toMatch(/^kept by Sam: Support reads them on call \(20/);
});

test.each([
  ['no longer has the rule', null],
  ['has it for others', { departments: ['Orders'] }],
])('an objection is answered where the catalogue %s', async (_, birthright) => {
  const olga = await reviewer();
  const id = await scene.started([{ kind: 'rule', reviewerId: olga.id }]);
  await scene.decides(id, olga, ['object']);
  expect(await scene.settled(id)).toBe('closing');

  scene.book.birthright = birthright;
  expect(await scene.settled(id)).toBe('closed');
  scene.book.birthright = { departments: ['Orders', 'Support'] };

  expect((await objectionsOf(scene.db, id))[0]?.answer?.by).toBeNull();
});

test('a campaign that waits for ever can be cancelled: it has no certificate', async () => {
  const olga = await reviewer();
  const id = await scene.started([{ kind: 'rule', reviewerId: olga.id }]);
  await scene.decides(id, olga, ['object']);
  await scene.settled(id);

  expect(await cancelCampaign(scene.context(), id, byOperator, 'begun anew')).toBeNull();

  expect(await scene.settled(id)).toBe('cancelled');
  expect(await readCertificate(scene.db, id)).toBeNull();
});

test.each(['start', 'cancel', 'certificate', 'keepRule'] as const)(
  'whoever is no admin can’t %s',
  async (verb) => {
    const olga = await reviewer();
    const id = await scene.started([{ kind: 'rule', reviewerId: olga.id }]);
    const person = await readPerson(scene.db, olga.id);
    const answer = {
      about: 'campaign',
      id,
      verb,
      item: JSON.stringify({ n: 1, why: 'x' }),
      clickId: verb,
      chatUserId: 'U',
      channel: 'D',
    } as AnswerReceived;
    expect(await settleCampaignAnswer(scene.context(), answer, person as Person)).toMatchObject({
      reason: 'notAnApprover',
      text: expect.stringContaining('access review'),
    });
  },
);
