import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { watchMappings } from '../../src/flow/delivery/watch-mappings.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, wordsOf } from './journey.ts';

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';
/** The second look at a mapping follows the first. */
const AT_ONCE = { secondLookMs: 50 };

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    objectiveMs: 2_000,
    listenEveryMs: 200,
    catalogue: (catalogue) => ({
      ...catalogue,
      entitlements: catalogue.entitlements.map((e) => (e.key === read ? { ...e, delivery: 'claim' } : e)),
    }),
  }));
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, [{ group: GROUP }]);
  await walk.isQuiet();
  // Nothing that comes by SCIM counts here.
  await walk.request('POST', '/okta/sim/push', { drop: 'all' });
  await stage.latchkey.context.catalogue.check();
});
afterEach(async () => {
  await walk.request('POST', '/anypoint/sim/claims', { keepsClaimed: false });
});
afterAll(() => stage?.close());

const signsIn = (key: string) =>
  walk.request('POST', `/anypoint/sim/users/${key}/sign-in`, { groups: 'idp' });

async function isApproved(as: string, reason: string): Promise<Asked> {
  const asked = await walk.asks(as, { entitlement: read, reason });
  await walk.click('olga', asked.card, 'approve');
  return asked;
}

/** Gives it back, from the message that offers it. */
async function isGivenBack(as: string, asked: Asked): Promise<void> {
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf(as, asked.id);
    return wordsOf(now).includes('I’m done') && now;
  });
  await walk.click(as, status, 'release');
}

async function objectiveHasPassed(asked: Asked): Promise<void> {
  await walk.until('the objective has long passed', async () => {
    const { decision } = await walk.change(asked.id);
    return Date.now() - new Date(decision?.at ?? 0).getTime() > 4_000;
  });
}

test('what a group claim gives waits for the next sign-in without an alarm, and is done only when Anypoint shows it', async () => {
  // given ines has an Anypoint user, and is signed in since before

  // when
  const asked = await isApproved('ines', 'By the claim of the next sign-in');

  // then it is said what is waited for, to her and on the card
  await walk.becomes(asked.id, 'awaitingSignIn');
  expect(await walk.isInGroup('ines', GROUP)).toBe(true);
  const login = `<${stage.world.url}/anypoint/login>`;
  const told = await walk.receives('ines', 'what to do', (m) =>
    m.text.includes('is approved for you, from your next sign-in in Anypoint'),
  );
  expect(told.text).toContain(`sign in at ${login}`);
  await walk.cardSays(asked, 'from their next sign-in in Anypoint');
  expect(wordsOf(await walk.statusOf('ines', asked.id))).toContain('from your next sign-in in Anypoint');

  // and however long that takes it is no alarm, also not when Latchkey is started anew
  await objectiveHasPassed(asked);
  await stage.restart();
  await stage.latchkey.context.catalogue.check();
  expect((await walk.change(asked.id)).state).toBe('awaitingSignIn');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'changeLate')).toEqual([]);

  // when
  await signsIn('ines');

  // then
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  await walk.cardSays(asked, 'In effect in MuleSoft since the sign-in');
  // Latchkey wrote nothing into Anypoint.
  expect(change.legs.deliveredAt).toBeNull();
  expect((await walk.audit(asked.id)).map((e) => e.type)).not.toContain('delivered');
}, 60_000);

test('hashicorp/vault#8606, metabase/metabase#26079, coder/coder#6176: a revoke does not wait for a sign-in: the group goes, and at once the team, and it is gone only when Anypoint shows it', async () => {
  // given
  const asked = await isApproved('erik', 'Revoked at once');
  await walk.becomes(asked.id, 'awaitingSignIn');
  await signsIn('erik');
  await walk.becomes(asked.id, 'inEffect');

  // when
  await isGivenBack('erik', asked);

  // then
  const revoke = await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInGroup('erik', GROUP)).toBe(false);
  expect(await walk.isInTeam('erik', TEAM)).toBe(false);
  expect(revoke.legs.deliveredAt).not.toBeNull();
  await walk.cardSays(asked, 'gone from MuleSoft');
  // and the next sign-in brings nothing back
  await signsIn('erik');
  expect(await walk.isInTeam('erik', TEAM)).toBe(false);
});

test('a membership that Anypoint keeps against a direct removal is told of, watched, and closed when it is gone', async () => {
  // given
  const asked = await isApproved('sam', 'The claim outlives the removal');
  await walk.becomes(asked.id, 'awaitingSignIn');
  await signsIn('sam');
  await walk.becomes(asked.id, 'inEffect');
  await walk.request('POST', '/anypoint/sim/claims', { keepsClaimed: true });

  // when
  await isGivenBack('sam', asked);

  // then
  const late = await walk.endsAs(asked.id, 'late');
  expect(late.late?.why).toMatch(/comes from a group claim at sign-in, so a direct removal does not stick/);
  await walk.receives('olga', 'the alarm', (m) =>
    /stuck at the group claim of the sign-in to Anypoint.*their next sign-in at the latest/s.test(m.text),
  );
  expect(await walk.isInGroup('sam', GROUP)).toBe(false);
  expect(await walk.isInTeam('sam', TEAM)).toBe(true);

  // when
  await signsIn('sam');

  // then
  await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInTeam('sam', TEAM)).toBe(false);
}, 40_000);

