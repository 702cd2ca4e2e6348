import { elapsedInWords } from '../../core/duration.ts';
import type { Catalogue } from '../../core/policy/catalogue.ts';
import type { CarriedElsewhere } from '../../core/policy/delivery.ts';
import type { System } from '../emulator.ts';
import { anypointTeams } from '../seed.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import { type Journey, prove, type Say } from './journeys.ts';

/** Short enough that nobody waits long for what a connector has left behind. */
export const DELIVERY_OBJECTIVE_MS = 15_000;
const PATIENCE_MS = 75_000;

type Access = { entitlement: string; group: string; team: string; title: string };
const DEPLOY: Access = {
  entitlement: 'orders-api-deploy',
  group: 'anypoint-orders-deploy',
  team: 'Orders API deployers',
  title: 'Orders API: deploy',
};
const READ: Access = {
  entitlement: 'orders-api-read',
  group: 'anypoint-orders-read',
  team: 'Orders API readers',
  title: 'Orders API: read',
};
const PAYMENTS: Access = {
  entitlement: 'payments-api-read',
  group: 'anypoint-payments-read',
  team: 'Payments API readers',
  title: 'Payments API',
};

/** Entra has no connector of its own for Anypoint, so there the second way is left out. */
export function deliveryJourneys(systems: readonly System[]): Journey[] {
  return [byBridge, ...(systems.includes('okta') ? [byConnector] : []), byClaim];
}

/** The example’s catalogue with another way of delivery for two of its entitlements. */
export function deliveryCatalogue(catalogue: Catalogue, systems: readonly System[]): Catalogue {
  const ways: Record<string, CarriedElsewhere> = {
    ...(systems.includes('okta') ? { [READ.entitlement]: 'native' } : {}),
    [PAYMENTS.entitlement]: 'claim',
  };
  return {
    ...catalogue,
    canary: null,
    entitlements: catalogue.entitlements.map((e) => {
      const delivery = ways[e.key];
      return delivery === undefined ? e : { ...e, delivery };
    }),
  };
}

/** What an administrator sets up in Anypoint and Okta beforehand: Latchkey looks at it when it starts. */
export async function setUpDelivery(worldUrl: string): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${worldUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  await send('POST', '/okta/sim/connector', { teams: { [READ.group]: READ.team } });
  await send('PUT', `/anypoint/sim/teams/${PAYMENTS.team}/mappings`, [{ group: PAYMENTS.group }]);
}

const byBridge: Journey = {
  name: 'bridge, carried by Latchkey',
  async run(visitor, say) {
    const since = await isApproved(visitor, say, {
      as: 'tom',
      by: ['olga', 'sofia'],
      access: DEPLOY,
      reason: 'Deploying the October release',
    });
    await visitor.until('Anypoint has him', () => visitor.isInTeam('tom', DEPLOY.team), PATIENCE_MS);
    prove((await writesInto(visitor, DEPLOY.team, 'PUT')) > 0, 'Latchkey has written the membership');
    const idp = visitor.idp.nameOf(DEPLOY.group);
    say(
      `${idp} pushed the group to Latchkey by SCIM, Latchkey carried it on, and Anypoint has Tom in the team after ${sinceInWords(since)}`,
    );
    const doneAt = await isGivenBack(visitor, 'tom', DEPLOY);
    await isGone(visitor, 'tom', DEPLOY);
    prove((await writesInto(visitor, DEPLOY.team, 'DELETE')) > 0, 'Latchkey has taken him out');
    say(`Tom is done with it: gone from ${idp} and Anypoint after ${sinceInWords(doneAt)}`);
  },
};

const byConnector: Journey = {
  name: 'native, carried by the connector',
  async run(visitor, say) {
    const since = await isApproved(visitor, say, {
      as: 'ines',
      by: ['olga'],
      access: READ,
      reason: 'Looking into stuck orders',
    });
    await visitor.until('Anypoint has her', () => visitor.isInTeam('ines', READ.team), PATIENCE_MS);
    prove((await writesInto(visitor, READ.team, 'PUT')) === 0, 'Latchkey wrote nothing into Anypoint');
    say(
      `Okta’s own connector pushed it: Anypoint has Ines in the team after ${sinceInWords(since)}, and Latchkey wrote nothing there`,
    );

    await visitor.request('POST', '/okta/sim/connector', { leavesMembers: true });
    say('From now on the connector’s removals fail, as Okta’s own help says they can');
    const doneAt = await isGivenBack(visitor, 'ines', READ);
    await isGone(visitor, 'ines', READ);
    prove((await writesInto(visitor, READ.team, 'DELETE')) > 0, 'Latchkey has taken her out itself');
    const alarm = await visitor.receives(
      'olga',
      'the alarm that names the connector, and its end',
      (m) => /Alarm cleared[\s\S]*Okta’s own Anypoint connector/.test(m.text),
      { where: 'dm', ms: PATIENCE_MS },
    );
    say(
      `Ines is done with it. The connector left her there, so Latchkey took her out itself: gone after ${sinceInWords(doneAt)}. The owner was told which leg failed`,
      { alarm: alarm.text },
    );
  },
};

