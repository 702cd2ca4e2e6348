import { afterAll, beforeAll, expect, test } from 'vitest';
import { advanceOffboarding } from '../../src/flow/offboarding/step.ts';
import { clientApplications, type Person, people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, onOktaAlone, setOut, slackIdOf, textsIn, wordsOf } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

const READERS = 'Orders API readers';
const PATIENCE_MS = 90_000;

/** A name that would be a mention and a link if Slack interpreted it. */
const mallory: Person = {
  ...crowdPerson(0),
  key: 'mallory',
  name: '<!channel> *Mallory* <https://evil.example|click>',
  email: 'mallory@acme.example',
};

const deleted = crowdPerson(1);

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, mallory, deleted] }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const hour = 3_600;
const secretOf = (name: string) => clientApplications.find((application) => application.name === name);

/** Whether the gateway in front of the API lets an application's credentials in. */
async function opens(name: string, api: string): Promise<boolean> {
  const { clientId, clientSecret } = secretOf(name) as NonNullable<ReturnType<typeof secretOf>>;
  const answer = await fetch(`${stage.world.url}/anypoint/gateway/${api}`, {
    headers: { client_id: clientId, client_secret: clientSecret },
  });
  return answer.status === 200;
}

test(
  'a leaver loses everything, through a restart in the middle, and the case stays open until every application is settled',
  async () => {
    // given Tom with two grants, a membership by hand that is being asked about, a team that he maintains by hand,
    const read = await walk.isGiven('tom', {
      entitlement: 'orders-api-read',
      seconds: hour,
      reason: 'Tom reads',
    });
    const payments = await walk.isGiven(
      'tom',
      { entitlement: 'payments-api-read', seconds: hour, reason: 'Tom reads payments' },
      'sam',
    );
    await walk.directory.adds('anypoint-orders-deploy', 'tom');
    const finding = await walk.until('the membership by hand is asked about', async () => {
      const rows = await walk.query<{ id: string }>(
        `select c.id from changes c where c.doc->>'cause' = 'finding' and c.state = 'asking'`,
      );
      return rows[0];
    });
    await walk.request('POST', '/anypoint/sim/teams/Platform%20admins/members/tom', {
      membershipType: 'maintainer',
    });
    // a pending request by him for somebody else, and one that waits for him
    const forErik = await walk.asks('tom', {
      entitlement: 'payments-api-read',
      reason: 'Erik needs it too',
      for: slackIdOf('erik'),
    });
    const duty = await walk.asks('ines', { entitlement: 'orders-api-deploy', reason: 'Ines has to deploy' });
    await walk.cardSays(duty, slackIdOf('tom'));
    expect(await leavers.teamsOf('tom')).toHaveLength(4);

    // when the directory deactivates him, and Latchkey is restarted before it has come far
    await leavers.status('tom', 'DEPROVISIONED');
    await walk.until('the case is there', () => leavers.caseOf('tom'));
    await stage.restart();

    // then his access is gone, whatever gave it
    await walk.until('no team has him', async () => (await leavers.teamsOf('tom')).length === 0, 30_000);
    const open = await leavers.caseIs('tom', 'appsOpen');
    for (const group of ['anypoint-orders-read', 'anypoint-payments-read', 'anypoint-orders-deploy'])
      expect(await walk.isInGroup('tom', group), group).toBe(false);
    for (const asked of [read, payments]) {
      await walk.endsAs(asked.id, 'inEffect');
      await walk.cardSays(asked, /Ended: the person has left; gone from MuleSoft after [\d.]+ s/);
    }
    // his own request and what was found about him are closed, and everybody concerned is told
    expect((await walk.change(forErik.id)).state).toBe('closed');
    expect((await walk.change(finding.id)).state).toBe('closed');
    await walk.cardSays(forErik, 'Tom Okafor, who asked, has left');
    // what waited for him waits for others, and the old card decides nothing
    const rerouted = await walk.change(duty.id);
    expect(rerouted).toMatchObject({ state: 'asking', round: 2, plan: { stages: [{ escalated: true }] } });
    expect(JSON.stringify(rerouted.plan)).not.toContain('Tom Okafor');
    await sendRaw(
      walk,
      clickPayload('olga', duty.card, 'approve', JSON.stringify({ change: duty.id, round: 1 })),
    );
    await leavers.isTold('olga', 'This card is out of date');
    expect((await walk.change(duty.id)).approvals).toEqual([]);

    // and the card says all of it; with an account that Entra deletes goes at once what was there by hand
    const left =
      walk.directory.system === 'okta'
        ? { groups: 'three', teams: 'four', memberships: 3 }
        : { groups: 'two', teams: '(?:three|four)', memberships: 2 };
    const card = await leavers.cardSays(open.id, 'two applications are left');
    const words = wordsOf(card);
    expect(words).toContain(`Deactivated in ${walk.directory.name}`);
    expect(words).toContain('Two pending requests closed');
    expect(words).toContain('One decision put to others');
    expect(words).toMatch(
      new RegExp(`Two grants ended; out of ${left.groups} groups in ${walk.directory.name} after [\\d.]+ s`),
    );
    expect(words).toMatch(new RegExp(`Gone from ${left.teams} teams in Anypoint .* after [\\d.]+ s`));
    expect(words).toContain('Maintainer of Platform admins no longer');
    expect(words).not.toContain('still active');

    // told again, or run again, nothing happens twice
    const before = await leavers.entries(open.id);
    await advanceOffboarding(stage.latchkey.context, { job: 'advanceOffboarding', offboardingId: open.id });
    await walk.isQuiet();
    expect((await leavers.entries(open.id)).map((e) => e.type)).toEqual(before.map((e) => e.type));
    expect(await walk.query('select 1 from offboardings')).toHaveLength(1);

    // when somebody who may not decides about an application
    const forOlga = await leavers.askedAbout('olga', open.id, 'orders-dashboard');
    expect(wordsOf(forOlga)).not.toContain('payments-reconciler');
    const value = JSON.stringify({ offboarding: open.id, key: open.items[0]?.key });
    await sendRaw(
      walk,
      clickPayload('erik', { ...forOlga, channel: 'C00000001' }, 'offboarding_revoke', value),
    );
    await leavers.isTold('erik', 'not among those who may decide');
    // or who may hands it to somebody without an Anypoint user
    await walk.clickAndFill('olga', forOlga, 'offboarding_hand_over', { to: { to: slackIdOf('nadia') } });
    await leavers.isTold('olga', 'has no Anypoint user', 'dm');
    expect((await leavers.application('orders-dashboard'))?.owners).toEqual(['tom']);
    expect(await opens('orders-dashboard', 'orders-api')).toBe(true);

    // when it is handed to somebody who can own it
    await walk.clickAndFill('olga', forOlga, 'offboarding_hand_over', { to: { to: slackIdOf('erik') } });

    // then Anypoint shows that, and it goes on working
    await walk.until('it is his', async () =>
      (await leavers.application('orders-dashboard'))?.owners.includes('erik'),
    );
    await leavers.askedAbout('olga', open.id, 'Handed over to Erik Lind by Olga Brandt');
    expect((await leavers.application('orders-dashboard'))?.owners).toEqual(['erik']);
    expect(await opens('orders-dashboard', 'orders-api')).toBe(true);
    expect((await leavers.caseOf('tom'))?.state).toBe('appsOpen');

    // when the other one is revoked
    await walk.click(
      'sam',
      await leavers.askedAbout('sam', open.id, 'payments-reconciler'),
      'offboarding_revoke',
    );

    // then its credentials open nothing any more, and the case is closed with its report
    const closed = await leavers.caseIs('tom', 'closed');
    expect(await opens('payments-reconciler', 'payments-api')).toBe(false);
    await leavers.cardSays(closed.id, 'Offboarding complete');
    const reports = (await leavers.entries(closed.id)).filter((e) => e.type === 'offboardingReported');
    expect(reports).toHaveLength(1);
    expect(reports[0]?.data.report).toMatchObject({
      cause: 'deprovisioned',
      requests: 2,
      approvals: 1,
      grants: 2,
      memberships: left.memberships,
      applications: [
        { name: 'orders-dashboard', outcome: 'handedOver', by: 'Olga Brandt', to: 'Erik Lind' },
        { name: 'payments-reconciler', outcome: 'revoked', by: 'Sam Whitaker', to: null },
      ],
    });
    await walk.receives(
      'sofia',
      'that it is complete',
      (m) => m.text.includes('is complete') && m.threadTs !== null,
      'access-requests',
    );
  },
  PATIENCE_MS,
);

