import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, expect, test } from 'vitest';
import type { CampaignId, PersonId } from '../../../src/core/ids.ts';
import type { AnswerReceived } from '../../../src/core/jobs/reactions.ts';
import type { Refusal } from '../../../src/core/refusal.ts';
import { settleReviewAnswer } from '../../../src/flow/review/settle.ts';
import type { ChatAccount } from '../../../src/ports/chat.ts';
import { readPerson, rememberPerson } from '../../../src/store/people.ts';
import { target } from '../../core/given.ts';
import { idpPerson } from '../../store/given.ts';
import { reviewScene } from './given.ts';

const scene = reviewScene();
const people = new Map<string, PersonId>();
const id = (login: string) => people.get(login) as PersonId;
const left = idpPerson('gone', { status: 'deprovisioned' });
const folk = [...['olga', 'tom', 'sam', 'ines'].map((login) => idpPerson(login)), left];

beforeEach(async () => {
  scene.book.inIdp = folk;
  for (const one of folk) people.set(one.login, (await rememberPerson(scene.db, 'okta', one)).id);
  scene.book.inChat = new Map<string, ChatAccount>(
    folk.map(({ login, email }) => [
      login,
      { id: login, kind: 'member', name: login, verifiedEmail: email, timeZone: null },
    ]),
  );
});

/** A campaign with one line about Ines, which is Olga's. */
async function begun(): Promise<CampaignId> {
  await sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${id('ines')}, ${target.groupId}, 'g', now()) on conflict do nothing`.execute(scene.db);
  return await scene.started([{ kind: 'baseline', personId: id('ines'), reviewerId: id('olga'), target }]);
}

async function hands(
  of: CampaignId,
  from: string,
  to: string,
  clickId: string = randomUUID(),
): Promise<Refusal | null> {
  const { rows } = await sql<{ id: string }>`
    select id from campaign_reviewers where campaign_id = ${of} and person_id = ${id(from)}`.execute(
    scene.db,
  );
  const answer = {
    about: 'review',
    id: rows[0]?.id ?? randomUUID(),
    verb: 'reassign',
    item: JSON.stringify({ n: 1, toAccountId: to, why: 'Knows better' }),
    clickId,
    chatUserId: from,
    channel: 'D',
  } as AnswerReceived;
  const person = await readPerson(scene.db, id(from));
  if (person === null) throw new Error('nobody');
  return await settleReviewAnswer(scene.context(), answer, person);
}

async function line(of: CampaignId) {
  const { rows } = await sql<{
    reviewer: PersonId;
    hops: number;
    draft: string | null;
    decision: string | null;
  }>`
    select reviewer_id as reviewer, hops, draft, decision from campaign_lines where campaign_id = ${of}`.execute(
    scene.db,
  );
  return rows[0];
}

test('handed back and forth it stops: whoever has it then decides, and it waits for nobody else', async () => {
  // given
  const of = await begun();
  expect(await hands(of, 'olga', 'tom')).toBeNull();
  await sql`update campaign_lines set draft = 'keep' where campaign_id = ${of}`.execute(scene.db);

  // when Tom hands it back, with a choice that he had drafted
  expect(await hands(of, 'tom', 'olga')).toBeNull();

  // then his choice is not hers
  expect(await line(of)).toEqual({ reviewer: id('olga'), hops: 2, draft: null, decision: null });

  // when it goes round once more
  expect(await hands(of, 'olga', 'tom')).toBeNull();
  expect(await hands(of, 'tom', 'olga')).toMatchObject({
    reason: 'alreadySettled',
    text: expect.stringContaining('handed on 3 times'),
  });

  // then
  expect(await line(of)).toMatchObject({ reviewer: id('tom'), hops: 3 });
});

test.each([
  ['whom it is about', 'ines', 'selfApproval'],
  ['oneself', 'olga', 'selfApproval'],
  ['a guest', 'guest', 'guest'],
  ['a bot', 'bot', 'notAPerson'],
  ['somebody of another organisation', 'stranger', 'stranger'],
  ['an account that Slack has switched off', 'deactivated', 'deactivated'],
  ['an account that Slack does not know', 'nobody', 'unknownPerson'],
  ['somebody whose account in the directory is off', 'gone', 'inactiveInIdp'],
] as const)('not to %s: it is said why, and the line stays', async (_, to, reason) => {
  // given
  const of = await begun();
  for (const kind of ['guest', 'bot', 'stranger', 'deactivated'] as const)
    scene.book.inChat.set(kind, {
      id: kind,
      kind,
      name: kind,
      verifiedEmail: 'tom@acme.example',
      timeZone: null,
    });

  // when
  const refusal = await hands(of, 'olga', to);

  // then
  expect(refusal?.reason).toBe(reason);
  expect(`${refusal?.text} ${refusal?.next}`).toMatch(/hoose somebody else/);
  expect(await line(of)).toMatchObject({ reviewer: id('olga'), hops: 0 });
});

test('somebody who has no lines, and the same click twice, hand nothing on', async () => {
  const of = await begun();
  expect(await hands(of, 'sam', 'tom')).not.toBeNull();
  expect(await line(of)).toMatchObject({ reviewer: id('olga'), hops: 0 });
  await hands(of, 'olga', 'tom', 'click');
  expect(await hands(of, 'olga', 'sam', 'click')).toBeNull();
  expect(await line(of)).toMatchObject({ reviewer: id('tom'), hops: 1 });
  expect(await hands(of, 'olga', 'sam')).toMatchObject({ reason: 'alreadySettled' });
});
