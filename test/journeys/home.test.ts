import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;

const orders = 'orders-api-read';
const GIVES = 'read access to the Orders API';

beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(async () => stage.close());

async function homeOf(as: string): Promise<SeenView | null> {
  return (await walk.request<{ home: SeenView | null }>('GET', `/slack/sim/workspace?as=${as}`)).home;
}

async function opens(as: string): Promise<string> {
  await walk.request('POST', '/slack/sim/home', { as });
  return await homeSays(as, /Your access to MuleSoft/);
}

/** Waits until their Home says this; it is not opened again. */
async function homeSays(as: string, words: string | RegExp, not?: RegExp): Promise<string> {
  return await walk.until(`the Home of ${as} says ${words}`, async () => {
    const home = await homeOf(as);
    const said = home === null ? '' : wordsOf({ blocks: home.blocks });
    const isSaid = typeof words === 'string' ? said.includes(words) : words.test(said);
    return isSaid && !not?.test(said) && said;
  });
}

async function presses(as: string, actionId: string): Promise<void> {
  const home = await walk.until(`${actionId} on the Home of ${as}`, async () => {
    const now = await homeOf(as);
    return JSON.stringify(now?.blocks ?? []).includes(`"action_id":"${actionId}"`) && now;
  });
  await walk.request('POST', '/slack/sim/view/action', { as, viewId: home.id, actionId });
}

test('the Home of somebody new says what to do first', async () => {
  const said = await opens('erik');
  expect(said).toMatch(/You have no access through Latchkey[\s\S]*Press \*Ask for access\*/);
  expect(said).not.toMatch(/For admins|Waiting for you/);
});

test('what is asked shows on the Homes of requester and approver without opening them again, and is decided there', async () => {
  // given
  await opens('ines');
  await opens('tom');

  // when
  const asked = await walk.asks('ines', { entitlement: orders, reason: 'Look at INC-1' });

  // then
  const waits = await homeSays('tom', 'Waiting for you: 1');
  expect(waits).toMatch(/<@U\w+> asks for Orders API: read logs and messages in prod for 1 day/);
  expect(waits).toContain(GIVES);
  expect(waits).toContain('Look at INC-1');
  expect(waits).toMatch(/archives\/C\w+\/p\d+\|Open the card>/);
  await homeSays('ines', /Your open requests: 1[\s\S]*Waiting for <@U\w+>/);

  // when the approver decides on their Home
  await presses('tom', 'approve');

  // then
  await walk.becomes(asked.id, 'inEffect');
  await homeSays('tom', 'Your access to MuleSoft', /Waiting for you/);
  const has = await homeSays('ines', 'You have: 1', /on its way|Waiting for/);
  expect(has).toContain(`Gives ${GIVES}`);
  expect(has).toMatch(/\*Until <!date\^\d+\^/);
  expect(has).not.toContain('Your open requests');

  // when it is given back there
  await presses('ines', 'release');

  // then
  await walk.endsAs(asked.id, 'inEffect');
  await homeSays(
    'ines',
    /In the last 30 days: 1[\s\S]*Ended: given back early; gone from MuleSoft after/,
    /You have: /,
  );

  // when it is asked for again
  await presses('ines', 'ask_again');
  const form = await walk.until(
    'the form',
    async () => (await walk.workspace('ines')).views.find((v) => v.callback_id === 'request') ?? null,
  );
  expect(JSON.stringify(form.blocks)).toContain(
    `"initial_option":{"text":{"type":"plain_text","text":"Orders API`,
  );
  expect(JSON.stringify(form.blocks)).toContain(`duration:${orders}`);
});

test('an admin sees what is open; a guest is told why and whom to ask, and is offered nothing', async () => {
  const admin = await opens('sofia');
  expect(admin).toMatch(/For admins[\s\S]*Findings that wait: \*\d+\*/);

  const guest = await opens('gus');
  expect(guest).toContain('Guest accounts can’t ask for access');
  expect(guest).toMatch(/Who looks after Latchkey here: <@U\w+>, <@U\w+>/);
  expect(JSON.stringify((await homeOf('gus'))?.blocks)).not.toContain('"button"');
});

test('with 2,000 requests that wait for one approver, the tab is there page by page', async () => {
  // given
  const asked = await walk.asks('ines', { entitlement: orders, reason: 'One of very many' });
  await walk.query(
    `with made as (
      insert into people (id, email, login, name, status)
      select gen_random_uuid(), 'p' || n || '@acme.example', 'p' || n || '@acme.example', 'Person ' || n, 'active'
      from generate_series(1, 2000) n returning id
    ), numbered as (select id, gen_random_uuid() as change_id from made)
    insert into changes (id, state, version, kind, entitlement_key, person_id, requester_id, requested_at, lapses_at, doc)
    select n.change_id, c.state, c.version, c.kind, c.entitlement_key, n.id, n.id, c.requested_at, c.lapses_at,
      c.doc || jsonb_build_object('id', n.change_id, 'personId', n.id, 'requesterId', n.id)
    from numbered n, changes c where c.id = $1`,
    [asked.id],
  );
  await walk.query('analyze changes');
  const shown = async () => (await homeOf('olga')) ?? { blocks: [] };

  // when
  await walk.request('POST', '/slack/sim/home', { as: 'olga' });
  await homeSays('olga', /Waiting for you: 1 to 6 of \d{3}/);

  // then
  expect((await shown()).blocks.length).toBeLessThanOrEqual(100);

  // when
  await presses('olga', 'home_next');

  // then
  await homeSays('olga', /Waiting for you: 7 to 12 of/);
  await presses('olga', 'home_before');
  await homeSays('olga', /Waiting for you: 1 to 6 of/);
});
