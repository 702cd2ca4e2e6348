import { createBrowser, signInBy } from '../../../src/sandbox/browser.ts';
import { DAY, HOUR, type Scene } from './scene.ts';

/** Made around Latchkey by an administrator of Okta, and kept by the owner. */
const aroundInOkta: Scene = {
  day: 17,
  hour: 11,
  async play({ visitor, settles, changeAbout, cardOf, presses, isState }, planted) {
    await visitor.request('POST', '/okta/sim/groups/anypoint-orders-read/members/tom');
    await settles();
    planted.aroundInOkta = await changeAbout('tom', 'finding');
    await presses('olga', await cardOf(planted.aroundInOkta), 'approve');
    await isState(planted.aroundInOkta, 'inEffect');
  },
};

/** Made around Latchkey by an administrator of Anypoint, where no identity provider tells of it. */
const aroundInAnypoint: Scene = {
  day: 24,
  hour: 11,
  async play({ visitor, settles, letPassHours }) {
    await visitor.request('POST', '/anypoint/sim/teams/Payments%20API%20readers/members/tom', {
      membershipType: 'member',
    });
    await letPassHours(1);
    await settles();
  },
};

/** Anypoint refuses to take somebody out for an hour. */
const lateRemoval: Scene = {
  day: 10,
  hour: 14,
  async play({ isGiven, visitor, letPassHours, passesUnsettled, isState, revokeOf }, planted) {
    const id = await isGiven(
      'ines',
      { entitlement: 'orders-api-read', seconds: HOUR, reason: 'One message that went wrong' },
      ['tom'],
    );
    await visitor.request('POST', '/control/faults', {
      vendor: 'anypoint',
      method: 'DELETE',
      path: '/members',
      kind: 'status',
      status: 503,
    });
    await passesUnsettled(2 * HOUR);
    await visitor.request('DELETE', '/control/faults');
    await letPassHours(1);
    planted.lateRemoval = await revokeOf(id);
    await isState(planted.lateRemoval, 'inEffect');
  },
};

/** In an incident whoever is on call takes it at once; the owner reviews that. */
const breakGlass: Scene = {
  day: 11,
  hour: 3,
  async play({ visitor, settles, letPassHours, changeBecause, isState, cardMarked }, planted) {
    const reason = 'Orders are lost since the last deployment, I roll it back';
    await visitor.submit('erik', await visitor.openForm('erik', 'emergency'), {
      what: { what: 'orders-api-deploy' },
      how_long: { how_long: String(HOUR) },
      reason: { reason },
    });
    await settles();
    planted.breakGlass = await changeBecause(reason);
    await isState(planted.breakGlass, 'inEffect');
    await letPassHours(6);
    const card = await cardMarked(`${planted.breakGlass}:emergency`);
    await visitor.clickAndFill('olga', card, 'emergency_justified', {
      comment: { comment: 'Orders were lost, and nobody was awake' },
    });
    await settles();
  },
};

/** The model leans to deny, and the owner approves. */
const againstAdvice: Scene = {
  day: 22,
  hour: 12,
  async play({ visitor, asks, cardOf, presses, isState }, planted) {
    await visitor.request('POST', '/model/sim/mode', { mode: 'against' });
    const { id } = await asks('ines', {
      entitlement: 'orders-api-read',
      seconds: DAY,
      reason: 'I would like to see how it works',
    });
    await visitor.request('POST', '/model/sim/mode', { mode: 'scripted' });
    await presses('olga', await cardOf(id), 'approve');
    await isState(id, 'inEffect');
    planted.againstAdvice = id;
  },
};

/** Administration by two approvers, each with a fresh sign-in; the first one of the owner is too weak. */
const stepUp: Scene = {
  day: 25,
  hour: 9,
  async play({ asks, visitor, cardOf, settles, isState, linkFor, signsIn, userId }, planted) {
    await signsIn('erik', 'Germany');
    const { id } = await asks('erik', {
      entitlement: 'platform-admin',
      seconds: 8 * HOUR,
      reason: 'Setting up the environment for the audit',
      ticket: 'CHG-0815',
    });
    planted.stepUp = id;
    const known: string[] = [];
    for (const [as, how] of [
      ['olga', 'password'],
      ['olga', 'twoFactors'],
      ['sam', 'twoFactors'],
    ] as const) {
      await visitor.click(as, await cardOf(id), 'approve');
      await settles();
      const link = await linkFor(as, known);
      known.push(link);
      await signInBy(createBrowser(), link, { user: userId(as), how });
      await settles();
    }
    await isState(id, 'inEffect');
  },
};

/** An admin puts somebody in by hand, and keeps it before anybody can know who did it. */
const selfKept: Scene = {
  day: 23,
  hour: 10,
  async play({ visitor, settles, changeAbout, cardOf, presses, letPassHours }, planted) {
    await visitor.request('POST', '/okta/sim/hooks', { lose: true });
    await visitor.request('POST', '/control/faults', {
      vendor: 'okta',
      path: '^/api/v1/logs',
      kind: 'status',
      status: 403,
    });
    await visitor.request('POST', '/okta/sim/groups/anypoint-orders-read/members/tom?by=sofia');
    await settles();
    planted.selfKept = await changeAbout('tom', 'finding');
    await letPassHours(1);
    await presses('sofia', await cardOf(planted.selfKept), 'approve');
    await visitor.request('DELETE', '/control/faults');
    await visitor.request('POST', '/okta/sim/hooks', { lose: false });
    await letPassHours(1);
    // It is asked about anew, and somebody else ends it.
    await presses('olga', await cardOf(await changeAbout('tom', 'finding')), 'revert');
  },
};

/** It stands still for a weekend, and nobody notices. */
const stopped: Scene = {
  day: 11,
  hour: 18,
  async play({ stopLatchkey, startLatchkey, letPassHours, settles }) {
    await stopLatchkey();
    await letPassHours(61);
    await startLatchkey();
    await settles();
  },
};

export const plantedScenes: readonly Scene[] = [
  aroundInOkta,
  aroundInAnypoint,
  lateRemoval,
  breakGlass,
  againstAdvice,
  stepUp,
  selfKept,
  stopped,
];