// Whoever is restored in Entra has their groups again, and each owner is asked about that as about any find.
onOktaAlone(
  'who comes back gets nothing by themselves; each owner restores what is theirs, and an admin the rest',
  async () => {
    // when Tom is reactivated
    await leavers.status('tom', 'ACTIVE');

    // then nothing is given, and the card offers it
    const back = await leavers.caseIs('tom', 'returned');
    const card = await leavers.cardSays(back.id, `is back in ${walk.directory.name}`);
    expect(buttonsOf(card)).toEqual(['offboarding_restore']);
    await walk.isQuiet();
    expect(await leavers.teamsOf('tom')).toEqual([]);

    // when he presses it himself, and then somebody who owns none of it
    for (const [who, words] of [
      ['tom', 'It is about you'],
      ['erik', 'Only an admin or the owner'],
    ] as const) {
      await walk.click(who, card, 'offboarding_restore');
      await leavers.isTold(who, words);
    }

    // when the owner of the Orders API does, and then an admin
    await walk.click('olga', card, 'offboarding_restore');
    await walk.until('he reads again', () => walk.isInTeam('tom', READERS));
    expect(await walk.isInTeam('tom', 'Payments API readers')).toBe(false);
    await walk.until('Olga’s is counted', async () => (await leavers.caseOf('tom'))?.restored.length === 1);
    await walk.click('sam', card, 'offboarding_restore');
    await walk.until('all is back', () => walk.isInTeam('tom', 'Payments API readers'));

    // then each grant has its approver and its old end
    const rows = await walk.query<{ by: string; ends: string; old: string }>(
      `select c.doc->'decision'->>'byName' as by, c.doc->'grant'->>'endsAt' as ends, o.doc->'grant'->>'endsAt' as old
       from changes c join changes o on o.entitlement_key = c.entitlement_key and o.person_id = c.person_id
         and o.doc->>'cause' = 'request' and o.doc->'grant' <> 'null'
       where c.doc->>'cause' = 'restore' order by by`,
    );
    expect(rows.map((r) => r.by)).toEqual(['Olga Brandt', 'Sam Whitaker']);
    for (const { ends, old } of rows) expect(ends).toBe(old);
    const done = await leavers.cardSays(back.id, `is back in ${walk.directory.name}`);
    await walk.until(
      'nothing is left to restore',
      async () =>
        buttonsOf(await leavers.cardSays(done.metadata === null ? '' : back.id, 'is back')).length === 0,
    );
  },
  PATIENCE_MS,
);

