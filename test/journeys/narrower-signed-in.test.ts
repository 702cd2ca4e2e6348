import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey } from '../../src/core/ids.ts';
import { createBrowser, type Page, signInBy } from '../../src/sandbox/browser.ts';
import { userIdIn } from '../../src/sandbox/consoles.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut } from './journey.ts';

const EIGHT_HOURS = 28_800;

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      // What is critical for more than four hours wants a fresh sign-in, by the example policy.
      entitlements: catalogue.entitlements.map((e) =>
        e.key === 'orders-api-read'
          ? { ...e, narrower: ['dashboards-view' as EntitlementKey] }
          : e.key === 'dashboards-view'
            ? {
                ...e,
                tier: 'critical',
                birthright: null,
                durationsSeconds: [10_800, EIGHT_HOURS, e.defaultSeconds],
              }
            : e,
      ),
    }),
  }));
  await walk.isQuiet();
  // From where it is not known, two would have to decide.
  for (const key of ['erik', 'ines']) await walk.directory.signsIn(key, 'Germany');
});
afterAll(() => stage?.close());

const userId = (key: string) => userIdIn(walk.directory.system, key);
const textOf = ({ html }: Page) => html.replace(/<style>.*<\/style>/s, '').replace(/<[^>]+>/g, ' ');
const used = new Set<string>();

/** Olga gives the narrower one. Answers the address that is whispered to her. */
async function narrows(asked: Asked): Promise<string> {
  const sent = await walk.clickAndFill('olga', asked.card, 'approve_less', {
    duration: { seconds: String(EIGHT_HOURS) },
    narrower: { narrower: 'dashboards-view' },
  });
  expect(sent).toMatchObject({ sent: true });
  const link = await walk.until('the link is whispered', async (saw) => {
    const whispers = (await walk.messages('olga', 'access-requests')).filter((m) => m.ephemeral);
    const found = [
      ...JSON.stringify(whispers.map((m) => m.blocks)).matchAll(/"url":"([^"]+\/step-up\/[^"]+)"/g),
    ];
    return saw(found.map(([, url]) => url ?? '')).find((url) => !used.has(url));
  });
  used.add(link);
  return link;
}

async function isAsAsked({ id }: Asked) {
  const { state, entitlementKey, approvals, narrowed } = await walk.change(id);
  expect({ state, entitlementKey, approvals, narrowed }).toEqual({
    state: 'asking',
    entitlementKey: 'orders-api-read',
    approvals: [],
    narrowed: undefined,
  });
}

test('a narrower one that wants a sign-in is given once that has succeeded, and nothing is narrowed before', async () => {
  // given
  const asked = await walk.asks('erik', {
    entitlement: 'orders-api-read',
    seconds: 86_400,
    reason: 'A look at the dashboards would do',
  });

  // when Olga approves the narrower one
  const link = await narrows(asked);

  // then it waits for her sign-in, and the page says what she gives
  await isAsAsked(asked);
  await walk.cardSays(asked, 'sign-in of Olga Brandt');
  expect(textOf(await createBrowser().open(link))).toMatch(
    /Erik Lind\s+gets\s+Anypoint: see the dashboards\s*, for 8 hours\s*, instead of Orders API: read logs/,
  );

  // when somebody else signs in, who has her Slack session
  const page = await signInBy(createBrowser(), link, { user: userId('ines') });

  // then nothing is given
  expect(textOf(page)).toContain('somebody else signed in');
  await isAsAsked(asked);

  // when she signs in herself
  const done = await signInBy(createBrowser(), await narrows(asked), { user: userId('olga') });

  // then it is narrowed and given, with her sign-in on record, and the link used again changes nothing
  expect(textOf(done)).toContain('Your approval counts');
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(change).toMatchObject({
    entitlementKey: 'dashboards-view',
    narrowed: { from: { key: 'orders-api-read' }, name: 'Olga Brandt' },
    approvals: [{ name: 'Olga Brandt', stepUp: { acr: walk.directory.signIn.twoFactors.acr } }],
  });
  expect(await walk.isInGroup('erik', 'anypoint-dashboards')).toBe(true);
  expect(await walk.isInGroup('erik', 'anypoint-orders-read')).toBe(false);
  expect(await walk.auditTypes(asked.id)).toEqual(
    expect.arrayContaining(['stepUpAsked', 'stepUpEnded', 'requestNarrowed', 'approvalGiven']),
  );
});

test('what is so by the time of the sign-in counts: by then they have the narrower one already', async () => {
  // given
  const asked = await walk.asks('ines', {
    entitlement: 'orders-api-read',
    seconds: 86_400,
    reason: 'Both at once',
  });
  const link = await narrows(asked);
  await walk.isGiven('ines', { entitlement: 'dashboards-view', seconds: 10_800, reason: 'By itself' });

  // when
  const done = await signInBy(createBrowser(), link, { user: userId('olga') });

  // then
  expect(textOf(done)).toContain('they have it already');
  await isAsAsked(asked);
  expect((await walk.change(asked.id)).stepUps).toEqual([]);

  // and the request is settled otherwise
  await walk.click('tom', asked.card, 'approve');
  expect((await walk.becomes(asked.id, 'inEffect')).entitlementKey).toBe('orders-api-read');
});
