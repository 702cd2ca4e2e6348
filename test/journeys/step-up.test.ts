import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBrowser, type Page, signInBy } from '../../src/sandbox/browser.ts';
import { userIdIn } from '../../src/sandbox/consoles.ts';
import type { Stage } from '../stage.ts';
import { type Asked, buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;
let asked: Asked;
let count = 0;

beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage.close());

const userId = (key: string) => userIdIn(walk.directory.system, key);
const links: Record<string, string[]> = {};

/** Administration for eight hours, which the example policy lets be approved after a fresh sign-in alone. */
async function asksForLong(): Promise<Asked> {
  const reason = `long administration ${++count}`;
  asked = await walk.asks('erik', { entitlement: 'platform-admin', seconds: 28_800, reason });
  return asked;
}

async function takenBack(): Promise<void> {
  await walk.click('erik', await walk.statusOf('erik', asked.id), 'withdraw');
  await walk.becomes(asked.id, 'withdrawn');
}

/** Presses Approve. Answers the address that is whispered, and nobody else sees. */
async function approves(as: string): Promise<string> {
  const known = links[as] ?? [];
  await walk.click(as, asked.card, 'approve');
  const link = await walk.until('the link is whispered', async (saw) => {
    const whispers = (await walk.messages(as, 'access-requests')).filter((m) => m.ephemeral);
    const seen = [
      ...JSON.stringify(whispers.map((m) => m.blocks)).matchAll(/"url":"([^"]+\/step-up\/[^"]+)"/g),
    ];
    return saw(seen.map(([, url]) => url ?? '')).find((url) => !known.includes(url));
  });
  links[as] = [...known, link];
  return link;
}

const whispered = (as: string, words: string) =>
  walk.until(`${as} is told: ${words}`, async (saw) =>
    saw(await walk.whispers(as)).some((text) => text.includes(words)),
  );

/** The text of a page, without its markup. */
const textOf = ({ html }: Page) => html.replace(/<style>.*<\/style>/s, '').replace(/<[^>]+>/g, ' ');

async function isUndecided(): Promise<void> {
  const { state, approvals, decision } = await walk.change(asked.id);
  expect({ state, approvals, decision }).toEqual({ state: 'asking', approvals: [], decision: null });
}

const ends = async () =>
  (await walk.audit(asked.id)).filter((e) => e.type === 'stepUpEnded').map((e) => e.data);

test('two approvers sign in afresh, each for their own approval, and it is granted', async () => {
  await asksForLong();
  expect(wordsOf(await walk.cardNow(asked))).toContain('Whoever approves signs in afresh');
  const link = await approves('olga');
  await walk.cardSays(asked, 'sign-in of Olga Brandt');
  await isUndecided();
  const page = await createBrowser().open(link);
  expect(textOf(page)).toMatch(/Olga Brandt\s+pressed\s+Approve/);
  expect(textOf(page)).toMatch(/Erik Lind\s+gets\s+Anypoint platform administration\s*, for 8 hours/);

  const browser = createBrowser();
  const done = await signInBy(browser, link, { user: userId('olga') });
  expect(textOf(done)).toContain('Your approval counts');
  // A request that a browser sends twice finds the outcome of the first; elsewhere it is nothing.
  const replays = await Promise.all([browser.open(done.url), browser.open(done.url)]);
  for (const replay of replays) expect(textOf(replay)).toContain('Your approval counts');
  expect(textOf(await createBrowser().open(done.url))).toContain('begun in another browser');
  expect((await walk.change(asked.id)).state).toBe('asking');
  await signInBy(createBrowser(), await approves('sam'), { user: userId('sam') });
  const change = await walk.becomes(asked.id, 'inEffect');
  expect(change.approvals).toMatchObject([
    { name: 'Olga Brandt', stepUp: walk.directory.signIn.twoFactors },
    { name: 'Sam Whitaker', stepUp: { acr: walk.directory.signIn.twoFactors.acr } },
  ]);
  const given = (await walk.audit(asked.id)).filter((e) => e.type === 'approvalGiven');
  expect(given.map((e) => (e.data.approval as { stepUp: { at: string } }).stepUp.at)).toEqual([
    expect.stringMatching(/^\d{4}-/),
    expect.stringMatching(/^\d{4}-/),
  ]);
  // The same links again say what became of them, and change nothing.
  expect(textOf(await createBrowser().open(link))).toContain('Your approval counts');
  await walk.click('erik', await walk.statusOf('erik', asked.id), 'release');
  await walk.endsAs(asked.id, 'inEffect');
});

