import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrowser, type Page, signInBy } from '../../src/sandbox/browser.ts';
import { userIdIn } from '../../src/sandbox/consoles.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut } from './journey.ts';

const REASON = 'long administration, with Entra';

let stage: Stage;
let walk: Journey;
let asked: Asked;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'entra' }));
  asked = await walk.asks('erik', { entitlement: 'platform-admin', seconds: 28_800, reason: REASON });
});
afterAll(() => stage.close());

const seen: string[] = [];
async function approves(as: string): Promise<string> {
  await walk.click(as, asked.card, 'approve');
  const link = await walk.until('the link is whispered', async () => {
    const whispers = (await walk.messages(as, 'access-requests')).filter((m) => m.ephemeral);
    const links = [...JSON.stringify(whispers).matchAll(/"url":"([^"]+\/step-up\/[^"]+)"/g)];
    return links.map(([, url]) => url ?? '').find((url) => !seen.includes(url));
  });
  seen.push(link);
  return link;
}
const textOf = ({ html }: Page) => html.replace(/<style>.*<\/style>/s, '').replace(/<[^>]+>/g, ' ');
const user = (key: string) => userIdIn('entra', key);

test('an authentication context is asked for: a password alone does not reach it, and a second factor does', async () => {
  // given
  const link = await approves('olga');
  const browser = createBrowser();
  const page = await browser.open(link);

  // when
  const weak = await signInBy(browser, link, { user: user('olga'), how: 'password' });
  const strong = await signInBy(createBrowser(), await approves('olga'), { user: user('olga') });

  // then
  expect(page.html).toContain('Sign in with Entra');
  expect(textOf(weak)).toContain('weaker than policy asks for');
  expect(textOf(strong)).toContain('Your approval counts');
  expect((await walk.change(asked.id)).approvals).toMatchObject([
    { name: 'Olga Brandt', stepUp: { acr: 'c1' } },
  ]);
});

test('the person is known by the object id: the sign-in of somebody else is refused, and it is said who it was', async () => {
  // when
  const page = await signInBy(createBrowser(), await approves('sam'), { user: user('ines') });

  // then
  expect(textOf(page)).toContain('Entra says that somebody else signed in');
  const ends = (await walk.audit(asked.id)).filter(({ type }) => type === 'stepUpEnded');
  expect(ends.at(-1)?.data).toMatchObject({ why: 'otherPerson', signedInAs: user('ines') });
});