test('who has signed in since and has nothing is an alarm that says what is missing', async () => {
  // given
  const asked = await isApproved('tom', 'The mapping was taken out');
  await walk.becomes(asked.id, 'awaitingSignIn');
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, []);
  await walk.until('more than the clocks may differ has passed', async () => {
    const { legs } = await walk.change(asked.id);
    return Date.now() - new Date(legs.idpWrittenAt ?? 0).getTime() > 5_500;
  });

  // when
  await signsIn('tom');

  // then
  const late = await walk.becomes(asked.id, 'late', 30_000);
  expect(late.late?.why).toMatch(
    /although they have signed in since: nothing in Anypoint maps anypoint-orders-read/,
  );
  await walk.receives('olga', 'the alarm', (m) => m.text.includes('External IdP Groups'));

  // when it is mended, and he signs in again
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, [{ group: GROUP }]);
  await signsIn('tom');

  // then
  await walk.becomes(asked.id, 'inEffect', 30_000);
}, 60_000);

test('who is deleted in the IdP is out of the team at once, though their group claim never changes', async () => {
  // given
  const asked = await isApproved('nadia', 'Deleted soon');
  await walk.becomes(asked.id, 'awaitingSignIn');
  await signsIn('nadia');
  await walk.becomes(asked.id, 'inEffect', 30_000);

  // when
  await walk.request('DELETE', '/okta/sim/users/nadia');

  // then
  await walk.until('they are out of the team', async () => !(await walk.isInTeam('nadia', TEAM)));
  await walk.endsAs(asked.id, 'inEffect', 30_000);
}, 60_000);

test('gitlabform/gitlabform#1328: a mapping that a tool takes out and puts back at each run is nothing that anybody is told of', async () => {
  const looks = async () =>
    (await walk.requests({ vendor: 'anypoint', method: 'GET' })).filter(
      ({ path, status }) => path.includes('/groupmappings') && status === 200,
    ).length;
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, []);
  const before = await looks();
  const looked = watchMappings(stage.latchkey.context, { secondLookMs: 600 });
  await walk.until('it is seen to be gone', async () => (await looks()) > before);
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, [{ group: GROUP }]);
  await looked;
  expect(await looks()).toBeGreaterThan(before + 1);
  expect(await walk.query('select 1 from delivery_troubles')).toEqual([]);
  expect(stage.latchkey.context.catalogue.status(read).status).toBe('ready');
});

test('a mapping that is lost while somebody waits for their sign-in is told of: to them, to the owner, to the admins; and that it is mended', async () => {
  // given
  const asked = await isApproved('erik', 'The mapping is lost before he signs in');
  await walk.becomes(asked.id, 'awaitingSignIn');

  // when
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, []);
  await watchMappings(stage.latchkey.context, AT_ONCE);

  // then who waits does not sign in for nothing
  await walk.receives('erik', 'that it is not hers to mend', (m) =>
    m.text.includes('no sign-in to Anypoint would give it now'),
  );
  await walk.cardSays(asked, 'but no sign-in to Anypoint would give it now');
  // and whoever can mend it knows what to do, once however often it is looked at
  for (const who of ['olga', 'sam'])
    await walk.receives(who, 'what is lost', (m) =>
      /no longer gives Orders API[\s\S]*nothing in Anypoint maps anypoint-orders-read[\s\S]*waits? for a sign-in/.test(
        m.text,
      ),
    );
  await watchMappings(stage.latchkey.context, AT_ONCE);
  expect(await walk.query(`select 1 from audit where type = 'deliveryTroubled'`)).toHaveLength(1);
  // and it is not offered meanwhile, and the comparison does not call it well
  expect(stage.latchkey.context.catalogue.status(read).status).toBe('refused');
  expect(await reconcile(stage.latchkey.context)).toMatchObject({
    allAgree: false,
    apart: expect.arrayContaining([TEAM]),
  });

  // when
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, [{ group: GROUP }]);
  await watchMappings(stage.latchkey.context, AT_ONCE);

  // then
  await walk.receives(
    'olga',
    'that it is mended',
    (m) => m.text.includes('gives Orders API') && m.text.includes('again'),
  );
  await walk.receives('erik', 'to sign in', (m) => m.text.includes('from your next sign-in'));
  await signsIn('erik');
  await walk.becomes(asked.id, 'inEffect', 30_000);
  await walk.until('it is offered again', async () => {
    await stage.latchkey.context.catalogue.check();
    return stage.latchkey.context.catalogue.status(read).status === 'ready';
  });
}, 60_000);

test('hashicorp/vault#4351, #11487: what a sign-in took from somebody who should have it is seen by the comparison, and told of at its second look', async () => {
  // given ines has had it since the first of these
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  await walk.owesNothing();

  // when the identity provider no longer sends the group
  await walk.request('POST', '/anypoint/sim/users/ines/sign-in', { groups: [] });
  const first = await reconcile(stage.latchkey.context);

  // then
  expect(first?.teams).toMatchObject({ missingElsewhere: 1 });
  expect(
    await walk.query(`select 1 from delivery_troubles where kind = 'missing' and told_at is not null`),
  ).toEqual([]);

  // when
  await reconcile(stage.latchkey.context);

  // then
  await walk.receives('olga', 'who is missed', (m) =>
    /1 person had the team Orders API readers by the group claim[\s\S]*Ines Moreau[\s\S]*What to do:/.test(
      m.text,
    ),
  );

  // when
  await signsIn('ines');
  await reconcile(stage.latchkey.context);

  // then
  await walk.receives('olga', 'that they are there', (m) =>
    m.text.includes('Everybody who should be in the team'),
  );
}, 60_000);
