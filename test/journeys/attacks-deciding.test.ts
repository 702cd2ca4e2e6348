import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Catalogue, Entitlement } from '../../src/core/policy/catalogue.ts';
import { acceptAnswer } from '../../src/flow/request/accept-click.ts';
import { receiveRequest } from '../../src/flow/request/receive.ts';
import { anypointApis, people as seeded } from '../../src/sandbox/seed.ts';
import { changeCatalogue, changing } from '../change-catalogue.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { type LeaverWalk, walkWithLeavers } from './offboarding-walk.ts';
import { buttonValueOf, clickPayload, sendRaw } from './slack-wire.ts';

const READ = 'orders-api-read';
const READ_GROUP = 'anypoint-orders-read';
const ADMIN_GROUP = 'anypoint-platform-admin';

/** The catalogue changes while a card waits, and the old card is pressed. */
describe('what was decided is what was shown', () => {
  let stage: Stage;
  let walk: Journey;
  let before: Catalogue;
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    before = stage.latchkey.context.catalogue.current();
  });
  afterEach(() => changeCatalogue(stage, () => before));
  afterAll(() => stage?.close());

  const isAskedAnew = async (asked: Asked) =>
    await walk.until('it is asked anew', async () => {
      const change = await walk.change(asked.id);
      return change.round === 2 && change;
    });

  const admin = () => before.entitlements.find((e) => e.key === 'platform-admin') as Entitlement;

  const changes: [what: string, rest: () => Partial<Entitlement>, says: string][] = [
    [
      'leads to the platform’s administration',
      () => ({ idpGroup: ADMIN_GROUP, team: 'Platform admins' }),
      `its group is ${ADMIN_GROUP} now (it was ${READ_GROUP})`,
    ],
    [
      'gives something else',
      () => ({ gives: 'deploying anywhere' }),
      'what it gives is deploying anywhere now',
    ],
    ['is of another tier', () => ({ tier: 'critical' }), 'its tier is critical now (it was medium)'],
    [
      'is for others to approve',
      () => ({ approvers: admin().approvers }),
      'who approves is the owner and the group security-officers',
    ],
    ['lasts longer', () => ({ maxSeconds: 30 * 86_400 }), 'the longest time is 30 days now (it was 7 days)'],
  ];
  test.each(changes)(
    'an old card’s Approve grants nothing once the entitlement %s',
    async (what, rest, says) => {
      // given
      const asked = await walk.asks('ines', { entitlement: READ, reason: `Before it ${what}` });
      await changeCatalogue(stage, changing(READ, rest()));

      // when
      await walk.click('tom', asked.card, 'approve');

      // then
      const whisper = await walk.receives(
        'tom',
        'what changed',
        (m) => m.ephemeral && m.text.includes(says),
        'access-requests',
      );
      expect(whisper.text).toContain('Nothing was decided. It is put to approvers anew');
      const change = await isAskedAnew(asked);
      expect(change).toMatchObject({ state: 'asking', approvals: [], decision: null });
      expect(await walk.isInGroup('ines', READ_GROUP)).toBe(false);
      expect(await walk.isInGroup('ines', ADMIN_GROUP)).toBe(false);
      expect((await walk.audit(asked.id)).filter((e) => e.type === 'clickRefused')).toMatchObject([
        { data: { reason: 'staleCard' } },
      ]);

      // when the very same card is pressed again, by a client that still shows it
      await sendRaw(
        walk,
        clickPayload('tom', asked.card, 'approve', JSON.stringify(buttonValueOf(asked.card))),
      );

      // then it is of an earlier round
      await walk.receives('tom', 'that it is old', (m) => m.text.includes('out of date'), 'access-requests');
      await walk.click('ines', await walk.statusOf('ines', asked.id), 'withdraw');
      await walk.becomes(asked.id, 'withdrawn');
    },
  );

  test('one of two approvals that was given before the change counts no more after it', async () => {
    // given
    const asked = await walk.asks('erik', { entitlement: 'platform-admin', reason: 'Half approved' });
    await walk.click('sam', asked.card, 'approve');
    await walk.cardSays(asked, 'Approved by Sam Whitaker');

    // when
    await changeCatalogue(stage, changing('platform-admin', { gives: 'everything, and the keys' }));
    await walk.click('olga', await walk.cardNow(asked), 'approve');

    // then
    expect((await isAskedAnew(asked)).approvals).toEqual([]);

    // when the new card is pressed by one of them
    await walk.until('the new card is out', async () => buttonValueOf(await walk.cardNow(asked)).round === 2);
    await walk.click('olga', await walk.cardNow(asked), 'approve');
    await walk.cardSays(asked, 'Approved by Olga Brandt; still needed');
    expect((await walk.change(asked.id)).state).toBe('asking');
    await walk.click('erik', await walk.statusOf('erik', asked.id), 'withdraw');
  });

  test('an extension is asked anew like a first request', async () => {
    // given
    await walk.isGiven('tom', { entitlement: READ, seconds: 3_600, reason: 'To be extended' }, 'olga');
    const asked = await walk.asks('tom', { entitlement: READ, reason: 'Longer, please' }, { seconds: 3_600 });
    await changeCatalogue(stage, changing(READ, { maxSeconds: 30 * 86_400 }));

    // when
    await walk.click('olga', asked.card, 'approve');

    // then
    await isAskedAnew(asked);
  });

  test.each([READ, 'bundle:order-support'])(
    'a form of %s that was opened before the change asks for nothing',
    async (key) => {
      // given
      const form = await walk.openForm('ines');
      await walk.request('POST', '/slack/sim/view/action', {
        as: 'ines',
        viewId: form.id,
        actionId: 'entitlement_select',
        blockId: 'entitlement',
        value: key,
      });
      const filled = await walk.until('the form offers durations', async () => {
        const view = await walk.topView('ines');
        return view?.blocks.some((b) => b.block_id === 'duration') && view;
      });
      await changeCatalogue(stage, changing(READ, { gives: 'deploying anywhere' }));

      // when
      const reason = `Opened before ${key}`;
      const sent = await walk.submit('ines', filled, {
        entitlement: { entitlement_select: key },
        reason: { reason },
      });

      // then
      expect(sent).toMatchObject({
        sent: false,
        errors: { entitlement: expect.stringContaining('has changed since') },
      });
      expect(await walk.changeBecause(reason)).toBeNull();
    },
  );

  test('once the entitlement has left the catalogue, its card grants nothing', async () => {
    const asked = await walk.asks('sam', { entitlement: READ, reason: 'About to leave the catalogue' });
    await changeCatalogue(stage, (all) => ({
      ...all,
      entitlements: all.entitlements.filter((e) => e.key !== READ),
    }));
    await walk.click('olga', asked.card, 'approve');
    await walk.receives('olga', 'why not', (m) => m.text.includes('left the catalogue'), 'access-requests');
    expect((await walk.change(asked.id)).state).toBe('asking');
  });
});

