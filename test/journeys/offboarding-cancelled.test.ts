import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChangeId, EntitlementKey, MassChangeId, PersonId } from '../../src/core/ids.ts';
import type { MassAnswer } from '../../src/core/mass-change/mass-change.ts';
import { mayApprove, planOf } from '../../src/core/policy/routing.ts';
import { renewBirthrights } from '../../src/flow/joiner-mover/birthright.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { putOnOneCard } from '../../src/flow/mass-change/collect.ts';
import { people as seeded } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import {
  buttonsOf,
  type CardSeen,
  type Journey,
  onOktaAlone,
  setOut,
  slackIdOf,
  wordsOf,
} from './journey.ts';
import { type LeaverWalk, mira, walkWithLeavers } from './offboarding-walk.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

const READ = 'orders-api-read';
const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers' };
const PATIENCE_MS = 90_000;
const people = [...seeded, mira];

let stage: Stage;
let walk: Journey;
let leavers: LeaverWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    people,
    catalogue: (catalogue) => ({
      ...catalogue,
      massGuard: { ...catalogue.massGuard, memberships: 1 },
      entitlements: catalogue.entitlements.map((e) =>
        e.key === 'dashboards-view' ? { ...e, autoApprove: true } : e,
      ),
    }),
  }));
  leavers = walkWithLeavers(walk);
  await walk.isQuiet();
}, PATIENCE_MS);
afterAll(() => stage?.close());

const mentionOf = (key: string) => `<@${people.find((p) => p.key === key)?.slackId}|${key}>`;

async function isOffboardedByHand(key: string): Promise<void> {
  const form = await walk.openForm('sofia', `offboard ${mentionOf(key)}`);
  const sent = await walk.submit('sofia', form, { reason: { reason: 'Their last day was yesterday' } });
  expect(sent.sent).toBe(true);
}

async function takesBack(as: string, key: string, reason = 'It was somebody else of that name') {
  const form = await walk.openForm(as, `offboard cancel ${mentionOf(key)}`);
  expect(await walk.submit(as, form, { reason: { reason } })).toEqual({ sent: true });
}

const changesOf = (key: string) =>
  walk.query<{ id: string; cause: string; state: string; doc: { reason: string } }>(
    `select c.id, c.doc->>'cause' as cause, c.state, c.doc from changes c join people p on p.id = c.person_id
     where p.email = $1 and c.kind = 'grant' order by c.requested_at`,
    [`${key}@acme.example`],
  );

async function idOf(key: string): Promise<PersonId> {
  const [row] = await walk.query<{ id: PersonId }>('select id from people where email = $1', [
    `${key}@acme.example`,
  ]);
  return row?.id as PersonId;
}

/** Closes whatever form is open to this person. */
async function closesForms(as: string) {
  const view = await walk.topView(as);
  if (view !== null) await walk.request('POST', '/slack/sim/view/close', { as, viewId: view.id, all: true });
}

const inGroup = (key: string, method: 'POST' | 'DELETE' = 'POST') =>
  walk.directory[method === 'POST' ? 'adds' : 'removes'](READERS.group, key);