describe('with one request', () => {
  beforeAll(async () => {
    await asksForLong();
  });
  afterAll(() => takenBack());

  test('a stolen Slack session approves nothing: another person’s sign-in is refused, on record and told', async () => {
    const link = await approves('olga');
    const page = await signInBy(createBrowser(), link, { user: userId('ines') });
    expect(textOf(page)).toContain('somebody else signed in');
    expect(textOf(page)).toContain('tell your security team now');
    await isUndecided();
    expect((await ends()).at(-1)).toMatchObject({ why: 'otherPerson', signedInAs: userId('ines') });
    await whispered('olga', `${walk.directory.name} says that somebody else signed in, and not you`);
    // The link is void, also for the right person.
    expect(textOf(await createBrowser().open(link))).toContain('Not approved');
    expect((await walk.change(asked.id)).stepUps).toEqual([]);
  });

  test('with a password alone it is too weak', async () => {
    const page = await signInBy(createBrowser(), await approves('olga'), {
      user: userId('olga'),
      how: 'password',
    });
    expect(textOf(page)).toContain('weaker than policy asks for');
    await isUndecided();
    expect((await ends()).at(-1)).toMatchObject({ why: 'tooWeak' });
  });

  test('whoever did not finish signing in may try again with the same link', async () => {
    const link = await approves('olga');
    const cancelled = await signInBy(createBrowser(), link, { user: userId('olga'), how: 'cancel' });
    expect(textOf(cancelled)).toContain('You did not finish signing in');
    expect(textOf(cancelled)).toMatch(/try again .* minutes/);
    await isUndecided();
    expect((await createBrowser().open(link)).html).toContain(`Sign in with ${walk.directory.name}`);
  });

  test('previews, scanners and browsers that fetch ahead begin nothing and use nothing up', async () => {
    const link = await approves('olga');
    const states = async () =>
      (await walk.query('select state from step_ups where state is not null')).length;
    const before = await states();
    for (const agent of ['Slackbot-LinkExpanding 1.0', 'Slack-ImgProxy', 'Mozilla/5.0'])
      await createBrowser().open(link, { 'user-agent': agent });
    await fetch(link, { method: 'HEAD' });
    expect(await states()).toBe(before);
    // On the way back too: a copy of the answer that is fetched ahead is not taken for the person.
    const browser = createBrowser();
    const signIn = await browser.send(await browser.open(link), new URL(link).pathname);
    const callback = `${stage.latchkey.url}/step-up/callback?code=abc&state=${new URL(signIn.url).pathname}`;
    const ahead = await fetch(callback, { headers: { 'sec-purpose': 'prefetch;prerender' } });
    expect(ahead.status).toBe(503);
    const done = await browser.send(signIn, new URL(signIn.url).pathname, {
      user: userId('olga'),
      how: 'cancel',
    });
    expect(textOf(done)).toContain('You did not finish');
  });

  test('the identity provider’s address by itself, sent to somebody, gets nothing: the way back needs the same browser', async () => {
    const attackers = createBrowser();
    const link = await approves('olga');
    const signIn = await attackers.send(await attackers.open(link), new URL(link).pathname);
    // Olga is sent the address of the sign-in, and signs in there with her own browser.
    const [{ state, nonce, verifier } = {}] = await walk.query<Record<string, string>>(
      'select state, nonce, verifier from step_ups where state is not null order by begun_at desc limit 1',
    );
    expect(state).toMatch(/^[\w-]{40,}$/);
    const back = await createBrowser().open(`${stage.latchkey.url}/step-up/callback?code=x&state=${state}`);
    expect(textOf(back)).toContain('begun in another browser');
    await isUndecided();
    // None of what is secret stands in a page.
    for (const secret of [nonce, verifier]) expect(signIn.html + back.html).not.toContain(secret);
  });

  test('a state that nobody made is nothing', async () => {
    const url = `${stage.latchkey.url}/step-up/callback`;
    for (const query of ['', '?code=x', '?state=', '?code=x&state=forged', '?error=access_denied&state=1'])
      expect((await createBrowser().open(`${url}${query}`)).status, query).toBe(404);
    expect((await createBrowser().open(`${stage.latchkey.url}/step-up/nothing-like-it`)).status).toBe(404);
  });

  test('a code that is brought back twice, or is another’s, counts once at most', async () => {
    const link = await approves('olga');
    const browser = createBrowser();
    const signIn = await browser.send(await browser.open(link), new URL(link).pathname);
    const [{ state } = {}] = await walk.query<{ state: string }>(
      'select state from step_ups where state is not null order by begun_at desc limit 1',
    );
    const forged = await browser.open(
      `${stage.latchkey.url}/step-up/callback?code=made-up&state=${state}&iss=${encodeURIComponent(walk.directory.signIn.issuer)}`,
    );
    expect(textOf(forged)).toContain('used or too old');
    await isUndecided();
    const elsewhere = await browser.open(
      `${stage.latchkey.url}/step-up/callback?code=made-up&state=${state}&iss=https%3A%2F%2Felsewhere.example`,
    );
    expect(textOf(elsewhere)).toContain('not in a way that can be trusted');
    await isUndecided();
    expect(signIn.html).toContain('Sign in to Acme');
  });

  test('while the identity provider is away nothing counts, and the same link may be tried again', async () => {
    const link = await approves('olga');
    const browser = createBrowser();
    const signIn = await browser.send(await browser.open(link), new URL(link).pathname);
    await walk.fault({ ...walk.directory.calls.signInToken, kind: 'status', status: 503 });
    const away = await browser.send(signIn, new URL(signIn.url).pathname, {
      user: userId('olga'),
      how: 'twoFactors',
    });
    expect(away.status).toBe(503);
    expect(textOf(away)).toContain('could not be checked');
    expect(textOf(away)).toMatch(/try again .* minutes/);
    await isUndecided();
    await walk.heal();
    expect(textOf(await signInBy(browser, link, { user: userId('olga') }))).toContain('Your approval counts');
    expect((await walk.change(asked.id)).approvals).toHaveLength(1);
  });
});