onOktaAlone(
  'who lost the app alone loses all access at once, and an admin is asked whether they have left',
  async () => {
    // given
    const asked = await walk.isGiven('erik', {
      entitlement: 'orders-api-read',
      seconds: hour,
      reason: 'Erik reads',
    });

    // when Okta takes the app away
    await walk.directory.assigns('erik', false);

    // then
    const open = await leavers.caseIs('erik', 'asking');
    await walk.until('no team has him', async () => (await leavers.teamsOf('erik')).length === 0);
    await walk.endsAs(asked.id, 'inEffect');
    const card = await leavers.cardSays(open.id, 'left the company?');
    expect(buttonsOf(card)).toEqual(['offboarding_left', 'offboarding_not_left']);
    // his applications are not touched, nor asked about
    expect((await leavers.application('orders-dashboard'))?.owners).toEqual(['erik']);

    // when who is no admin answers
    await walk.click('ines', card, 'offboarding_left');
    await leavers.isTold('ines', 'Only the catalogue’s admins');
    expect((await leavers.caseOf('erik'))?.state).toBe('asking');

    // when an admin does
    await walk.click('sam', card, 'offboarding_not_left');
    await leavers.caseIs('erik', 'closed');
    await leavers.cardSays(open.id, 'Not left, says Sam Whitaker');
    await walk.click('sofia', card, 'offboarding_left').catch(() => {});
    await walk.isQuiet();
    expect((await leavers.caseOf('erik'))?.closing).toBe('dismissed');
    await walk.directory.assigns('erik', true);
  },
  PATIENCE_MS,
);

