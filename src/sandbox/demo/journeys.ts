import { setTimeout as sleep } from 'node:timers/promises';
import type { SeenMessage, Visitor } from '../visitor.ts';

/** A step is said when it has happened; `proof` is what the emulators' own state says. */
export type Say = (step: string, proof?: Record<string, unknown>) => void;
export type Journey = { name: string; run: (visitor: Visitor, say: Say) => Promise<void> };

/** Longer than the objective, so that a late change shows itself as an alarm and not as impatience. */
const IN_EFFECT_WITHIN_MS = 75_000;
const READERS = 'Orders API readers';

class Unproven extends Error {}

export function prove(holds: boolean, claim: string): void {
  if (!holds) throw new Unproven(`not so: ${claim}`);
}

const says = (part: string) => (m: SeenMessage) => m.text.includes(part);

async function send(visitor: Visitor, as: string, ask: Parameters<Visitor['ask']>[1]): Promise<void> {
  const asked = await visitor.ask(as, ask);
  prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
}

/** The card of one request, told from others by its reason. */
function cardWith(visitor: Visitor, as: string, reason: string) {
  return visitor.card(as, (m) => JSON.stringify(m.blocks).includes(reason));
}

/** Waits for "in effect"; an alarm meanwhile ends the journey unproven. */
async function inEffect(visitor: Visitor, as: string, title: string): Promise<SeenMessage> {
  const end = Date.now() + IN_EFFECT_WITHIN_MS;
  for (;;) {
    const messages = (await visitor.messages(as, 'dm')).filter(says(title));
    const seen = messages.find(says('is in effect in MuleSoft'));
    if (seen !== undefined) return seen;
    const late = messages.find(says('not in MuleSoft yet'));
    if (late !== undefined) throw new Unproven(`ALARM: ${late.text}`);
    if (Date.now() > end)
      throw new Unproven(`${title} is neither in effect nor alarmed after ${IN_EFFECT_WITHIN_MS / 1_000} s`);
    await sleep(50);
  }
}

const PAYMENTS = 'anypoint-payments-read';

