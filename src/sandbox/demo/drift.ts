import { elapsedInWords } from '../../core/duration.ts';
import type { SeenMessage, Visitor } from '../visitor.ts';
import { type Journey, prove } from './journeys.ts';

const GROUP = 'anypoint-orders-deploy';
const TEAM = 'Orders API deployers';
const ADMIN_GROUP = 'anypoint-platform-admin';
/** Long enough that Okta's System Log tells nothing while the demo runs. */
const SILENT_MS = 3_600_000;
const PATIENCE_MS = 75_000;
const CARDS = 'access-requests';

type EventSources = { scim: boolean; hook: boolean };

/** Only these event sources of Okta tell Latchkey anything; what the others send is lost. */
async function tellOnlyBy(visitor: Visitor, { scim, hook }: EventSources): Promise<void> {
  await visitor.request('POST', '/okta/sim/push', { drop: scim ? 'none' : 'all' });
  await visitor.request('POST', '/okta/sim/hooks', { lose: !hook });
  await visitor.request('POST', '/okta/sim/log', { lagMs: SILENT_MS });
}

const byHand = (visitor: Visitor, key: string, group = GROUP) =>
  visitor.request('POST', `/okta/sim/groups/${group}/members/${key}`);

type Found = { card: SeenMessage & { channel: string }; words: string; tookMs: number };

/** The card of what was found about somebody, and how long it took since the change by hand. */
async function foundCard(visitor: Visitor, name: string, since: number): Promise<Found> {
  return await visitor.until(
    `a card about ${name}`,
    async () => {
      const cards = await visitor.messages('olga', CARDS);
      const card = cards.find(
        (m) => m.text.startsWith(`${name}:`) && JSON.stringify(m.blocks).includes('nobody asked for it here'),
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
 * `npm run demo -- drift`: an administrator is added by hand in Okta three times. They are found by SCIM push, by event
 * hook alone, and by comparing alone. One is reverted, one kept, one reverted by rule. `compare` runs the comparison
 * that comes by itself every few minutes.
 */
export function driftJourney(compare: () => Promise<unknown>): Journey {
  return {
    name: 'drift',
    async run(visitor, say) {
      await visitor.until('Okta has pushed its groups', async () => {
        const { pending } = await visitor.request<{ pending: number }>('GET', '/okta/sim/push');
        return pending === 0;
      });
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
  const found = await foundCard(visitor, 'Erik Lind', since);
  prove(found.words.includes('told by a SCIM push'), 'the SCIM push told it');
  await visitor.until('Anypoint has Erik in the team', () => visitor.isInTeam('erik', TEAM), PATIENCE_MS);
  say(
    `Erik, added by hand to ${GROUP}, found by SCIM push after ${inWords(found.tookMs)}; Anypoint has him in the team`,
    { foundMs: Math.round(found.tookMs), inAnypoint: true },
  );

  await visitor.click('olga', found.card, 'revert');
  const tookMs = await cardSays(visitor, found, 'gone from MuleSoft');
  prove(!(await visitor.isInTeam('erik', TEAM)), 'Anypoint no longer has Erik in the team');
  prove(!(await visitor.isInGroup('erik', GROUP)), 'Okta no longer has Erik in the group');
  say(`Olga reverted it: gone from Okta and Anypoint after ${inWords(tookMs)}`, {
    goneMs: Math.round(tookMs),
    inAnypoint: false,
  });
}

async function byHookAlone(visitor: Visitor, say: Say): Promise<void> {
  await tellOnlyBy(visitor, { scim: false, hook: true });
  const since = performance.now();
  await byHand(visitor, 'tom');
  const found = await foundCard(visitor, 'Tom Okafor', since);
  prove(found.words.includes('told by an Okta event hook'), 'the event hook alone told it');
  prove(found.words.includes('done by Okta administrator'), 'the card names who did it');
  prove(!(await visitor.isInTeam('tom', TEAM)), 'no push came, so Anypoint does not have Tom');
  say(
    `Tom, added by hand while SCIM pushes are lost, found by event hook alone after ${inWords(found.tookMs)}`,
    { foundMs: Math.round(found.tookMs), inAnypoint: false },
  );

  // Kept is granted: Okta has to push it, so its pushes arrive again.
  await tellOnlyBy(visitor, { scim: true, hook: true });
  // To keep it takes both whom the catalogue takes to give it.
  await visitor.click('olga', found.card, 'approve');
  await cardSays(visitor, found, 'still needed: manager');
  await visitor.click('sofia', found.card, 'approve');
  await visitor.request('POST', '/okta/sim/push-now', { group: GROUP });
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
  say('Nadia and a platform administrator, Sam, are added by hand; no event source of Okta tells it');
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
  prove(!(await visitor.isInGroup('nadia', GROUP)), 'Okta no longer has Nadia in the group');
  prove(!(await visitor.isInTeam('nadia', TEAM)), 'Anypoint does not have Nadia in the team');
  say(`Olga reverted Nadia’s: gone after ${inWords(tookMs)}`, {
    goneMs: Math.round(tookMs),
    inAnypoint: false,
  });
}
