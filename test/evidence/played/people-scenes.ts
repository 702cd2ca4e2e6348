import { credentials } from '../../../src/sandbox/seed.ts';
import { DAY, type Scene } from './scene.ts';

/** Zoe joins Support, signs in to Anypoint for the first time, and has what everybody there has. */
const joiner: Scene = {
  day: 9,
  hour: 8,
  async play({ worldUrl, visitor, settles, letPassHours }) {
    const profile = {
      firstName: 'Zoe',
      lastName: 'Martin',
      login: 'zoe@acme.example',
      email: 'zoe@acme.example',
      department: 'Support',
      title: 'Support engineer',
    };
    const made = await fetch(`${worldUrl}/okta/api/v1/users?activate=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `SSWS ${credentials.oktaApiToken}` },
      body: JSON.stringify({ profile }),
    });
    if (!made.ok) throw new Error(`Okta makes nobody: ${await made.text()}`);
    await visitor.request('POST', '/anypoint/sim/users/zoe/sign-in', {});
    await visitor.request('POST', '/okta/sim/assign', { key: 'zoe', assigned: true });
    await settles();
    await letPassHours(1);
  },
};

/** Ines moves to Payments, and holds what is not open there: its owner ends it. */
const mover: Scene = {
  day: 59,
  hour: 10,
  async play({ isGiven, visitor, settles, presses, cardMarked, query, signsIn }) {
    await signsIn('ines', 'Germany');
    await isGiven(
      'ines',
      {
        entitlement: 'orders-api-deploy',
        seconds: 2 * DAY,
        reason: 'Her last release',
        ticket: 'CHG-0815',
      },
      ['tom', 'olga'],
    );
    await visitor.request('POST', '/okta/sim/users/ines/profile', { department: 'Payments' });
    await settles();
    const [moved] = await query<{ id: string }>(`select id from mass_changes where kind = 'moved'`);
    await presses('olga', await cardMarked(`${moved?.id}:card`), 'mass_revert');
  },
};

/** Erik leaves, with two grants and a connected app. */
const leaver: Scene = {
  day: 28,
  hour: 9,
  async play({ isGiven, visitor, settles, letPassHours, messageTo, presses, query }) {
    const seconds = 7 * DAY;
    await isGiven('erik', { entitlement: 'orders-api-read', seconds, reason: 'The hand-over' }, ['tom']);
    await isGiven('erik', { entitlement: 'payments-api-read', seconds, reason: 'The hand-over of refunds' }, [
      'sam',
    ]);
    await letPassHours(30);
    await visitor.request('POST', '/okta/sim/users/erik/status', { status: 'DEPROVISIONED' });
    await settles();
    await letPassHours(1);
    const [left] = await query<{ id: string }>('select id from offboardings');
    const message = await messageTo('sam', 'what becomes of the app', (marker) =>
      marker.startsWith(`${left?.id}:applications:`),
    );
    await presses('sam', message, 'offboarding_revoke');
  },
};

export const peopleScenes: readonly Scene[] = [joiner, mover, leaver];
