import { elapsedInWords } from '../../core/duration.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const GROUP = 'anypoint-orders-deploy';
const TEAM = 'Orders API deployers';
const ADMIN_GROUP = 'anypoint-platform-admin';
/** Long enough that Okta's System Log tells nothing while the demo runs. */
const SILENT_MS = 3_600_000;
const PATIENCE_MS = 75_000;
/** So long is nothing asked when a look is over. */
const STILL_MS = 3_000;
const CARDS = 'access-requests';

type EventSources = { scim: boolean; hook: boolean };
/** What drift is made with and found by at one identity provider. */
type There = {
  /** Nothing of the start is under way any more. */
  isSettled(visitor: Visitor): Promise<unknown>;
  tellOnlyBy(visitor: Visitor, sources: EventSources): Promise<unknown>;
  byHand(visitor: Visitor, key: string, group: string): Promise<unknown>;
  /** What is pushed by SCIM is pushed now. */
  pushes(visitor: Visitor, group: string): Promise<unknown>;
  /** The event sources, and who is said to have done it, as a card has them. */
  scim: string;
  hook: string;
  whoDid: string;
};

const post = (visitor: Visitor, path: string, body?: unknown) => visitor.request('POST', path, body);

const places: Record<'okta' | 'entra', There> = {
  okta: {
    isSettled: (visitor) =>
      visitor.until('Okta has pushed its groups', async () => {
        const { pending } = await visitor.request<{ pending: number }>('GET', '/okta/sim/push');
        return pending === 0;
      }),
    async tellOnlyBy(visitor, { scim, hook }) {
      await post(visitor, '/okta/sim/push', { drop: scim ? 'none' : 'all' });
      await post(visitor, '/okta/sim/hooks', { lose: !hook });
      await post(visitor, '/okta/sim/log', { lagMs: SILENT_MS });
    },
    byHand: (visitor, key, group) => post(visitor, `/okta/sim/groups/${group}/members/${key}`),
    pushes: (visitor, group) => post(visitor, '/okta/sim/push-now', { group }),
    scim: 'a SCIM push',
    hook: 'an Okta event hook',
    whoDid: 'Okta administrator',
  },
  entra: {
    // Latchkey subscribes, and looks at each group once: what it compares then nobody has told it.
    async isSettled(visitor) {
      let looks = { n: 0, since: performance.now() };
      await visitor.until(
        'Latchkey has subscribed in Entra, and looked at its groups',
        async () => {
          const all = await visitor.request<unknown[]>('GET', '/entra/sim/subscriptions');
          const asked = await visitor.request<string[]>('GET', '/entra/sim/requests');
          const n = asked.filter((line) => /^GET \/groups\/[^/]+\/members/.test(line)).length;
          if (n !== looks.n) looks = { n, since: performance.now() };
          return all.length > 0 && n > 0 && performance.now() - looks.since > STILL_MS;
        },
        PATIENCE_MS,
      );
    },
    async tellOnlyBy(visitor, { scim, hook }) {
      await post(visitor, '/entra/sim/sync', { isPaused: !scim });
      // Delta queries find what a notification told; both are silent.
      await post(visitor, '/entra/sim/settings', {
        lose: !hook,
        refuse: hook ? null : { status: 503, below: '/groups/delta' },
      });
    },
    byHand: (visitor, key, group) =>
      post(visitor, '/entra/sim/members', { group, key, isMember: true, by: 'sam' }),
    pushes: (visitor) => post(visitor, '/entra/sim/sync/run'),
    scim: 'a SCIM push',
    hook: 'a Graph change notification',
    whoDid: 'Sam Whitaker',
  },
};

const placeOf = (visitor: Visitor, group = GROUP) => places[visitor.idp.systemOf(group)];

/** Only these event sources tell Latchkey anything; what the others send is lost. */
async function tellOnlyBy(visitor: Visitor, sources: EventSources): Promise<void> {
  for (const system of visitor.idp.systems) await places[system].tellOnlyBy(visitor, sources);
}

const byHand = (visitor: Visitor, key: string, group = GROUP) =>
  placeOf(visitor, group).byHand(visitor, key, group);

type Found = { card: SeenMessage & { channel: string }; words: string; tookMs: number };

/** The card of what was found about somebody, and how long it took since the change by hand. */
async function foundCard(visitor: Visitor, name: string, since: number): Promise<Found> {
  return await visitor.until(
    `a card about ${name}`,
    async () => {
      const cards = await visitor.messages('olga', CARDS);
      const card = cards.find(
        (m) =>
          m.text.startsWith(`${name} is in `) &&
          JSON.stringify(m.blocks).includes('nobody asked for it here'),
      );
      if (card === undefined) return null;
      return { card, words: JSON.stringify(card.blocks), tookMs: performance.now() - since };
    },
    PATIENCE_MS,
  );
}

/** Waits until the card says this; answers how long that took. */
async function cardSays(visitor: Visitor, { card }: Found, words: string): Promise<number> {
  const since = performance.now();
  await visitor.until(
    `the card says: ${words}`,
    async () =>
      (await visitor.messages('olga', CARDS)).some(
        (m) => m.ts === card.ts && JSON.stringify(m.blocks).includes(words),
      ),
    PATIENCE_MS,
  );
  return performance.now() - since;
}

const inWords = (ms: number) => elapsedInWords(Math.round(ms));

/**
 * `npm run demo -- drift`: somebody is added by hand in the identity provider three times. They are found by SCIM push, by its
 * event hook or notification alone, and by comparing alone. One is reverted, one kept, one reverted by rule. `compare` runs the comparison
 * that comes by itself every few minutes.
 */