test(
  'whom an admin offboarded neither decides nor asks nor is given anything, though the directory has them active, until it is taken back',
  async () => {
    // given Olga, who owns and approves, and holds something herself
    await walk.isGiven('olga', { entitlement: READ, seconds: 3_600, reason: 'Olga reads' }, 'sofia');
    const before = await walk.asks('ines', { entitlement: READ, reason: 'Ines asks before' });
    await walk.cardSays(before, slackIdOf('olga'));

    // when she is offboarded by hand, and nothing of hers is left
    await isOffboardedByHand('olga');
    const closed = await leavers.caseIs('olga', 'closed');

    // then she decides on nothing: not on what she was asked, nor is she asked
    await sendRaw(
      walk,
      clickPayload('olga', before.card, 'approve', JSON.stringify({ change: before.id, round: 2 })),
    );
    await leavers.isTold(
      'olga',
      'You were offboarded by Sofia Ricci, so you can’t decide on anything any more.',
    );
    const after = await walk.asks('nadia', { entitlement: READ, reason: 'Nadia asks afterwards' });
    for (const { id } of [before, after]) {
      const { plan, approvals } = await walk.change(id);
      expect(JSON.stringify(plan)).not.toContain('Olga Brandt');
      expect(JSON.stringify(plan)).toContain('Tom Okafor');
      expect(approvals).toEqual([]);
    }

    // and asks for nothing, nor does anybody for her
    const refused = await walk.ask('olga', { entitlement: READ, reason: 'Olga asks' });
    expect(!refused.sent && 'view' in refused && wordsOf(refused.view)).toContain(
      'You were offboarded by Sofia Ricci, so you can’t ask for access any more.',
    );
    await closesForms('olga');
    const forHer = await walk.ask('nadia', { entitlement: READ, reason: 'For her', for: slackIdOf('olga') });
    expect(forHer).toEqual({
      sent: false,
      errors: {
        for: 'Olga Brandt has left: Sofia Ricci offboarded them. If that is a mistake, one of the catalogue’s admins can take it back with /access offboard cancel @user.',
      },
    });

    await closesForms('nadia');

    // and is given nothing by rule, also not what was asked for before anybody looked
    const { context } = stage.latchkey;
    const personId = await idOf('olga');
    const asked = randomUUID() as ChangeId;
    await commit(
      context.db,
      async ({ now }) => ({
        result: null,
        events: [
          {
            type: 'changeReceived',
            changeId: asked,
            at: now,
            actor: { person: personId, name: 'Olga Brandt' },
            kind: 'grant',
            cause: 'request',
            entitlementKey: 'dashboards-view' as EntitlementKey,
            personId,
            requesterId: personId,
            reason: 'By rule',
            ticket: null,
            requestedSeconds: 3_600,
            target: null,
            via: 'slack',
            lapsesAt: null,
          },
        ],
      }),
      context.nudge,
    );
    expect((await walk.becomes(asked, 'refused')).refusal?.text).toBe(
      'Olga Brandt has left: Sofia Ricci offboarded them.',
    );

    // and what somebody gives her there is taken away again, and nobody is asked to keep it
    await inGroup('olga');
    const found = await walk.until('it is found', async () =>
      (await changesOf('olga')).find((c) => c.cause === 'finding'),
    );
    expect(found.state).toBe('denied');
    expect(found.doc.reason).toContain('Olga Brandt has left: Sofia Ricci offboarded them');
    await walk.until('it is taken away', async () => !(await walk.isInGroup('olga', READERS.group)));
    await walk.until('and not in MuleSoft', async () => (await leavers.teamsOf('olga')).length === 0);

    // also among many who are asked about on one card
    const groupId = context.catalogue.targets().find((t) => t.groupName === READERS.group)?.groupId ?? '';
    const [sofia, tom] = [await idOf('sofia'), await idOf('tom')];
    const alone = await putOnOneCard(context, groupId, { finding: [personId, sofia, tom], lost: [] });
    expect(alone).toEqual([personId]);
    const onCard = await walk.query<{ person_id: string }>(
      'select person_id from mass_change_items where outcome is null',
    );
    expect(onCard.map((item) => item.person_id).sort()).toEqual([sofia, tom].sort());
    await putOnOneCard(context, groupId, { finding: [], lost: [] });

    // when somebody who may not tries to take it back, and then an admin without a reason
    const text = `offboard cancel ${mentionOf('olga')}`;
    await walk.request('POST', '/slack/sim/command', { as: 'erik', command: '/access', text });
    await leavers.isTold('erik', 'Only the catalogue’s admins can offboard somebody or take it back.', 'dm');
    const card = await leavers.cardSays(closed.id, 'Until this is taken back');
    expect(buttonsOf(card)).toEqual(['offboarding_cancel']);
    await walk.clickAndFill('erik', card, 'offboarding_cancel', { reason: { reason: 'I want her back' } });
    await leavers.isTold('erik', 'Only the catalogue’s admins can offboard somebody or take it back.');
    expect((await leavers.caseOf('olga'))?.state).toBe('closed');

    // when an admin does, with a reason
    expect(
      await walk.clickAndFill('sam', card, 'offboarding_cancel', { reason: { reason: '' } }),
    ).toMatchObject({
      sent: false,
    });
    await closesForms('sam');
    await takesBack('sam', 'olga', 'She only *changed* teams <!here>');

    // then the card and the audit say so, and what she had is listed
    await leavers.caseIs('olga', 'cancelled');
    const back = await leavers.cardSays(closed.id, 'Taken back by Sam Whitaker');
    expect(wordsOf(back)).toContain('She only *changed* teams <!here>');
    expect(wordsOf(back)).toMatch(
      /Removed; whoever still needs it asks for it again with \/access:\*\n• Orders API: read logs and messages in prod, granted until/,
    );
    expect(buttonsOf(back)).toEqual(['offboarding_restore']);
    const entries = (await leavers.entries(closed.id)).filter((e) => e.type === 'offboardingCancelled');
    expect(entries).toMatchObject([
      { actor: { name: 'Sam Whitaker' }, data: { reason: 'She only *changed* teams <!here>', stopped: [] } },
    ]);
    await walk.receives('olga', 'that she can ask again', (m) =>
      m.text.startsWith('Sam Whitaker took your offboarding back'),
    );
    // and nothing comes back by itself
    await walk.isQuiet();
    expect(await leavers.teamsOf('olga')).toEqual([]);
    expect(
      await walk.query('select 1 from grants where person_id = $1 and ended_at is null', [personId]),
    ).toEqual([]);

    // but she asks and decides again
    const again = await walk.asks('olga', { entitlement: READ, reason: 'Olga asks again' });
    await walk.click('sofia', again.card, 'approve');
    await walk.becomes(again.id, 'inEffect');
    const decides = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'Erik deploys' });
    expect(JSON.stringify((await walk.change(decides.id)).plan)).toContain('Olga Brandt');

    // and once more is told that it was done
    await takesBack('sofia', 'olga', 'Me too');
    await leavers.isTold('sofia', 'Sam Whitaker took it back already.', 'dm');
  },
  PATIENCE_MS,
);

