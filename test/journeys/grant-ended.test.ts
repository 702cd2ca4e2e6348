import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';

const liveGrants = (id: string) =>
  walk.query('select 1 from grants where change_id = $1 and ended_at is null', [id]);

test('access ends when its time is over: gone from the group and from Anypoint after, and all are told', async () => {
  // given ten seconds of access
  const asked = await walk.isGiven('ines', { entitlement: read, seconds: 10, reason: 'Only ten seconds' });
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);

  // then it ends by itself
  await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInGroup('ines', GROUP)).toBe(false);
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  expect((await walk.change(asked.id)).state).toBe('ended');
  const card = await walk.cardSays(asked, /Ended: the time is over; gone from MuleSoft after [\d.]+ s/);
  expect(wordsOf(card)).toContain('Ask again with /access');
  await walk.receives('ines', 'that it is gone', (m) => m.text.includes('is gone from MuleSoft'));
  expect(buttonsOf(await walk.statusOf('ines', asked.id))).toEqual([]);

  // and the audit has the whole of it, in order
  const types = (await walk.auditTypes(asked.id)).filter((type) => type !== 'adviceGiven');
  // So short a time is not worth a warning.
  expect(types).not.toContain('endingWarned');
  expect(types.slice(types.indexOf('grantEnded'))).toEqual([
    'grantEnded',
    'changeReceived',
    'changeApproved',
    'idpWritten',
    'scimPushed',
    'delivered',
    'changeSeen',
  ]);
  const removed = (await walk.audit(asked.id)).filter((e) => e.type === 'idpWritten');
  expect(removed.map((e) => e.data.wrote)).toEqual(['added', 'removed']);
});

test('what is pushed after the end of somebody’s only access does not mean that they have left', async () => {
  // given the directory pushes all there is, also of who is in no group any more
  await walk.directory.pushesAll();
  await walk.isQuiet();

  // then nobody is asked whether she has left, and she is given access again as before
  expect(await walk.query('select 1 from offboardings')).toEqual([]);
  const again = await walk.isGiven('ines', { entitlement: read, reason: 'Needed once more' });
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('ines', again.id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('ines', status, 'release');
  await walk.endsAs(again.id, 'inEffect');
});

test('who presses "I’m done" gives the access back at once', async () => {
  // given
  const asked = await walk.isGiven('erik', { entitlement: read, reason: 'Back before its time' });
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('erik', asked.id);
    return buttonsOf(now).includes('release') && now;
  });

  // when
  await walk.click('erik', status, 'release');

  // then
  await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInGroup('erik', GROUP)).toBe(false);
  expect(await walk.isInTeam('erik', TEAM)).toBe(false);
  await walk.cardSays(asked, 'Ended: given back early; gone from MuleSoft');
  expect((await walk.audit(asked.id)).find((e) => e.type === 'grantEnded')?.actor.name).toBe('Erik Lind');

  // and /access mine says the same
  await walk.request('POST', '/slack/sim/command', { as: 'erik', command: '/access', text: 'mine' });
  const mine = await walk.receives('erik', 'what he has', (m) => m.ephemeral && m.text === 'Your access');
  expect(wordsOf(mine)).toContain('Ended: given back early; gone from MuleSoft after');
});

