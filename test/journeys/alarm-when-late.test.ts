import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, onOktaAlone, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ objectiveMs: 2_000 }));
  await walk.isQuiet();
});
afterEach(async () => {
  await walk.heal();
  await walk.request('POST', '/anypoint/sim/lag', { ms: 0 });
  await walk.directory.speaks();
});
afterAll(() => stage?.close());

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';

/** The owner's alarm about this change, and its copy under the card. */
async function alarm(asked: Asked, words: string | RegExp, owner = 'olga'): Promise<void> {
  for (const [where, key] of [
    ['dm', 'alarm'],
    ['access-requests', 'card:alarm'],
  ] as const)
    await walk.until(`${owner} reads in ${where}: ${words}`, async () =>
      (await walk.messages(owner, where)).find(
        (m) =>
          m.metadata?.event_payload?.marker?.startsWith(`${asked.id}:${key}`) &&
          (typeof words === 'string' ? m.text.includes(words) : words.test(m.text)),
      ),
    );
}

async function isApproved(as: string, reason: string, by = 'olga', entitlement = read): Promise<Asked> {
  const asked = await walk.asks(as, { entitlement, reason });
  await walk.click(by, asked.card, 'approve');
  return asked;
}

/** The audit's last words on what was late, and whether it arrived: a slow machine may be late before that too. */
async function lateness(asked: Asked): Promise<unknown[]> {
  const audit = await walk.audit(asked.id);
  return audit.flatMap((e) =>
    e.type === 'changeLate' ? [e.data.leg] : e.type === 'changeSeen' ? ['seen'] : [],
  );
}

test('Anypoint lags behind: the owner is alarmed with the leg, and told when it has arrived', async () => {
  // given
  await walk.request('POST', '/anypoint/sim/lag', { ms: 4_000 });

  // when
  const asked = await isApproved('ines', 'Anypoint lags');

  // then
  await walk.becomes(asked.id, 'late');
  await alarm(asked, 'stuck at the delivery into Anypoint');
  await walk.cardSays(asked, 'but not in MuleSoft yet');
  await walk.cardSays(asked, 'Stuck at the delivery into Anypoint');
  await walk.receives('ines', 'that it is late', (m) => wordsOf(m).includes('not in MuleSoft yet'));

  // and when it is seen, the alarm is cleared where it stood
  await walk.becomes(asked.id, 'inEffect');
  await alarm(asked, 'Alarm cleared');
  await walk.cardSays(asked, /In effect in MuleSoft after [\d.]+ s[\s\S]*The alarm is cleared/);
  expect((await lateness(asked)).slice(-2)).toEqual(['delivery', 'seen']);
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
});

test('the directory’s push stands still: the alarm names the SCIM push and what to do about it', async () => {
  // given
  const { name } = walk.directory;
  await walk.directory.pausePush(true);

  // when
  const asked = await isApproved('erik', 'Nothing is pushed');

  // then
  await walk.becomes(asked.id, 'late');
  await alarm(
    asked,
    new RegExp(`stuck at ${name}’s SCIM push[\\s\\S]* in ${name}, open the .*anypoint-orders-read`),
  );
  await walk.cardSays(asked, `Stuck at ${name}’s SCIM push`);
  expect(await walk.isInGroup('erik', GROUP)).toBe(true);
  expect(await walk.isInTeam('erik', TEAM)).toBe(false);

  // when it pushes again
  await walk.directory.pausePush(false);

  // then
  await walk.becomes(asked.id, 'inEffect');
  await alarm(asked, 'Alarm cleared');
  expect((await lateness(asked)).slice(-2)).toEqual(['scimPush', 'seen']);
  expect(await walk.isInTeam('erik', TEAM)).toBe(true);
});

test('the directory takes no writes: the alarm names the write to it', async () => {
  // given
  const asked = await walk.asks('sam', { entitlement: read, reason: 'The directory is down' });
  await walk.fault({ ...walk.directory.calls.write, kind: 'status', status: 500 });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'late');
  const { name } = walk.directory;
  await alarm(asked, new RegExp(`stuck at the write to ${name}[\\s\\S]* look at ${name}’s status`));
  await walk.cardSays(asked, `Stuck at the write to ${name}`);
  expect(await walk.isInGroup('sam', GROUP)).toBe(false);

  // when
  await walk.heal();

  // then
  await walk.becomes(asked.id, 'inEffect');
  await alarm(asked, 'Alarm cleared');
  expect(await lateness(asked)).toEqual(expect.arrayContaining(['idpWrite', 'seen']));
});

