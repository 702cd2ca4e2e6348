import { afterAll, beforeAll, expect, test } from 'vitest';
import { people } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;

const email = (key: string) => people.find((p) => p.key === key)?.email ?? '';

/** Nobody looks at what Erik took. Behind its approvers is Nadia. */
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (given) => ({
      ...given,
      canary: null,
      entitlements: given.entitlements.map((e) =>
        e.key === 'orders-api-deploy'
          ? { ...e, escalation: [{ afterSeconds: 8 * 3_600, to: [{ person: email('nadia') }] }] }
          : e,
      ),
    }),
  }));
});
afterAll(() => stage?.close());

const inChannel = (words: string): Promise<CardSeen> =>
  walk.until(`the channel reads: ${words}`, async () =>
    (await walk.messages('sofia', 'access-requests')).find((m) => wordsOf(m).includes(words)),
  );
/** Lets so much time pass for the emergency. */
const passes = (id: string, time: string) =>
  walk.query(
    `update emergencies set opened_at = opened_at - $2::interval, look_at = null,
       clock = case when clock is null then null else jsonb_set(clock, '{askedAt}', to_jsonb(
         to_char(((clock->>'askedAt')::timestamptz - $2::interval) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) end
     where change_id = $1`,
    [id, time],
  );

test('an emergency that nobody reviews: those who owe it are reminded, then the next rung is asked, and may say', async () => {
  // given
  const form = await walk.openForm('erik', 'emergency');
  const reason = 'orders are lost, and nobody looks at this';
  await walk.submit('erik', form, {
    what: { what: 'orders-api-deploy' },
    how_long: { how_long: '3600' },
    reason: { reason },
  });
  const { id } = await walk.until('it is taken', () => walk.changeBecause(reason));
  await walk.becomes(id, 'inEffect');
  await walk.owesNothing();
  expect((await walk.query<{ clock: unknown }>('select clock from emergencies'))[0]?.clock).toBeNull();

  // when its review is due (two working days are four at most)
  await passes(id, '97 hours');
  // then the approvers and admins are reminded under the card, or the ladder is climbed where that is due too
  const reminded = await inChannel('Please look: ');
  expect(wordsOf(reminded)).toContain(`<@${slackIdOf('tom')}>`);
  expect(wordsOf(reminded)).not.toContain(slackIdOf('erik'));

  // and when nobody looks for eight more hours
  await passes(id, '9 hours');
  const asked = await inChannel('is asked too');
  expect(wordsOf(asked)).toContain(`<@${slackIdOf('nadia')}>`);
  const card = await walk.until('Nadia has the card', async () =>
    (await walk.messages('nadia', 'dm')).find((m) => wordsOf(m).includes('overdue since')),
  );

  // then she may say so
  await walk.click('nadia', card, 'emergency_justified');
  const view = await walk.until('the form', async () => {
    const top = await walk.topView('nadia');
    return top?.callback_id.startsWith('emergency_') && top;
  });
  await walk.submit('nadia', view, { comment: { comment: 'it was, I was on the call' } });
  await walk.until('it is reviewed', async () => (await walk.auditTypes(id)).includes('emergencyReviewed'));
  const overdue = (await walk.audit(id)).filter(({ type }) => type === 'emergencyReviewOverdue');
  expect(overdue.map(({ data }) => data.climbed)).toEqual(expect.arrayContaining([email('nadia')]));
  expect(overdue.length).toBeLessThanOrEqual(3);

  // and nobody is reminded of what is done
  await passes(id, '500 hours');
  await walk.owesNothing();
  const after = (await walk.audit(id)).filter(({ type }) => type === 'emergencyReviewOverdue');
  expect(after).toHaveLength(overdue.length);
});
