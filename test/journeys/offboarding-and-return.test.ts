import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordObservations } from '../../src/flow/drift/record-observations.ts';
import { renewBirthrights } from '../../src/flow/joiner-mover/birthright.ts';
import { advanceOffboarding } from '../../src/flow/offboarding/step.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Journey, onOktaAlone, setOut, slackIdOf } from './journey.ts';
import { type LeaverWalk, mira, walkWithLeavers } from './offboarding-walk.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

const READERS = 'Orders API readers';
const PATIENCE_MS = 90_000;

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, mira] }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

async function isOffboardedByHand(key: string, by: string): Promise<void> {
  const form = await walk.openForm(
    by,
    `offboard <@${key === mira.key ? mira.slackId : slackIdOf(key)}|${key}>`,
  );
  await walk.submit(by, form, { reason: { reason: 'Their last day was yesterday' } });
}

const changesOf = (key: string) =>
  walk.query<{ id: string; cause: string }>(
    `select c.id, c.doc->>'cause' as cause from changes c join people p on p.id = c.person_id
     where p.email = $1 and c.kind = 'grant' order by c.requested_at`,
    [`${key}@acme.example`],
  );

test(
  'a record under an id that the IdP does not use is nobody who has left: whoever goes by the login keeps all',
  async () => {
    // given Erik, and a record of him under the number that another SCIM client sends
    await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'Erik reads' });
    const [record] = await walk.query<{ id: string }>(
      `with twin as (insert into people (id, email, login, name, status)
         select gen_random_uuid(), email, login, name, 'active' from people where email = 'erik@acme.example' returning id)
       insert into person_links (system, external_id, person_id, is_unconfirmed)
         select '${walk.directory.system}', 'employee-4711', id, true from twin returning person_id as id`,
    );

    // when that client tells of him, in the group and by himself
    const { context } = stage.latchkey;
    const person = { id: 'employee-4711' };
    const rest = { eventSource: 'scim', actor: null, occurredAt: new Date() } as const;
    await recordObservations(context, [
      { ...rest, key: 'twin:1', payload: { kind: 'person', person, happening: 'changed' } },
      {
        ...rest,
        key: 'twin:2',
        payload: {
          kind: 'membership',
          person,
          group: { name: 'anypoint-orders-read' },
          direction: 'removed',
        },
      },
    ]);
    await walk.until('he is looked at', async () => {
      const rows = await walk.query('select 1 from person_snapshots where person_id = $1', [record?.id]);
      return rows.length > 0;
    });
    await walk.isQuiet();

    // then
    expect(await walk.query('select 1 from offboardings')).toEqual([]);
    expect(await walk.isInTeam('erik', READERS)).toBe(true);
    // and what is told under that id from now on is about him
    const [link] = await walk.query<{ email: string; id: string }>(
      `select p.email, p.id from person_links l join people p on p.id = l.person_id where external_id = 'employee-4711'`,
    );
    expect(link?.email).toBe('erik@acme.example');
    expect(link?.id).not.toBe(record?.id);
  },
  PATIENCE_MS,
);

test(
  'whose account is made anew keeps what the new one was given, while the case of the old one is still open',
  async () => {
    // given Ines, who has left for good, and whose application nobody has decided on
    await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Ines reads' });
    await walk.request('POST', '/anypoint/sim/applications', {
      name: 'ines-tool',
      owners: ['ines'],
      apis: ['orders-api'],
    });
    await walk.directory.deletes('ines');
    const open = await leavers.caseIs('ines', 'appsOpen');
    expect(await leavers.teamsOf('ines')).toEqual([]);

    // when she is hired again, under a new id and the old login, and given access
    await walk.directory.hires({
      firstName: 'Ines',
      lastName: 'Anew',
      login: 'ines@acme.example',
    });
    await walk.directory.arrives('ines');
    await walk.isQuiet();
    // asked for as the same account in Slack, by which the old one was known
    await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Ines reads again' });
    expect(await walk.isInTeam('ines', READERS)).toBe(true);

    // then the old case, looked at again, takes nothing of hers
    await advanceOffboarding(stage.latchkey.context, { job: 'advanceOffboarding', offboardingId: open.id });
    await walk.isQuiet();
    expect(await walk.isInTeam('ines', READERS)).toBe(true);
  },
  PATIENCE_MS,
);