test('Anypoint loses the write: alarmed, delivered again and healed', async () => {
  // given it answers success and does nothing
  await walk.fault({ vendor: 'anypoint', method: 'PUT', path: '/members/', kind: 'dropWrite' });

  // when
  const asked = await isApproved('tom', 'Anypoint forgets');

  // then
  await walk.becomes(asked.id, 'late');
  await alarm(asked, 'stuck at the delivery into Anypoint');
  expect((await walk.audit(asked.id)).some((e) => e.type === 'delivered')).toBe(true);
  expect(await walk.isInTeam('tom', TEAM)).toBe(false);

  // when
  await walk.heal();

  // then
  await walk.becomes(asked.id, 'inEffect', 25_000);
  await alarm(asked, 'Alarm cleared');
  expect(await walk.isInTeam('tom', TEAM)).toBe(true);
}, 60_000);

onOktaAlone(
  'Okta forgets to push a removal: the owner is alarmed that the access is still there',
  async () => {
    // given
    const asked = await walk.isGiven('sofia', { entitlement: read, reason: 'The removal is lost' });
    const status = await walk.until('the message offers it', async () => {
      const now = await walk.statusOf('sofia', asked.id);
      return wordsOf(now).includes('I’m done') && now;
    });
    await walk.directory.forgetsRemovals();

    // when
    await walk.click('sofia', status, 'release');

    // then
    await walk.endsAs(asked.id, 'late');
    await alarm(
      asked,
      /the end of .* was not seen in MuleSoft within 2 seconds\. It is stuck at Okta’s SCIM push/,
    );
    await walk.cardSays(asked, 'but the access is still in MuleSoft');
    expect(await walk.isInGroup('sofia', GROUP)).toBe(false);
    expect(await walk.isInTeam('sofia', TEAM)).toBe(true);

    // when the owner pushes the group by hand, as the alarm says
    await walk.directory.speaks();
    await walk.directory.pushesAll(GROUP);

    // then
    await walk.endsAs(asked.id, 'inEffect');
    await alarm(asked, 'Alarm cleared');
    expect(await walk.isInTeam('sofia', TEAM)).toBe(false);
    await walk.cardSays(asked, 'gone from MuleSoft');
  },
);

test('who has never signed in to Anypoint is told to, without an alarm, and has the access then', async () => {
  // given nadia has no Anypoint user

  // when
  const asked = await isApproved('nadia', 'Never signed in');

  // then
  await walk.becomes(asked.id, 'awaitingSignIn');
  const login = `<${stage.world.url}/anypoint/login>`;
  const status = await walk.receives('nadia', 'where it stands', (m) =>
    wordsOf(m).includes(`Sign in once at ${login}`),
  );
  expect(wordsOf(status)).toContain('waiting for first sign-in');
  // A message of its own: an edited one is not announced by any phone.
  const told = await walk.receives('nadia', 'what to do', (m) =>
    m.text.includes('waits for your first sign-in'),
  );
  expect(told.text).toContain(`sign in once at ${login}`);
  expect(told.ts).not.toBe(status.ts);
  expect((await fetch(`${stage.world.url}/anypoint/login`)).status).toBe(200);
  expect(await walk.isInGroup('nadia', GROUP)).toBe(true);

  // and when the objective has long passed, that is no alarm
  await walk.until('the objective has passed', async () => {
    const { decision } = await walk.change(asked.id);
    return Date.now() - new Date(decision?.at ?? 0).getTime() > 4_000;
  });
  expect((await walk.change(asked.id)).state).toBe('awaitingSignIn');
  expect(await lateness(asked)).toEqual([]);

  // when
  await walk.request('POST', '/anypoint/sim/users/nadia/sign-in', {});

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('nadia', TEAM)).toBe(true);
  expect(await lateness(asked)).toEqual(['seen']);
  await walk.receives('nadia', 'that it is there', (m) => m.text.includes('is in effect in MuleSoft'));
});