/** Somebody suspended in the IdP, or turned into a guest in Slack, still has a form and a session. */
describe('who asks is who they are now', () => {
  const people = seeded.map((person) => ({ ...person }));
  const kindOf = (key: string) => people.find((p) => p.key === key) as { slackKind: string };
  let stage: Stage;
  let walk: Journey;
  beforeAll(async () => {
    ({ stage, walk } = await setOut({ people }));
    // Everybody has been met, so that nobody has to be looked up for a form.
    for (const key of ['erik', 'nadia', 'ines', 'sofia']) {
      const asked = await walk.asks(key, { entitlement: READ, reason: `${key} was here before` });
      await walk.click(key, await walk.statusOf(key, asked.id), 'withdraw');
      await walk.becomes(asked.id, 'withdrawn');
    }
  });
  afterAll(() => stage?.close());

  const refused = async (reason: string) =>
    await walk.until('it is refused', async () => {
      const change = await walk.changeBecause(reason);
      return change?.state === 'refused' && change;
    });

  /** Latchkey has received nothing yet: the form that is open is sent. */
  const sends = async (as: string, reason: string, forWhom?: string) =>
    await receiveRequest(stage.latchkey.context, {
      idempotencyKey: `attack:${reason}`,
      accountId: slackIdOf(as),
      forAccountId: forWhom === undefined ? null : slackIdOf(forWhom),
      entitlementKey: READ,
      seconds: 3_600,
      reason,
      ticket: null,
      extend: false,
      via: 'slack',
    });

  test.each([
    ['guest', /Erik Lind is a guest in Slack now/],
    ['deactivated', /Erik Lind’s Slack account is deactivated/],
    ['stranger', /belongs to another organisation/],
  ] as const)(
    'whoever has become a %s in Slack gets nothing by somebody else’s request',
    async (kind, says) => {
      kindOf('erik').slackKind = kind;
      await sends('ines', `For Erik, who is ${kind}`, 'erik');
      const change = await refused(`For Erik, who is ${kind}`);
      expect(change.refusal?.reason).toBe(kind);
      expect(change.refusal?.text).toMatch(says);
      kindOf('erik').slackKind = 'member';
    },
  );

  test('a request that waits is not approved for whoever has become a guest meanwhile', async () => {
    // given
    const asked = await walk.asks('erik', { entitlement: READ, reason: 'Still a member' });
    kindOf('erik').slackKind = 'guest';

    // when
    await walk.click('tom', asked.card, 'approve');

    // then
    await walk.receives(
      'tom',
      'why not',
      (m) => m.text.includes('Erik Lind is a guest in Slack now'),
      'access-requests',
    );
    expect((await walk.change(asked.id)).state).toBe('asking');

    // when they are a member again
    kindOf('erik').slackKind = 'member';
    await walk.click('tom', asked.card, 'approve');
    await walk.becomes(asked.id, 'inEffect');
  });

  test('nor where whoever asked for somebody else is suspended by now', async () => {
    // given
    await walk.directory.silence();
    const asked = await walk.asks('nadia', {
      entitlement: READ,
      reason: 'For Ines, by somebody who is about to go',
      for: slackIdOf('ines'),
    });
    await walk.directory.sets('nadia', 'SUSPENDED');

    // when
    await walk.click('tom', asked.card, 'approve');

    // then
    await walk.receives(
      'tom',
      'why not',
      (m) => m.text.includes('Nadia Haddad’s account in the identity provider is suspended'),
      'access-requests',
    );
    expect(await walk.isInGroup('ines', READ_GROUP)).toBe(false);

    // when she files one more, for herself and for others
    await sends('nadia', 'Once more, for Tom', 'tom');
    const change = await refused('Once more, for Tom');
    expect(change.refusal).toMatchObject({ reason: 'inactiveInIdp' });
    await walk.directory.sets('nadia', 'ACTIVE');
  });

  test('while Slack can’t say who they are, nothing is put to anybody; afterwards it is', async () => {
    // given
    await walk.fault({ vendor: 'slack', kind: 'status', status: 500, path: 'users.info' });
    await sends('erik', 'While Slack is silent', 'sofia');
    await walk.until('it was tried', async () => {
      const rows = await walk.query(`select 1 from outbox where job = 'assessRequest' and attempts > 0`);
      return rows.length > 0;
    });
    expect((await walk.changeBecause('While Slack is silent'))?.state).toBe('received');

    // when
    await walk.heal();

    // then
    const id = (await walk.changeBecause('While Slack is silent'))?.id ?? '';
    await walk.becomes(id, 'asking', 60_000);
  });
});