test(
  'an offboarding that is taken back while the directory has not been told stops: what is still there is asked about',
  async () => {
    // given Erik with access, and a directory that takes nobody out of a group
    const asked = await walk.isGiven('erik', { entitlement: READ, seconds: 3_600, reason: 'Erik reads' });
    await walk.fault({
      ...walk.directory.calls.remove,
      kind: 'status',
      status: 503,
    });

    // when he is offboarded by hand, and that is taken back while the removal waits
    await isOffboardedByHand('erik');
    await leavers.caseIs('erik', 'underway');
    await walk.until('he is out of the team', async () => !(await walk.isInTeam('erik', READERS.team)));
    await takesBack('sam', 'erik');
    const { id } = await leavers.caseIs('erik', 'cancelled');
    await walk.heal();

    // then the removal never comes, and the owner is asked
    const finding = await walk.until('it is asked about', async () =>
      (await changesOf('erik')).find((c) => c.cause === 'finding' && c.state === 'asking'),
    );
    expect((await walk.ending(asked.id))?.state).toBe('superseded');
    await walk.isQuiet();
    expect(await walk.isInGroup('erik', READERS.group)).toBe(true);
    const card = await leavers.cardSays(id, 'Taken back by Sam Whitaker');
    expect(wordsOf(card)).toContain(
      'Not removed yet, and left as it is; the owner is asked whether it stays:*\n• anypoint-orders-read',
    );
    // whoever was asked about what he owns is told that it is over
    expect((await leavers.caseOf('erik'))?.items.every((item) => item.settled === null)).toBe(true);
    // and what is kept is a grant with an approver: an admin, where nobody says that it was Latchkey who put him there
    const kept = await walk.until('the card is out', async () =>
      (await walk.messages('olga', 'access-requests')).find(
        (m): m is CardSeen => m.metadata?.event_payload?.marker === `${finding.id}:card`,
      ),
    );
    const keepers = await walk.until('it is known who did it, or that nobody will say', async () => {
      const { plan } = await walk.change(finding.id);
      return plan !== null && plan.author?.is !== 'awaited' && mayApprove(plan).map(({ name }) => name);
    });
    await walk.click(keepers.includes('Olga Brandt') ? 'olga' : 'sam', kept, 'approve');
    await walk.becomes(finding.id, 'inEffect');
  },
  PATIENCE_MS,
);

test(
  'an admin’s word is over once the directory shows them left and returned; while it says so too, nobody takes it back here',
  async () => {
    // given Ines, offboarded by hand with an application that nobody has decided on, and then deactivated there
    await walk.request('POST', '/anypoint/sim/applications', {
      name: 'ines-tool',
      owners: ['ines'],
      apis: ['orders-api'],
    });
    await isOffboardedByHand('ines');
    const open = await leavers.caseIs('ines', 'appsOpen');
    await leavers.status('ines', 'DEPROVISIONED');
    await leavers.cardSays(open.id, `Deactivated in ${walk.directory.name} as well`);

    // when an admin wants to take it back
    await takesBack('sam', 'ines');
    await leavers.isTold('sam', 'The identity provider says that they have left, too', 'dm');
    expect((await leavers.caseOf('ines'))?.state).toBe('appsOpen');

    // and when it has her again
    await leavers.status('ines', 'ACTIVE');
    await leavers.caseIs('ines', 'returned');
    await walk.asks('ines', { entitlement: READ, reason: 'Ines is back' });

    // and somebody whose case was closed long since
    await isOffboardedByHand('mira');
    await leavers.caseIs('mira', 'closed');
    await renewBirthrights(stage.latchkey.context);
    await walk.isQuiet();
    expect((await changesOf('mira')).filter((c) => c.cause === 'birthright' && c.state !== 'ended')).toEqual(
      [],
    );
    await leavers.status('mira', 'DEPROVISIONED');
    await walk.until('that is seen', async () => (await leavers.caseOf('mira'))?.cause === 'deprovisioned');
    await leavers.caseIs('mira', 'closed');
    await leavers.status('mira', 'ACTIVE');
    await walk.until('she can ask again', async () => {
      const rows = await walk.query<{ status: string }>(
        'select status from person_snapshots where person_id = $1',
        [await idOf('mira')],
      );
      return rows[0]?.status === 'active';
    });
    await renewBirthrights(stage.latchkey.context);
    await walk.until('the rule gives again', async () =>
      (await changesOf('mira')).some((c) => c.cause === 'birthright' && c.state === 'inEffect'),
    );
  },
  PATIENCE_MS,
);