test(
  'an admin offboards somebody by hand whom the directory still has active; nobody else can',
  async () => {
    // given
    await walk.isGiven('ines', { entitlement: 'orders-api-read', seconds: hour, reason: 'Ines reads' });
    const text = `offboard <@${slackIdOf('ines')}|ines>`;

    // when somebody who is no admin tries
    await walk.request('POST', '/slack/sim/command', { as: 'erik', command: '/access', text });
    await walk
      .receives('erik', 'no', (m) => m.ephemeral && m.text.includes('Only the catalogue’s admins'), 'dm')
      .catch(() => leavers.isTold('erik', 'Only the catalogue’s admins'));
    expect(await leavers.caseOf('ines')).toBeNull();

    // when an admin does
    const form = await walk.openForm('sofia', text);
    expect(wordsOf(form)).toContain('loses all access to MuleSoft at once');
    expect(await walk.submit('sofia', form, { reason: { reason: '' } })).toMatchObject({ sent: false });
    const reason = 'Her last day was *Friday* <!here>';
    expect((await walk.submit('sofia', form, { reason: { reason } })).sent).toBe(true);

    // then
    const closed = await leavers.caseIs('ines', 'closed');
    expect(closed.startedBy?.name).toBe('Sofia Ricci');
    expect(await leavers.teamsOf('ines')).toEqual([]);
    expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(false);
    const card = await leavers.cardSays(closed.id, 'Offboarding complete');
    expect(wordsOf(card)).toContain('Started by Sofia Ricci');
    expect(wordsOf(card)).toContain(
      `The ${walk.directory.name} account is still active: deactivate it there`,
    );
    expect(textsIn(card.blocks)).toContainEqual({ type: 'text', text: reason });
  },
  PATIENCE_MS,
);

test(
  'who is deleted in the directory outright loses everything too, also what was there before Latchkey',
  async () => {
    // given somebody with a grant whose membership of another group is only on record
    await walk.isGiven('crowd101', { entitlement: 'orders-api-read', seconds: hour, reason: 'To read, 101' });
    await walk.query(
      `insert into baseline_members (person_id, group_id, group_name, recorded_at)
       select id, $2, 'anypoint-payments-read', now() from people where email = $1`,
      [deleted.email, await walk.directory.groupId('anypoint-payments-read')],
    );
    await walk.directory.adds('anypoint-payments-read', 'crowd101');
    await walk.until('in both teams', async () => (await leavers.teamsOf('crowd101')).length === 2);

    // when
    await walk.directory.deletes('crowd101');

    // then
    const closed = await leavers.caseIs('crowd101', 'closed');
    expect(await leavers.teamsOf('crowd101')).toEqual([]);
    expect(closed.revokes).toHaveLength(2);
    expect(
      await walk.query(
        `select 1 from baseline_members e join people p on p.id = e.person_id
      where p.email = $1 and e.ended_at is null`,
        [deleted.email],
      ),
    ).toEqual([]);
    await leavers.cardSays(closed.id, 'They own no application');
  },
  PATIENCE_MS,
);

test(
  'names of people and applications are shown as they are; what Anypoint shows as somebody else’s settles by itself',
  async () => {
    // given
    const name = '<!here> free *tokens*';
    await walk.request('POST', '/anypoint/sim/applications', {
      name,
      owners: ['mallory'],
      apis: ['orders-api'],
    });
    await walk.isGiven('mallory', { entitlement: 'orders-api-read', seconds: hour, reason: 'To read' });

    // when
    await leavers.status('mallory', 'DEPROVISIONED');
    const open = await leavers.caseIs('mallory', 'appsOpen');

    // then
    const card = await leavers.cardSays(open.id, 'one application is left');
    const asked = await leavers.askedAbout('olga', open.id, 'here&gt; free');
    for (const { type, text } of [...textsIn(card.blocks), ...textsIn(asked.blocks)])
      if (type === 'mrkdwn') expect(text).not.toMatch(/<!(channel|here)>|<https:/);

    // when somebody gives it to Erik in Anypoint itself
    const { context } = stage.latchkey;
    const [item] = open.items;
    const [mine] = await context.mulesoft.findUsers({ email: mallory.email, login: mallory.email });
    const erik = seeded.find((person) => person.key === 'erik')?.anypointId ?? '';
    await context.mulesoft.transferApplication(
      { kind: 'clientApplication', id: item?.id ?? '' },
      { from: [mine?.id ?? ''], to: erik },
    );
    await advanceOffboarding(context, { job: 'advanceOffboarding', offboardingId: open.id });

    // then
    const closed = await leavers.caseIs('mallory', 'closed');
    expect(closed.items[0]?.settled?.outcome).toBe('elsewhere');
  },
  PATIENCE_MS,
);