const byClaim: Journey = {
  name: 'claim, given at the sign-in',
  async run(visitor, say) {
    await isApproved(visitor, say, {
      as: 'erik',
      by: ['sam'],
      access: PAYMENTS,
      reason: 'Following refunds through both APIs',
    });
    const told = await visitor.receives('erik', 'to sign in', (m) =>
      m.text.includes('from your next sign-in in Anypoint'),
    );
    const idp = visitor.idp.nameOf(PAYMENTS.group);
    prove(await visitor.isInGroup('erik', PAYMENTS.group), `${idp} has him in the group`);
    prove(!(await visitor.isInTeam('erik', PAYMENTS.team)), 'Anypoint does not have him in the team yet');
    say(`${idp} has Erik in the group. He is told that his access begins with his next sign-in in Anypoint`, {
      text: told.text,
    });

    await visitor.request('POST', '/anypoint/sim/users/erik/sign-in', { groups: 'idp' });
    await visitor.receives(
      'erik',
      'in effect',
      (m) => m.text.includes(PAYMENTS.title) && m.text.includes('is in effect in MuleSoft'),
      { where: 'dm', ms: PATIENCE_MS },
    );
    prove(await visitor.isInTeam('erik', PAYMENTS.team), 'Anypoint has him in the team');
    prove((await writesInto(visitor, PAYMENTS.team, 'PUT')) === 0, 'Latchkey wrote nothing into Anypoint');
    say('He signs in: the group claim gives him the team, and Latchkey says so because Anypoint shows it');

    const doneAt = await isGivenBack(visitor, 'erik', PAYMENTS);
    await isGone(visitor, 'erik', PAYMENTS);
    say(`Erik is done with it: nobody waits for a sign-in, it is gone after ${sinceInWords(doneAt)}`);
    await visitor.request('POST', '/anypoint/sim/users/erik/sign-in', { groups: 'idp' });
    prove(!(await visitor.isInTeam('erik', PAYMENTS.team)), 'the next sign-in does not bring it back');
    say('He signs in once more, and has nothing');
  },
};

/** Asked for and approved. Answers when. */
async function isApproved(
  visitor: Visitor,
  say: Say,
  { as, by, access, reason }: { as: string; by: readonly string[]; access: Access; reason: string },
): Promise<number> {
  const asked = await visitor.ask(as, { entitlement: access.entitlement, reason });
  prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
  const card = await visitor.card('sofia', (m) => JSON.stringify(m.blocks).includes(reason));
  for (const approver of by) await visitor.click(approver, card, 'approve');
  say(`${access.title} is asked for and approved`);
  return performance.now();
}

/** Presses “I’m done” in the message that offers it. Answers when. */
async function isGivenBack(visitor: Visitor, as: string, { title }: Access): Promise<number> {
  const offers = (m: SeenMessage) =>
    m.text.includes(title) && JSON.stringify(m.blocks).includes('"action_id":"release"');
  const message = await visitor.until('the message offers to give it back', async () =>
    (await visitor.messages(as, 'dm')).find(offers),
  );
  await visitor.click(as, message, 'release');
  return performance.now();
}

async function isGone(visitor: Visitor, key: string, { group, team, title }: Access): Promise<void> {
  await visitor.receives(
    key,
    'it is gone',
    (m) => m.text.includes(title) && m.text.includes('is gone from MuleSoft'),
    { where: 'dm', ms: PATIENCE_MS },
  );
  prove(!(await visitor.isInTeam(key, team)), `Anypoint has ${key} in the team no more`);
  prove(
    !(await visitor.isInGroup(key, group)),
    `${visitor.idp.nameOf(group)} has ${key} in the group no more`,
  );
}

/** Calls with which Latchkey wrote into this team. */
async function writesInto(visitor: Visitor, team: string, method: string): Promise<number> {
  const id = anypointTeams.find(({ name }) => name === team)?.id ?? '';
  return (await visitor.requests({ vendor: 'anypoint', method, path: `/teams/${id}/members/` })).length;
}

function sinceInWords(since: number): string {
  return elapsedInWords(Math.round(performance.now() - since));
}
