import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../core/change/change.ts';
import type { Latchkey } from '../../latchkey.ts';
import type { Elsewhere, Rotated } from '../secrets/elsewhere.ts';
import type { Visitor } from '../visitor.ts';
import { type Journey, prove, type Say } from './journeys.ts';
import { provenUse, rotateClientStates } from './rotated-uses.ts';

/** Who asks for the Orders API, each again and again, by a ticket; its owner approves. */
const load = ['ines', 'tom', 'sam'] as const;
const OWNER = 'olga';
const TICKET = 'INC-4711';
/** So long each has it: it comes and goes while secrets are rotated. */
const SECONDS = 10;
/** Between the two sides of a rotation: a person needs a moment to paste. */
const BETWEEN_MS = 700;
const LOOK_MS = 100;
const SETTLED_WITHIN_MS = 75_000;
/** The wrong value has the right form: only the other side can tell. */
const WRONG = 'wrongly-pasted-0123456789abcdef0123456789';

/** Every secret is rotated while people ask and get access: nothing fails, nothing is lost, nobody is alarmed. */
export function rotationJourney(elsewhere: Elsewhere, latchkey: Latchkey): Journey {
  return {
    name: 'every secret rotated under load',
    async run(visitor, say) {
      const asking = startLoad(visitor, latchkey);
      await sleep(1_500);
      for (const isOtherFirst of [true, false]) {
        const uses: Promise<void>[] = [];
        for (const setting of elsewhere.rotated) {
          await rotateOne(elsewhere, setting, isOtherFirst, say);
          const using = provenUse(setting, { visitor, latchkey, elsewhere, isFirst: isOtherFirst });
          using.catch(() => {});
          uses.push(using);
        }
        await Promise.race([Promise.all(uses), asking.broken]);
        say(`Each of the ${uses.length} was used with its new value`);
      }
      if (elsewhere.rotated.some((setting) => /^(ENTRA|GRAPH)_/.test(setting)))
        await rotateClientStates(visitor, latchkey, say);
      await wrongOne(elsewhere, say);
      const reasons = await asking.stop();
      const changes = await changesOf(latchkey);
      const asked = changes.filter((one) => reasons.includes(one.reason ?? '') && !isAskedTwice(one));
      const lost = reasons.length - asked.length;
      const failed = changes.filter(({ state }) => state === 'failed').length;
      const alarms = await alarmsOf(latchkey);
      say(`${asked.length} changes asked for, approved, in effect and gone again meanwhile`, {
        failed,
        lost,
        alarms,
      });
      prove(asked.length >= load.length, `there was a load (${asked.length} changes)`);
      prove(failed === 0, `no change failed (${failed})`);
      prove(lost === 0, `no change was lost (${lost})`);
      prove(alarms === 0, `nobody was alarmed (${alarms})`);
      const late = asked.filter(({ state }) => state !== 'ended').map(({ state }) => state);
      prove(late.length === 0, `each has come to its end (${late.join(', ')})`);
    },
  };
}

/** `isOtherFirst`: the other side is changed before the store, else after it; with a moment between. */
async function rotateOne(
  elsewhere: Elsewhere,
  setting: Rotated,
  isOtherFirst: boolean,
  say: Say,
): Promise<void> {
  if (isOtherFirst) {
    const value = await elsewhere.turn(setting);
    await sleep(BETWEEN_MS);
    elsewhere.store(setting, value);
  } else {
    // Both at the same moment, and the other side takes the old value no more.
    elsewhere.store(setting, await elsewhere.turn(setting));
  }
  await sleep(BETWEEN_MS);
  say(
    `${setting} is rotated, ${isOtherFirst ? 'there first and then in the store' : 'on both sides at once'}`,
  );
}