test(
  'whom an admin offboarded gets nothing by rule afterwards, though the directory has them active still',
  async () => {
    // given somebody with what their department has
    await walk.directory.arrives('mira');
    const given = await walk.until('it is given', async () => (await changesOf('mira'))[0]);
    expect(given.cause).toBe('birthright');
    await walk.becomes(given.id, 'inEffect');

    // when
    await isOffboardedByHand('mira', 'sofia');
    await leavers.caseIs('mira', 'closed');
    await walk.directory.changes('mira', { department: 'Sales' });
    await walk.directory.changes('mira', { department: 'Support' });
    await walk.isQuiet();
    await renewBirthrights(stage.latchkey.context);
    await walk.isQuiet();

    // then
    expect(await changesOf('mira')).toHaveLength(1);
    expect(await leavers.teamsOf('mira')).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  'an admin who is being offboarded decides on no case, and an old card restores nothing to a leaver',
  async () => {
    // given Tom, who left and came back, with something to restore
    await walk.isGiven('tom', { entitlement: 'orders-api-read', seconds: 3_600, reason: 'Tom reads' });
    await leavers.status('tom', 'DEPROVISIONED');
    await leavers.caseIs('tom', 'appsOpen');
    await leavers.status('tom', 'ACTIVE');
    const back = await leavers.caseIs('tom', 'returned');
    const card = await leavers.cardSays(back.id, `is back in ${walk.directory.name}`);
    // and who is offboarded again, by hand
    await isOffboardedByHand('tom', 'sofia');
    await leavers.caseIs('tom', 'appsOpen');

    // when an admin presses the old card's button
    const value = JSON.stringify({ offboarding: back.id });
    await sendRaw(walk, clickPayload('sofia', card, 'offboarding_restore', value));
    await leavers.isTold('sofia', 'is being offboarded again');

    // and when an admin who is being offboarded himself does, whom the directory has active still
    await walk.request('POST', '/anypoint/sim/applications', {
      name: 'sam-tool',
      owners: ['sam'],
      apis: ['orders-api'],
    });
    await isOffboardedByHand('sam', 'sofia');
    await leavers.caseIs('sam', 'appsOpen');
    await sendRaw(walk, clickPayload('sam', card, 'offboarding_restore', value));
    await leavers.isTold('sam', 'You are being offboarded');

    // then
    await walk.isQuiet();
    // Whom Entra restores is in their groups again until the next case takes them out: that may be found.
    const causes = (await changesOf('tom')).map((c) => c.cause);
    expect(causes.filter((cause) => walk.directory.system === 'okta' || cause !== 'finding')).toEqual([
      'request',
    ]);
    expect(await leavers.teamsOf('tom')).toEqual([]);
  },
  PATIENCE_MS,
);

// Whom Entra has deleted is in no group from that moment on.
onOktaAlone(
  'a leaver is not taken for gone from the groups while it is not known yet which groups give access',
  async () => {
    // given Nadia, put into a group by hand, and a Latchkey that can't find groups there after its restart
    await walk.directory.adds('anypoint-orders-read', 'nadia');
    await walk.until('it is asked about', async () => {
      const rows = await walk.query(
        `select 1 from changes c join people p on p.id = c.person_id
         where p.email = 'nadia@acme.example' and c.state = 'asking'`,
      );
      return rows.length > 0;
    });
    await stage.restart(() => walk.fault({ ...walk.directory.calls.groups, kind: 'status', status: 503 }));

    // when she leaves
    await leavers.status('nadia', 'DEPROVISIONED');
    const begun = await walk.until('her requests are closed', async () => {
      const found = await leavers.caseOf('nadia');
      return found?.legs.requests != null && found;
    });
    await advanceOffboarding(stage.latchkey.context, { job: 'advanceOffboarding', offboardingId: begun.id });
    expect(await leavers.caseOf('nadia')).toMatchObject({ state: 'underway', legs: { groups: null } });

    // then she is out of the group, and only then gone, once it answers again
    await walk.heal();
    const closed = await leavers.caseIs('nadia', 'closed');
    expect(closed.revokes).toHaveLength(1);
    expect(await walk.isInGroup('nadia', 'anypoint-orders-read')).toBe(false);
  },
  PATIENCE_MS,
);