/** The first of two approvers is away for a moment, just when the second approves. */
describe('a quorum is reached however somebody was away meanwhile', () => {
  let stage: Stage;
  let walk: Journey;
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    await walk.isQuiet();
  });
  afterAll(() => stage?.close());

  const approvedByBoth = async (reason: string) => {
    const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason, ticket: 'INC-1' });
    await walk.click('olga', asked.card, 'approve');
    await walk.cardSays(asked, 'Approved by Olga Brandt');
    await walk.directory.silence();
    await walk.directory.sets('olga', 'SUSPENDED');
    await walk.click('tom', await walk.cardNow(asked), 'approve');
    await walk.until('his word is counted', async () => (await walk.change(asked.id)).approvals.length === 2);
    expect((await walk.change(asked.id)).state).toBe('asking');
    await walk.directory.sets('olga', 'ACTIVE');
    return asked;
  };

  test('either of them says so again, and it is decided', async () => {
    const asked = await approvedByBoth('Away for a moment');
    await walk.click('olga', await walk.cardNow(asked), 'approve');
    // Told before, that she is back would have decided it without her click.
    await walk.directory.speaks();
    await walk.heal();
    const change = await walk.becomes(asked.id, 'inEffect');
    expect(change.approvals.map((a) => a.name)).toEqual(['Olga Brandt', 'Tom Okafor']);
    expect(wordsOf(await walk.cardSays(asked, 'In effect'))).toContain('Olga Brandt and Tom Okafor');
  });
});