/** A wrong value is put into the store: it is refused, the one before it is used, and the setting is named. */
async function wrongOne({ book, store, values, rotated }: Elsewhere, say: Say): Promise<void> {
  const setting = rotated.includes('OKTA_API_TOKEN') ? 'OKTA_API_TOKEN' : 'ENTRA_CLIENT_SECRET';
  const right = values()[setting] ?? '';
  store(setting, WRONG);
  await book.readAll();
  const troubleOf = () => book.states().find(({ name }) => name === setting)?.trouble ?? null;
  const trouble = await within(() => troubleOf());
  prove(
    /newest version .* put the right value into secret:\/\/aws/.test(trouble),
    'it is named, with the way out',
  );
  prove(!trouble.includes(WRONG), 'its value is not said');
  say(`A wrong value is stored for ${setting}, and work goes on. It ${trouble}`);
  store(setting, right);
  await book.readAll();
  prove(troubleOf() === null, 'with the right value there is nothing to say any more');
  say('The right value is put back, and is used');
}

async function within(look: () => string | null): Promise<string> {
  for (const end = Date.now() + SETTLED_WITHIN_MS; Date.now() < end; await sleep(LOOK_MS)) {
    const found = look();
    if (found !== null) return found;
  }
  throw new Error('nothing was said in time');
}

type Load = {
  /** Waits for what is under way, and answers the reasons of all that was asked. */
  stop: () => Promise<string[]>;
  /** Rejects when somebody can’t go on. */
  broken: Promise<never>;
};

function startLoad(visitor: Visitor, latchkey: Latchkey): Load {
  const reasons: string[] = [];
  let isOver = false;
  const loops = load.map(async (who) => {
    for (let n = 1; !isOver; n += 1) {
      const reason = `Change ${n} of ${who}, while secrets are rotated`;
      const ask = { entitlement: 'orders-api-read', seconds: SECONDS, reason, ticket: TICKET };
      // Slack gives a form three seconds to open. In the moment in which its token changes one types the command again.
      const asked = await visitor.ask(who, ask).catch(() => visitor.ask(who, ask));
      prove(asked.sent, `the form is accepted (${JSON.stringify(asked)})`);
      reasons.push(reason);
      const card = await visitor.card(OWNER, (m) => JSON.stringify(m.blocks).includes(reason));
      await visitor.click(OWNER, card, 'approve');
      await isEnded(latchkey, reason);
    }
  });
  const broken = new Promise<never>((_, reject) => {
    for (const one of loops) one.catch(reject);
  });
  // A loop that fails is told of where it is waited for, not as an unhandled rejection.
  broken.catch(() => {});
  return {
    broken,
    async stop() {
      isOver = true;
      await Promise.all(loops);
      return reasons;
    },
  };
}

/** Its grant is over, and whatever takes it away has been seen. */
async function isEnded(latchkey: Latchkey, reason: string): Promise<void> {
  let states = '';
  for (const end = Date.now() + SETTLED_WITHIN_MS; Date.now() < end; await sleep(LOOK_MS)) {
    const all = await changesOf(latchkey);
    const grant = all.find((change) => change.reason === reason && !isAskedTwice(change));
    const revoke = all.find(({ id }) => id === grant?.revokeId);
    states = `grant ${grant?.state}, revoke ${revoke?.state}`;
    if (grant?.state === 'ended' && revoke?.state === 'inEffect') return;
    if (grant?.state === 'failed') break;
  }
  throw new Error(`“${reason}” has not come to its end: ${states}`);
}

/** Whoever typed the command again may have asked twice: the later takes over from the earlier. */
function isAskedTwice({ state }: Change): boolean {
  return state === 'superseded';
}

async function changesOf({ context }: Latchkey): Promise<Change[]> {
  return (await context.db.selectFrom('changes').select('doc').execute()).map(({ doc }) => doc as Change);
}

async function alarmsOf({ context }: Latchkey): Promise<number> {
  const rows = await context.db.selectFrom('audit').select('type').where('type', '=', 'changeLate').execute();
  return rows.length;
}