export function driftJourney(compare: () => Promise<unknown>): Journey {
  return {
    name: 'drift',
    async run(visitor, say) {
      for (const system of visitor.idp.systems) await places[system].isSettled(visitor);
      // Before anything is lost, so that everybody is known to the mirror.
      await byScimPush(visitor, say);
      await byHookAlone(visitor, say);
      await byComparingAlone(visitor, say, compare);
    },
  };
}

type Say = Parameters<Journey['run']>[1];

async function byScimPush(visitor: Visitor, say: Say): Promise<void> {
  await tellOnlyBy(visitor, { scim: true, hook: false });
  const since = performance.now();
  await byHand(visitor, 'erik');
  await placeOf(visitor).pushes(visitor, GROUP);
  const found = await foundCard(visitor, 'Erik Lind', since);
  const { scim } = placeOf(visitor);
  prove(found.words.includes(`told by ${scim}`), 'the SCIM push told it');
  await visitor.until('Anypoint has Erik in the team', () => visitor.isInTeam('erik', TEAM), PATIENCE_MS);
  say(
    `Erik, added by hand to ${GROUP}, found by SCIM push after ${inWords(found.tookMs)}; Anypoint has him in the team`,
    { foundMs: Math.round(found.tookMs), inAnypoint: true },
  );

  await visitor.click('olga', found.card, 'revert');
  const tookMs = await cardSays(visitor, found, 'gone from MuleSoft');
  prove(!(await visitor.isInTeam('erik', TEAM)), 'Anypoint no longer has Erik in the team');
  prove(
    !(await visitor.isInGroup('erik', GROUP)),
    `${visitor.idp.nameOf(GROUP)} no longer has Erik in the group`,
  );
  say(`Olga reverted it: gone from ${visitor.idp.nameOf(GROUP)} and Anypoint after ${inWords(tookMs)}`, {
    goneMs: Math.round(tookMs),
    inAnypoint: false,
  });
}

async function byHookAlone(visitor: Visitor, say: Say): Promise<void> {
  await tellOnlyBy(visitor, { scim: false, hook: true });
  const since = performance.now();
  await byHand(visitor, 'tom');
  const found = await foundCard(visitor, 'Tom Okafor', since);
  const { hook, whoDid, pushes } = placeOf(visitor);
  prove(found.words.includes(`told by ${hook}`), `${hook} alone told it`);
  await cardSays(visitor, found, whoDid);
  prove(!(await visitor.isInTeam('tom', TEAM)), 'no push came, so Anypoint does not have Tom');
  say(
    `Tom, added by hand while SCIM pushes are lost, found by ${hook} alone after ${inWords(found.tookMs)}`,
    { foundMs: Math.round(found.tookMs), inAnypoint: false },
  );

  // Kept is granted: it has to be pushed, so its pushes arrive again.
  await tellOnlyBy(visitor, { scim: true, hook: true });
  // To keep it takes both whom the catalogue takes to give it.
  await visitor.click('olga', found.card, 'approve');
  await cardSays(visitor, found, 'still needed: manager');
  await visitor.click('sofia', found.card, 'approve');
  await pushes(visitor, GROUP);
  const tookMs = await cardSays(visitor, found, 'In effect in MuleSoft');
  prove(await visitor.isInTeam('tom', TEAM), 'Anypoint has Tom in the team');
  say(`Olga and Sofia kept it: a grant with an end, in effect in Anypoint after ${inWords(tookMs)}`, {
    inEffectMs: Math.round(tookMs),
    inAnypoint: true,
  });
}

async function byComparingAlone(visitor: Visitor, say: Say, compare: () => Promise<unknown>): Promise<void> {
  await tellOnlyBy(visitor, { scim: false, hook: false });
  await byHand(visitor, 'nadia');
  await byHand(visitor, 'sam', ADMIN_GROUP);
  say(
    `Nadia and a platform administrator, Sam, are added by hand; no event source of ${visitor.idp.name} tells it`,
  );
  const since = performance.now();
  await compare();
  const found = await foundCard(visitor, 'Nadia Haddad', since);
  prove(found.words.includes('told by comparing the groups'), 'comparing alone told it');
  say(`Nadia found by comparing alone, ${inWords(found.tookMs)} after it began`, {
    foundMs: Math.round(found.tookMs),
  });

  await visitor.until(
    'Sam is taken out by rule',
    async () => !(await visitor.isInGroup('sam', ADMIN_GROUP)),
    PATIENCE_MS,
  );
  const told = await visitor.receives(
    'olga',
    'that it is taken away',
    (m) => m.text.includes('Anypoint platform administration') && m.text.includes('is gone from MuleSoft'),
    { where: CARDS, ms: PATIENCE_MS },
  );
  prove(!(await visitor.isInTeam('sam', 'Platform admins')), 'Anypoint does not have Sam in the team');
  say('Sam was taken out again at once, as the catalogue says for platform administrators', {
    text: told.text,
    inAnypoint: false,
  });

  await visitor.click('olga', found.card, 'revert');
  const tookMs = await cardSays(visitor, found, 'Ended: nobody asked for it');
  prove(
    !(await visitor.isInGroup('nadia', GROUP)),
    `${visitor.idp.nameOf(GROUP)} no longer has Nadia in the group`,
  );
  prove(!(await visitor.isInTeam('nadia', TEAM)), 'Anypoint does not have Nadia in the team');
  say(`Olga reverted Nadia’s: gone after ${inWords(tookMs)}`, {
    goneMs: Math.round(tookMs),
    inAnypoint: false,
  });
}