/** An owner of one API hands a leaver's application, with its contracts to others' APIs, to herself. */
describe('who hands a leaver’s application over does not get what is others’', () => {
  let stage: Stage;
  let walk: Journey;
  let leavers: LeaverWalk;
  const contacts = anypointApis.map((api) => api.contact);
  const setContact = (asset: string, contact: string) => {
    for (const api of anypointApis) if (api.assetId === asset) (api as { contact: string }).contact = contact;
  };
  beforeAll(async () => {
    ({ stage, walk } = await setOut());
    leavers = walkWithLeavers(walk);
    await walk.isQuiet();
  });
  afterAll(async () => {
    for (const [n, api] of anypointApis.entries())
      (api as { contact: string }).contact = contacts[n] ?? api.contact;
    await stage?.close();
  });
  const ownersOf = async (name: string) => (await leavers.application(name))?.owners;

  test('the owner of one of its APIs can’t give it to herself; the other has a say, and a contact in Exchange none', async () => {
    // given an application that calls both APIs, and an editor of an asset who has put himself there as its contact
    await walk.request('POST', '/anypoint/sim/applications', {
      name: 'calls-both',
      owners: ['tom'],
      apis: ['orders-api', 'payments-api'],
    });
    setContact('payments-api', 'erik');
    await leavers.status('tom', 'DEPROVISIONED');
    const open = await leavers.caseIs('tom', 'appsOpen');
    const key = open.items.find((item) => item.name === 'calls-both')?.key ?? '';
    const value = JSON.stringify({ offboarding: open.id, key });
    const forOlga = await leavers.askedAbout('olga', open.id, 'calls-both');

    // when the contact decides
    await sendRaw(
      walk,
      clickPayload('erik', { ...forOlga, channel: 'C00000001' }, 'offboarding_revoke', value),
    );

    // then he is nobody here, and has not been asked
    await leavers.isTold('erik', 'not among those who may decide');
    expect((await walk.messages('erik', 'dm')).some((m) => wordsOf(m).includes('calls-both'))).toBe(false);

    // when the owner of one API takes it for herself
    await handsOver('olga', open.id, 'calls-both', 'olga');

    // then nothing has changed hands: the other is asked
    await leavers.askedAbout(
      'sam',
      open.id,
      `Olga Brandt would hand it to Olga Brandt; that needs <@${slackIdOf('sam')}>`,
    );
    expect(await ownersOf('calls-both')).toEqual(['tom']);
    expect((await leavers.entries(open.id)).filter((e) => e.type === 'handOverAgreed')).toHaveLength(1);

    // when she does so with the one that calls her own API alone
    await handsOver('olga', open.id, 'orders-dashboard', 'olga');

    // then an admin has to say so
    await leavers.askedAbout('sam', open.id, 'that needs an admin');
    expect(await ownersOf('orders-dashboard')).toEqual(['tom']);

    // when the other owner agrees
    await handsOver('sam', open.id, 'calls-both', 'olga');
    await walk.until('it is hers', async () => (await ownersOf('calls-both'))?.includes('olga'));
    expect(await ownersOf('orders-dashboard')).toEqual(['tom']);
  }, 90_000);

  let forms = 0;
  /** Sends the form behind the button of that application. */
  async function handsOver(as: string, caseId: string, name: string, to: string): Promise<void> {
    const message = await leavers.askedAbout(as, caseId, name);
    const key = (await leavers.caseOf('tom'))?.items.find((item) => item.name === name)?.key;
    forms += 1;
    await acceptAnswer(stage.latchkey.context, {
      clickId: `form-${forms}`,
      about: 'offboarding',
      id: caseId,
      chatUserId: slackIdOf(as),
      channel: message.channel,
      verb: 'handOver',
      item: JSON.stringify({ key, toAccountId: slackIdOf(to) }),
    });
  }
});
