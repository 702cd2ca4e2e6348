import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeenView } from '../../src/sandbox/visitor.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';

let stage: Stage;
let walk: Journey;

/** Erik is on call in the sandbox, and the example's catalogue lets whoever is on call deploy in an emergency. */
beforeAll(async () => {
  ({ stage, walk } = await setOut());
});
afterAll(() => stage.close());

const form = (as: string): Promise<SeenView> => walk.openForm(as, 'emergency');
const filledIn = (reason: string) => ({
  what: { what: 'orders-api-deploy' },
  how_long: { how_long: '3600' },
  reason: { reason },
});

async function takes(as: string, reason: string): Promise<string> {
  const sent = await walk.submit(as, await form(as), filledIn(reason));
  expect(sent).toEqual({ sent: true });
  const change = await walk.until('the emergency is stored', () => walk.changeBecause(reason));
  return change.id;
}

const cardOf = (id: string, as = 'sofia', where = 'access-requests'): Promise<CardSeen> =>
  walk.until(`${as} sees the emergency`, async () =>
    (await walk.messages(as, where)).find(
      (m) =>
        m.metadata?.event_payload?.marker === `${id}:emergency${where === 'dm' ? `:${slackIdOf(as)}` : ''}`,
    ),
  );

/** Presses the button. Answers what sends the form that it opens. */
async function opens(
  as: string,
  card: CardSeen,
  button: string,
): Promise<(comment: string) => Promise<void>> {
  await walk.click(as, card, button);
  const view = await walk.until('the form opens', async () => {
    const top = await walk.topView(as);
    return top?.callback_id.startsWith('emergency_') && top;
  });
  return async (comment) => void (await walk.submit(as, view, { comment: { comment } }));
}

async function reviews(as: string, card: CardSeen, button: string, comment: string): Promise<void> {
  await (await opens(as, card, button))(comment);
}

async function givesBack(id: string): Promise<void> {
  const status = await walk.until('the button is there', async () => {
    const message = await walk.statusOf('erik', id);
    return buttonsOf(message).includes('release') && message;
  });
  await walk.click('erik', status, 'release');
  await walk.endsAs(id, 'inEffect');
}

test('access is taken at once, everybody concerned is told, and somebody else reviews it', async () => {
  const id = await takes('erik', 'orders are lost since the last deployment, I roll it back');
  const change = await walk.becomes(id, 'inEffect');
  expect(change).toMatchObject({
    cause: 'breakGlass',
    decision: { outcome: 'approved', by: null },
    grant: { id: expect.any(String) },
  });
  const { grant } = change;
  const seconds = (new Date(grant?.endsAt ?? 0).getTime() - new Date(grant?.startsAt ?? 0).getTime()) / 1_000;
  expect(seconds).toBe(3_600);
  expect(await walk.auditTypes(id)).toEqual(
    expect.arrayContaining(['changeReceived', 'approversAsked', 'changeApproved', 'changeSeen']),
  );

  const card = await cardOf(id);
  expect(wordsOf(card)).toMatch(
    /Emergency: .* has taken Orders API: deploy to prod for 1 hour, without approval/,
  );
  expect(wordsOf(card)).toContain('orders are lost');
  // Manager, owner and both admins are told themselves; whoever took it does not review it.
  for (const as of ['tom', 'olga', 'sam', 'sofia']) await cardOf(id, as, 'dm');
  expect(buttonsOf(card)).toEqual(['emergency_justified', 'emergency_not_justified']);

  await reviews('erik', card, 'emergency_justified', 'of course it was');
  await walk.until('erik is refused', async (saw) =>
    saw(await walk.whispers('erik')).some((text) => text.includes('You took this access yourself')),
  );
  await reviews('nadia', card, 'emergency_justified', 'looks fine');
  await walk.until('nadia is refused', async (saw) =>
    saw(await walk.whispers('nadia')).some((text) => text.includes('not among those who say')),
  );
  const second = await opens('sam', card, 'emergency_not_justified');
  await reviews('olga', card, 'emergency_justified', 'orders were lost, and nobody was awake');
  await walk.until('the card says so', async (saw) =>
    saw(wordsOf(await cardOf(id))).includes('orders were lost, and nobody was awake'),
  );
  expect(buttonsOf(await cardOf(id))).toEqual([]);
  const reviewed = (await walk.audit(id)).filter((entry) => entry.type === 'emergencyReviewed');
  expect(reviewed).toMatchObject([{ actor: { name: 'Olga Brandt' }, data: { found: 'justified' } }]);
  // Said once: a second review finds it settled, and the access stays until its end.
  await second('I think it was not');
  await walk.until('sam is told', async (saw) =>
    saw(await walk.whispers('sam')).some((text) => text.includes('Olga Brandt has said so already')),
  );
  expect((await walk.change(id)).state).toBe('inEffect');
  // It can't be taken twice at a time.
  const again = await walk.submit('erik', await form('erik'), filledIn('once more, for the same thing'));
  expect(JSON.stringify(again)).toContain('You have Orders API: deploy to prod already');
  await givesBack(id);
});

test('what was not justified ends at once', async () => {
  const id = await takes('erik', 'the second incident of this day');
  await walk.becomes(id, 'inEffect');
  await reviews('tom', await cardOf(id, 'tom', 'dm'), 'emergency_not_justified', 'nothing was broken');
  await walk.endsAs(id, 'inEffect');
  expect(wordsOf(await cardOf(id))).toContain('Not justified');
});