test('whoever opens the link and did not press Approve says so, and the click is void', async () => {
  await asksForLong();
  const link = await approves('olga');
  const browser = createBrowser();
  const page = await browser.send(await browser.open(link), '/not-me');
  expect(textOf(page)).toContain('said that they had not pressed Approve');
  await isUndecided();
  await whispered('olga', 'somebody may be using your account');
  expect((await ends()).at(-1)).toMatchObject({ why: 'disowned' });
  await takenBack();
});

test('denying, taking back and ending need no sign-in', async () => {
  await asksForLong();
  await approves('olga');
  await walk.click('sam', asked.card, 'deny').catch(() => {});
  const form = await walk.until('the form opens', async () => await walk.topView('sam'));
  await walk.submit('sam', form, { reason: { reason: 'four hours are enough' } });
  await walk.becomes(asked.id, 'denied');
  // The sign-in that somebody was asked for is of no use any more, and says so.
  expect(textOf(await createBrowser().open(links.olga?.at(-1) ?? ''))).toContain(
    'Nothing waits for this sign-in any more',
  );
});

test('who clicks again gets another link, and the earlier one is of no use any more', async () => {
  await asksForLong();
  const first = await approves('olga');
  const second = await approves('olga');
  expect((await walk.change(asked.id)).stepUps).toHaveLength(1);
  expect(textOf(await createBrowser().open(first))).toContain('Nothing waits for this sign-in any more');
  expect((await createBrowser().open(second)).html).toContain(`Sign in with ${walk.directory.name}`);
  await takenBack();
});

test('after the sign-in everything is looked up again: who may not approve any more does not', async () => {
  await asksForLong();
  const link = await approves('sam');
  const browser = createBrowser();
  const signIn = await browser.send(await browser.open(link), new URL(link).pathname);
  await walk.directory.removes('security-officers', 'sam');
  const done = await browser.send(signIn, new URL(signIn.url).pathname, {
    user: userId('sam'),
    how: 'twoFactors',
  });
  expect(textOf(done)).toContain('You are not among those who may decide');
  await isUndecided();
  expect((await ends()).at(-1)).toMatchObject({ why: 'refused' });
  await walk.directory.adds('security-officers', 'sam');
  await takenBack();
});

test('after five minutes the click is void and whoever clicked is told', async () => {
  await asksForLong();
  const link = await approves('olga');
  await walk.query('update step_ups set expires_at = clock_timestamp() where ended_at is null');
  await walk.query(
    "update outbox set next_at = clock_timestamp() where job = 'settleStepUp' and done_at is null",
  );
  expect(textOf(await createBrowser().open(link))).toMatch(/five minutes/);
  await whispered('olga', 'nobody signed in within five minutes');
  expect((await ends()).at(-1)).toMatchObject({ why: 'expired' });
  await isUndecided();
  expect(buttonsOf(await walk.cardNow(asked))).toContain('approve');
  await takenBack();
});

describe('without a provider to sign in with', () => {
  let bare: Awaited<ReturnType<typeof setOut>>;
  beforeAll(async () => {
    bare = await setOut({ outside: { oidc: null } });
  });
  afterAll(() => bare.stage.close());

  test('what policy wants a sign-in for can’t be approved, and can be denied', async () => {
    const request = await bare.walk.asks('erik', {
      entitlement: 'platform-admin',
      seconds: 28_800,
      reason: 'no provider',
    });
    await bare.walk.click('olga', request.card, 'approve');
    await bare.walk.until('olga is told why', async (saw) =>
      saw(await bare.walk.whispers('olga')).some((text) =>
        text.includes('Latchkey is not connected for that. Nothing was decided.'),
      ),
    );
    expect(await bare.walk.auditTypes(request.id)).toContain('clickRefused');
    expect((await bare.walk.change(request.id)).approvals).toEqual([]);
    expect((await fetch(`${bare.stage.latchkey.url}/step-up/callback`)).status).toBe(404);
    await bare.walk.click('olga', request.card, 'deny');
    const form = await bare.walk.until('the form opens', async () => await bare.walk.topView('olga'));
    await bare.walk.submit('olga', form, { reason: { reason: 'not without a sign-in' } });
    await bare.walk.becomes(request.id, 'denied');
  });
});