onOktaAlone(
  'who lost the app, of whom an admin says that they have left, asks again once they have it again',
  async () => {
    await walk.directory.assigns('mira', false);
    const { id } = await leavers.caseIs('mira', 'asking');
    await walk.click('sam', await leavers.cardSays(id, 'left the company?'), 'offboarding_left');
    await leavers.caseIs('mira', 'closed');
    await leavers.cardSays(id, 'Until this is taken back, or');
    const refused = await walk.ask('tom', {
      entitlement: READ,
      reason: 'For Mira',
      for: mira.slackId,
    });
    expect(!refused.sent && 'errors' in refused && refused.errors.for).toContain(
      'Sam Whitaker offboarded them',
    );
    await closesForms('tom');
    await walk.directory.assigns('mira', true);
    await leavers.caseIs('mira', 'returned');
    await walk.asks('tom', { entitlement: READ, reason: 'For Mira again', for: mira.slackId });
  },
  PATIENCE_MS,
);

test(
  'an answer to keep gives a leaver nothing: not on a card of many that is decided, nor on their own that is closed',
  async () => {
    // given Tom, in a group by hand, which is being asked about
    await inGroup('tom');
    const finding = await walk.until('it is asked about', async () =>
      (await changesOf('tom')).find((c) => c.cause === 'finding' && c.state === 'asking'),
    );
    const card = await walk.until('the card is out', async () =>
      (await walk.messages('olga', 'access-requests')).find(
        (m): m is CardSeen => m.metadata?.event_payload?.marker === `${finding.id}:card`,
      ),
    );
    // who is offboarded then
    await isOffboardedByHand('tom');
    await leavers.caseIs('tom', 'appsOpen');
    expect((await walk.change(finding.id)).state).toBe('closed');

    // when the owner presses Keep on the card as she has it still
    await sendRaw(
      walk,
      clickPayload('olga', card, 'approve', JSON.stringify({ change: finding.id, round: 1 })),
    );
    await leavers.isTold('olga', 'Latchkey closed this already');

    // and when a card of many, that was decided before anybody came to him, is worked off
    const { context } = stage.latchkey;
    const [tom, other] = [await idOf('tom'), await idOf('mira')];
    const target = context.catalogue.targets().find((t) => t.groupName === READERS.group);
    const massChangeId = randomUUID() as MassChangeId;
    await commit(
      context.db,
      async ({ now }) => {
        const base = { massChangeId, at: now, actor: { part: 'latchkey' } } as const;
        const by: MassAnswer = {
          verb: 'keep',
          by: await idOf('olga'),
          byName: 'Olga Brandt',
          at: now,
          clickId: 'all',
        };
        const owner = planOf({ of: 'any', quorum: 1, slots: [], escalated: false });
        return {
          result: null,
          events: [
            {
              ...base,
              type: 'massOpened',
              kind: 'finding',
              scope: target?.groupId ?? '',
              entitlementKey: READ as EntitlementKey,
              target: target ?? null,
              owner: 'olga@acme.example',
              moved: null,
            },
            {
              ...base,
              type: 'massGrew',
              items: [tom, other].map((id) => ({ key: id, personId: id, note: null })),
            },
            { ...base, type: 'massAsked', plan: owner },
            { ...base, type: 'massDecided', decision: { ...by, chosen: null } },
          ],
        };
      },
      context.nudge,
    );

    // then she is kept, and he is not
    const outcomes = await walk.until('it is worked off', async () => {
      const rows = await walk.query<{ person_id: string; outcome: string | null }>(
        'select person_id, outcome from mass_change_items where mass_change_id = $1',
        [massChangeId],
      );
      return rows.every((row) => row.outcome !== null) && rows;
    });
    expect(outcomes.find((o) => o.person_id === tom)?.outcome).toBe('dropped');
    expect(outcomes.find((o) => o.person_id === other)?.outcome).toBe('kept');
    await walk.isQuiet();
    expect(await walk.query('select 1 from grants where person_id = $1 and ended_at is null', [tom])).toEqual(
      [],
    );
    expect(await leavers.teamsOf('tom')).toEqual([]);
  },
  PATIENCE_MS,
);