test('more often than the catalogue allows it is refused, and so is what gives no reason', async () => {
  const tooOften = await walk.submit('erik', await form('erik'), filledIn('a third incident within the day'));
  expect(JSON.stringify(tooOften)).toContain('two times within a day, and that is the most');
  await walk.query("update emergencies set opened_at = opened_at - interval '25 hours'");
  const noReason = await walk.submit('erik', await form('erik'), filledIn('help'));
  expect(JSON.stringify(noReason)).toContain('An emergency needs a reason that others understand');
});

describe('from the request form', () => {
  const does = (as: string, view: SeenView, actionId: string, blockId: string, value?: string) =>
    walk.request('POST', '/slack/sim/view/action', {
      as,
      viewId: view.id,
      actionId,
      blockId,
      ...(value === undefined ? {} : { value }),
    });

  /** Chooses it in the request form, and waits until the form says what it gives. */
  async function chosen(as: string, view: SeenView, key: string, says: string): Promise<SeenView> {
    await does(as, view, 'entitlement_select', 'entitlement', key);
    return await walk.until('the form shows the choice', async () => {
      const top = await walk.topView(as);
      return top !== null && wordsOf(top as never).includes(says) && top;
    });
  }

  const isOffered = (view: SeenView | null) =>
    JSON.stringify(view?.blocks ?? []).includes('This is an emergency…');

  test('whoever may take it at once is offered that, with the reason typed before, and takes it the same way', async () => {
    await walk.query("update emergencies set opened_at = opened_at - interval '25 hours'");
    // given what is not for emergencies, and then what is
    const reading = await chosen(
      'erik',
      await walk.openForm('erik'),
      'orders-api-read',
      'read access to the',
    );
    expect(isOffered(reading)).toBe(false);
    await chosen('erik', reading, 'orders-api-deploy', 'deploying the Orders API');
    const offering = await walk.until('it is offered', async () => {
      const top = await walk.topView('erik');
      return isOffered(top) && top;
    });
    await does('erik', offering, 'reason', 'reason', 'rollback of 4.2, orders are lost');

    // when
    await does('erik', offering, 'emergency_instead', 'emergency');
    const taking = await walk.until('the form to take it', async () => {
      const top = await walk.topView('erik');
      return top?.callback_id === 'emergency_take' && top;
    });
    expect(JSON.stringify(taking.blocks)).toContain('rollback of 4.2, orders are lost');
    const noReason = await walk.submit('erik', taking, { ...filledIn(' '), reason: { reason: ' ' } });
    expect(JSON.stringify(noReason)).toContain('An emergency needs a reason');
    expect(await walk.submit('erik', taking, filledIn('rollback of 4.2, orders are lost'))).toEqual({
      sent: true,
    });

    // then
    const change = await walk.until('the emergency is stored', () =>
      walk.changeBecause('rollback of 4.2, orders are lost'),
    );
    expect(change.cause).toBe('breakGlass');
    await walk.becomes(change.id, 'inEffect');
    await cardOf(change.id);
    await givesBack(change.id);
  });

  test('who may not is not offered it', async () => {
    await chosen('ines', await walk.openForm('ines'), 'orders-api-deploy', 'deploying the Orders API');
    await walk.owesNothing();
    const view = await walk.topView('ines');
    expect(view?.callback_id).toBe('request');
    expect(isOffered(view)).toBe(false);
    await walk.request('POST', '/slack/sim/view/close', { as: 'ines', viewId: view?.id });
  });

  test('help names the word to those whom the catalogue lets, and to nobody else', async () => {
    const help = async (as: string, text: string) => {
      const before = (await walk.whispers(as)).length;
      await walk.request('POST', '/slack/sim/command', {
        as,
        command: '/access',
        channel: 'access-requests',
        text,
      });
      return await walk.until('an answer', async () => (await walk.whispers(as))[before]);
    };
    expect(await help('erik', 'help')).toContain('/access emergency');
    expect(await help('ines', 'help')).not.toContain('emergency');
    expect(await help('erik', 'incident')).toContain('Did you mean /access emergency');
    expect(await help('ines', 'incident')).not.toContain('emergency');
  });
});

test('whoever is not on call is offered nothing, and a forged form takes nothing', async () => {
  const view = await form('ines');
  expect(wordsOf(view as never)).toContain('nothing that you may take in an emergency');
  const forged = await walk
    .submit('ines', { ...(await form('erik')) }, filledIn('I am not on call at all'))
    .catch((error: Error) => error.message);
  expect(JSON.stringify(forged)).not.toContain('"sent":true');
  expect(await walk.changeBecause('I am not on call at all')).toBeNull();
});

test('a request that waits is taken back, and its approvers see why', async () => {
  const asked = await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'waits for an answer' });
  const id = await takes('erik', 'nobody answers, and production is down');
  await walk.becomes(asked.id, 'withdrawn');
  await walk.becomes(id, 'inEffect');
  await givesBack(id);
});

test('separation of duties is never passed in silence: the card says so', async () => {
  const admin = await walk.asks('erik', { entitlement: 'platform-admin', reason: 'a look at the gateways' });
  await walk.query("update emergencies set opened_at = opened_at - interval '25 hours'");
  const id = await takes('erik', 'deployments hang, and payments with them');
  const card = await cardOf(id);
  expect(wordsOf(card)).toContain('Separation of duties:');
  expect(wordsOf(card)).toContain('The emergency did not stop at it');
  await walk.click('erik', await walk.statusOf('erik', admin.id), 'withdraw');
});