test('a request while the access is live offers to extend it, which takes it over: the first end cuts nothing', async () => {
  // given ten seconds of access
  const short = await walk.isGiven(
    'sam',
    { entitlement: read, seconds: 10, reason: 'Ten seconds at first' },
    'sofia',
  );

  // when it is asked for again
  const offer = await walk.ask('sam', { entitlement: read, seconds: 3_600, reason: 'An hour more' });

  // then the form offers to extend
  expect(offer.sent).toBe(false);
  const form = 'view' in offer ? offer.view : null;
  expect(form?.callback_id).toBe('extend');
  expect(wordsOf({ blocks: form?.blocks })).toMatch(/You hold \*Orders API.*\* until <!date\^/);

  // when that is sent and approved
  const sent = await walk.submit('sam', form as NonNullable<typeof form>, {
    duration: { [`duration:${read}`]: '3600' },
  });
  expect(sent.sent).toBe(true);
  const { id, cause } = await walk.until('it is stored', () => walk.changeBecause('An hour more'));
  expect(cause).toBe('extension');
  const card = await walk.card('sofia', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
  expect(wordsOf(card)).toMatch(/asks for .*1 hour longer/);
  const longer = { id, card };
  await walk.click('sofia', card, 'approve');
  await walk.becomes(id, 'inEffect');

  // then the hour begins where the ten seconds end
  const [a, b] = [await walk.change(short.id), await walk.change(id)];
  expect(new Date(b.grant?.endsAt ?? 0).getTime() - new Date(a.grant?.endsAt ?? 0).getTime()).toBe(3_600_000);

  // and when those are over, the access stays and everybody is told why
  await walk.request('DELETE', '/control/requests');
  await walk.becomes(short.id, 'ended');
  await walk.cardSays(short, /Extended until <!date\^.*\n?.*The message about the extension has it/s);
  await walk.until(
    'the ten seconds are over',
    async () => Date.now() > new Date(a.grant?.endsAt ?? 0).getTime(),
  );
  await walk.isQuiet();
  expect(await walk.isInGroup('sam', GROUP)).toBe(true);
  expect(await walk.isInTeam('sam', TEAM)).toBe(true);
  expect(await walk.ending(short.id)).toBeNull();
  expect(await walk.requests({ vendor: walk.directory.system, method: 'DELETE' })).toEqual([]);

  // when the extension is given back
  const status = await walk.statusOf('sam', id);
  await walk.click('sam', status, 'release');

  // then nothing keeps it any longer
  await walk.endsAs(id, 'inEffect');
  expect(await walk.isInGroup('sam', GROUP)).toBe(false);
  expect(await walk.isInTeam('sam', TEAM)).toBe(false);
  await walk.cardSays(longer, 'Ended: given back early; gone from MuleSoft');
}, 60_000);

test('"I’m done" on an extended access gives all of it back', async () => {
  // given a day, extended by a day with the button
  const reason = 'Extended with the button';
  const first = await walk.isGiven('tom', { entitlement: read, reason: 'A day at first' }, 'olga');
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('tom', first.id);
    return buttonsOf(now).includes('extend') && now;
  });
  const sent = await walk.clickAndFill('tom', status, 'extend', { reason: { reason } });
  expect(sent.sent).toBe(true);
  const { id } = await walk.until('it is stored', () => walk.changeBecause(reason));
  const card = await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${id}:card`);
  await walk.click('olga', card, 'approve');
  await walk.becomes(id, 'inEffect');

  // then the first has no buttons any more, and says where it goes on
  await walk.until('the first says so', async () => {
    const now = await walk.statusOf('tom', first.id);
    return buttonsOf(now).length === 0 && wordsOf(now).includes('Extended until');
  });

  // when
  const longer = await walk.until('the extension offers it', async () => {
    const now = await walk.statusOf('tom', id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('tom', longer, 'release');

  // then
  await walk.endsAs(id, 'inEffect');
  await walk.cardSays({ id, card }, /Ended: given back early; gone from MuleSoft after/);
  expect(await walk.isInTeam('tom', TEAM)).toBe(false);
  expect(await liveGrants(first.id)).toEqual([]);
  expect(await liveGrants(id)).toEqual([]);
});

test('somebody else’s access can’t be given back by who is neither its holder nor its requester', async () => {
  // given
  const asked = await walk.isGiven('erik', { entitlement: read, reason: 'Nobody takes this from me' });

  // when
  await sendRaw(
    walk,
    clickPayload('ines', asked.card, 'release', JSON.stringify({ change: asked.id, round: 1 })),
  );

  // then
  await walk.receives(
    'ines',
    'that it is not theirs',
    (m) => m.ephemeral && m.text.includes('This is not your access.'),
    'access-requests',
  );
  expect((await walk.change(asked.id)).state).toBe('inEffect');
  expect(await walk.isInTeam('erik', TEAM)).toBe(true);
});

test('a membership that Latchkey did not give is not taken away', async () => {
  // given olga is a platform admin since long before
  expect(await walk.isInGroup('olga', 'anypoint-platform-admin')).toBe(true);

  // when her request is denied
  const asked = await walk.asks('olga', { entitlement: 'platform-admin', reason: 'I have it anyway' });
  await walk.clickAndFill('sam', asked.card, 'deny', { reason: { reason: 'You have it' } });
  await walk.becomes(asked.id, 'denied');
  await walk.isQuiet();

  // then
  expect(await walk.isInGroup('olga', 'anypoint-platform-admin')).toBe(true);
  expect(await walk.isInTeam('olga', 'Platform admins')).toBe(true);
});

test('a membership from before Latchkey outlives a grant that was given on top of it', async () => {
  // given olga, a platform admin since long before, is granted the same for an hour by two others
  const reason = 'For the record';
  const asked = await walk.asks('olga', { entitlement: 'platform-admin', seconds: 3_600, reason });
  await walk.click('sam', asked.card, 'approve');
  await walk.click('sofia', asked.card, 'approve');
  await walk.becomes(asked.id, 'inEffect');

  // when
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('olga', asked.id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('olga', status, 'release');

  // then the grant ends and the access stays, and that is said
  await walk.becomes(asked.id, 'ended');
  await walk.cardSays(asked, /The access itself stays: it was there before Latchkey/);
  await walk.isQuiet();
  expect(await walk.isInGroup('olga', 'anypoint-platform-admin')).toBe(true);
  expect(await walk.isInTeam('olga', 'Platform admins')).toBe(true);
});