export const journeys: Journey[] = [
  {
    name: 'Anypoint lags past 60 s',
    async run(visitor, say) {
      const reason = 'Renewing a certificate for INC-9001';
      await visitor.request('POST', '/anypoint/sim/lag', { ms: 66_000, team: 'Platform admins' });
      say('Anypoint is told to show writes to one team only after 66 s');
      await send(visitor, 'erik', { entitlement: 'platform-admin', seconds: 3_600, reason });
      const card = await cardWith(visitor, 'sam', reason);
      await Promise.all([visitor.click('sam', card, 'approve'), visitor.click('olga', card, 'approve')]);
      say('Erik asked for platform administration; Sam and Olga, two of two, approved');
      const alarm = await visitor.receives(
        'olga',
        'the alarm',
        says('Alarm: the grant of Anypoint platform'),
        {
          where: 'dm',
          ms: IN_EFFECT_WITHIN_MS,
        },
      );
      say('Alarm to the owner', { text: alarm.text });
      const seen = await visitor.receives(
        'erik',
        'in effect',
        (m) => says('Anypoint platform')(m) && says('is in effect')(m),
        { where: 'dm', ms: IN_EFFECT_WITHIN_MS },
      );
      const cleared = await visitor.receives('olga', 'the alarm cleared', says('Alarm cleared'));
      prove(await visitor.isInTeam('erik', 'Platform admins'), 'Anypoint has Erik in the team');
      say('Seen, and the alarm cleared', { seen: seen.text, alarm: cleared.text });
    },
  },
  {
    name: 'approved and seen',
    async run(visitor, say) {
      const reason = 'Looking into stuck orders for INC-4711';
      await send(visitor, 'ines', {
        entitlement: 'orders-api-read',
        seconds: 3_600,
        reason,
        ticket: 'INC-4711',
      });
      say('Ines, the intern, asked for the Orders API for an hour');
      const card = await cardWith(visitor, 'tom', reason);
      await visitor.click('tom', card, 'approve');
      say('Tom, her team lead, approved');
      const message = await inEffect(visitor, 'ines', 'Orders API');
      prove(await visitor.isInTeam('ines', READERS), `Anypoint has Ines in ${READERS}`);
      say('Ines reads that it is in effect, and Anypoint has her in the team', { message: message.text });
    },
  },
  {
    name: 'denied with a reason',
    async run(visitor, say) {
      const reason = 'I want to deploy the fix myself';
      await send(visitor, 'ines', { entitlement: 'orders-api-deploy', reason });
      const card = await cardWith(visitor, 'olga', reason);
      await visitor.clickAndFill('olga', card, 'deny', {
        reason: { reason: 'Interns deploy together with their lead.' },
      });
      say('Ines asked to deploy; Olga, the API owner, denied');
      const told = await visitor.receives('ines', 'the denial', (m) =>
        JSON.stringify(m.blocks).includes('Interns deploy together'),
      );
      prove(
        !(await visitor.isInTeam('ines', 'Orders API deployers')),
        'Anypoint does not have Ines among the deployers',
      );
      prove(
        !(await visitor.isInGroup('ines', 'anypoint-orders-deploy')),
        `${visitor.idp.nameOf('anypoint-orders-deploy')} does not have her in the group`,
      );
      say(
        `Ines reads the reason; nothing changed in ${visitor.idp.nameOf('anypoint-orders-deploy')} or Anypoint`,
        {
          message: told.text,
        },
      );
    },
  },
  {
    name: 'approved for less time and expired',
    async run(visitor, say) {
      const reason = 'Comparing message sizes before the release';
      await send(visitor, 'erik', { entitlement: 'orders-api-read', seconds: 86_400, reason });
      const card = await cardWith(visitor, 'olga', reason);
      await visitor.clickAndFill('olga', card, 'approve_less', { duration: { seconds: '10' } });
      say('Erik asked for a day; Olga approved ten seconds');
      await inEffect(visitor, 'erik', 'Orders API');
      prove(await visitor.isInTeam('erik', READERS), `Anypoint has Erik in ${READERS}`);
      say('In effect, and Anypoint has him in the team');
      const gone = await visitor.receives('erik', 'it is gone', says('is gone from MuleSoft'), {
        where: 'dm',
        ms: IN_EFFECT_WITHIN_MS,
      });
      prove(!(await visitor.isInTeam('erik', READERS)), `Anypoint no longer has Erik in ${READERS}`);
      prove(
        !(await visitor.isInGroup('erik', 'anypoint-orders-read')),
        `${visitor.idp.nameOf('anypoint-orders-read')} no longer has him in the group`,
      );
      say(`Expired: gone from ${visitor.idp.nameOf('anypoint-orders-read')} and Anypoint`, {
        message: gone.text,
      });
    },
  },
  {
    name: 'self-approval refused',
    async run(visitor, say) {
      const reason = 'Covering the night shift';
      await send(visitor, 'tom', { entitlement: 'orders-api-deploy', reason });
      const card = await cardWith(visitor, 'tom', reason);
      await visitor.click('tom', card, 'approve');
      const refusal = await visitor.receives(
        'tom',
        'the refusal',
        (m) => m.ephemeral && says('can’t decide on it')(m),
        'access-requests',
      );
      say('Tom asked and pressed Approve on his own card: refused, only he sees it', {
        message: refusal.text,
      });
      const others = (await visitor.messages('olga', 'access-requests')).filter((m) => m.ephemeral);
      prove(
        others.every((m) => !says('can’t decide on it')(m)),
        'nobody else sees the refusal',
      );
      prove(
        !(await visitor.isInGroup('tom', 'anypoint-orders-deploy')),
        `${visitor.idp.nameOf('anypoint-orders-deploy')} does not have Tom in the group`,
      );
      prove(
        !(await visitor.isInTeam('tom', 'Orders API deployers')),
        'Anypoint does not have Tom in the team',
      );
      say(`Nothing changed in ${visitor.idp.nameOf('anypoint-orders-deploy')} or Anypoint`);
    },
  },
  {
    name: 'two approvers racing',
    async run(visitor, say) {
      const reason = 'Checking refunds together with Payments';
      await send(visitor, 'ines', { entitlement: 'payments-api-read', seconds: 3_600, reason });
      const card = await cardWith(visitor, 'sam', reason);
      await Promise.all([visitor.click('sam', card, 'approve'), visitor.click('tom', card, 'approve')]);
      say('Sam and Tom pressed Approve at the same moment');
      await inEffect(visitor, 'ines', 'Payments API');
      const told = await visitor.until('the loser is told', async () => {
        for (const who of ['sam', 'tom']) {
          const found = (await visitor.messages(who, 'access-requests')).find(
            (m) => m.ephemeral && says('approved this already')(m),
          );
          if (found !== undefined) return { who, text: found.text };
        }
        return null;
      });
      const writes = (await visitor.requests(visitor.idp.writeOf('ines', PAYMENTS))).length;
      prove(writes === 1, `${visitor.idp.nameOf(PAYMENTS)} was written once (${writes} times)`);
      prove(await visitor.isInTeam('ines', 'Payments API readers'), 'Anypoint has Ines in the team');
      say(`One decided, the other was told who; ${visitor.idp.nameOf(PAYMENTS)} was written once`, {
        told: told.text,
        writes,
      });
    },
  },
];
