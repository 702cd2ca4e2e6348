import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { letStartComeNearer, letTimePass } from '../../src/sandbox/time-passes.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';

const TEAM = 'Orders API readers';
const TELL_AFTER_SECONDS = 3_600;

let stage: Stage;
let walk: Journey;
let graceSeconds = 0;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      entitlements: catalogue.entitlements.map((one) =>
        one.key === 'payments-api-read' ? { ...one, extensionApproval: 'never' as const } : one,
      ),
      ticket: {
        pattern: '(INC|CHG)-\\d{1,8}',
        example: 'INC-4711',
        requiredFor: [],
        tellAfterSeconds: TELL_AFTER_SECONDS,
        get graceSeconds() {
          return graceSeconds;
        },
      },
    }),
  }));
});
afterAll(() => stage?.close());
beforeEach(async () => {
  graceSeconds = 0;
  await walk.heal();
});

const turn = (key: string, to: 'open' | 'closed' | 'gone') =>
  walk.request('POST', `/tickets/sim/tickets/${key}`, { to });
/** Tells the clock: every ticket is due, or has not been read for so long. */
const due = () => walk.query('update watched_tickets set next_at = clock_timestamp()');
const unreadFor = (seconds: number) =>
  walk.query(`update watched_tickets set read_at = clock_timestamp() - ${seconds} * interval '1 second'`);
/** Each look at the tickets comes now, and not in its time. */
const untilNow = <T>(what: string, look: () => Promise<T | null | undefined | false>) =>
  walk.until(what, async () => {
    await due();
    return await look();
  });
const ask = (reason: string, ticket: string, more: { endsWithTicket?: true } = {}) => ({
  entitlement: 'orders-api-read',
  reason,
  ticket,
  ...more,
});
const given = (as: string, reason: string, ticket: string) =>
  walk.isGiven(as, ask(reason, ticket, { endsWithTicket: true }));
const dms = async (as: string) => (await walk.messages(as, 'dm')).map((m) => m.text).join('\n');

test('it ends when its ticket is closed, which is seen in Anypoint; its own words say why', async () => {
  await turn('INC-1', 'open');
  const asked = await given('ines', 'Refunds for one', 'INC-1');
  expect(wordsOf(asked.card)).toContain('or until INC-1 is closed');
  expect(wordsOf(asked.card)).toContain('open, In progress');
  const { grant } = await walk.change(asked.id);
  await untilNow(
    'the ticket is read',
    async () =>
      (await walk.query("select 1 from watched_tickets where ticket = 'INC-1' and times > 2")).length > 0,
  );
  expect((await walk.change(asked.id)).state).toBe('inEffect');

  await turn('INC-1', 'closed');
  await untilNow('it ends', async () => (await walk.change(asked.id)).state === 'ended');
  const ending = await walk.endsAs(asked.id, 'inEffect');
  expect(ending.cause).toBe('ticketClosed');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  const ended = await walk.change(asked.id);
  expect(new Date(ended.ended?.at ?? 0).getTime()).toBeLessThan(new Date(grant?.endsAt ?? 0).getTime());
  await walk.cardSays(asked, 'Ended: INC-1 was closed; gone from MuleSoft');
  expect(await dms('ines')).toContain('INC-1 was closed');
  expect(await walk.auditTypes(asked.id)).toContain('ticketChanged');
  await walk.until(
    'the ticket is read no more',
    async () => (await walk.query("select 1 from watched_tickets where ticket = 'INC-1'")).length === 0,
  );
});

test('with a grace its holder is told first, and a ticket that is opened again in time puts the end back', async () => {
  graceSeconds = 900;
  await turn('INC-2', 'open');
  const asked = await given('erik', 'Refunds for two', 'INC-2');
  const latest = (await walk.change(asked.id)).grant?.endsAt;

  await turn('INC-2', 'closed');
  await untilNow('its end is near', async () => (await walk.change(asked.id)).ticketNews?.is === 'closed');
  const closing = await walk.change(asked.id);
  expect(Date.parse(String(closing.grant?.endsAt)) - Date.parse(String(closing.ticketNews?.at))).toBe(
    900_000,
  );
  await walk.until('he is told', async () =>
    (await dms('erik')).includes('open the ticket again before that'),
  );
  expect(await walk.isInTeam('erik', TEAM)).toBe(true);

  await turn('INC-2', 'open');
  await untilNow('it goes on', async () => (await walk.change(asked.id)).ticketNews?.is === 'open');
  expect((await walk.change(asked.id)).grant?.endsAt).toEqual(latest);
  await walk.until('he is told', async () => (await dms('erik')).includes('INC-2 was opened again'));

  // Deleted: nobody closed it, so nothing ends.
  await turn('INC-2', 'gone');
  await untilNow('it is gone', async () => (await walk.change(asked.id)).ticketNews?.is === 'gone');
  expect((await walk.change(asked.id)).grant?.endsAt).toEqual(latest);
  await walk.until('its owner is asked', async () =>
    (await walk.messages('olga', 'access-requests')).some((m) =>
      m.text.includes('INC-2 is not to be found any more'),
    ),
  );
  expect(await walk.isInTeam('erik', TEAM)).toBe(true);
});

test.each([
  ['one that is closed', 'INC-4000', 'INC-4000 is closed'],
  ['one that is not there', 'INC-404', 'There is no ticket INC-404'],
])('%s is refused, and says so', async (what, ticket, words) => {
  const reason = `Refused for ${what}`;
  expect(await walk.ask('sofia', ask(reason, ticket))).toEqual({ sent: true });
  await walk.until('it is refused', async () => (await walk.changeBecause(reason))?.state === 'refused');
  await walk.until('she is told', async () => (await dms('sofia')).includes(words));
});

test('to end with a ticket it has to name one', async () => {
  expect(
    await walk.ask('sofia', { entitlement: 'orders-api-read', reason: 'Without one', endsWithTicket: true }),
  ).toMatchObject({
    sent: false,
    errors: { ticket: expect.stringContaining('is to end when a ticket is closed') },
  });
});

test('a ticket that can’t be checked is never taken for open: a person decides, and reads so', async () => {
  await walk.fault({ vendor: 'tickets', kind: 'status', status: 503 });
  const asked = await walk.asks('nadia', ask('Nobody answers', 'INC-4711'));
  expect(wordsOf(asked.card)).toContain('whether INC-4711 is open could not be checked');
  const { verdict } = await walk.change(asked.id);
  expect(verdict?.effect).toBe('ask');
  expect(verdict?.facts?.ticketFound?.is).toBe('unchecked');
});

test('what can’t be read ends nothing; the admins are told after a while, and when it works again', async () => {
  await turn('INC-3', 'open');
  const asked = await given('tom', 'Refunds for three', 'INC-3');
  await walk.fault({ vendor: 'tickets', kind: 'status', status: 401 });
  await turn('INC-3', 'closed');
  await untilNow(
    'it can’t be read',
    async () => (await walk.query('select 1 from watched_tickets where fault is not null')).length > 0,
  );
  expect(await dms('sam')).not.toContain('Tickets can’t be read');
  await unreadFor(TELL_AFTER_SECONDS + 60);
  await walk.until('the admins are told', async () => (await dms('sam')).includes('Tickets can’t be read'));
  expect((await walk.change(asked.id)).state).toBe('inEffect');

  await walk.heal();
  await untilNow('it ends', async () => (await walk.change(asked.id)).state === 'ended');
  await walk.until('the admins are told', async () =>
    (await dms('sam')).includes('Tickets can be read again'),
  );
});

/** What is asked in the card's thread about a ticket that is gone. */
const askedAbout = async (ticket: string) =>
  (await walk.messages('olga', 'access-requests')).find((m) =>
    m.text.includes(`${ticket} is not to be found any more`),
  );
const goneOf = async (id: string, ticket: string) => {
  await turn(ticket, 'gone');
  await untilNow('it is gone', async () => (await walk.change(id)).ticketNews?.is === 'gone');
  return await walk.until('its owner is asked', () => askedAbout(ticket));
};

test('whoever decided, or its owner, ends an access whose ticket is gone; nobody else does', async () => {
  // given Tom decided; Olga owns it
  await turn('INC-5', 'open');
  const asked = await walk.isGiven('ines', ask('Refunds for five', 'INC-5', { endsWithTicket: true }), 'tom');
  const question = await goneOf(asked.id, 'INC-5');
  expect(buttonsOf(question)).toEqual(['end_ticket_gone']);
  expect(question.text).toContain('whoever decided on it, its owner or its holder ends it here');

  // when somebody else presses it
  await walk.click('nadia', question, 'end_ticket_gone');
  await walk.until('she is told', async () =>
    (await walk.whispers('nadia')).some((text) => text.includes('you are none of them')),
  );
  expect((await walk.change(asked.id)).state).toBe('inEffect');

  // when it is found again before the owner presses it, it goes on
  await turn('INC-5', 'open');
  await untilNow('it is back', async () => (await walk.change(asked.id)).ticketNews?.is === 'open');
  await walk.click('olga', question, 'end_ticket_gone');
  await walk.until('she is told', async () =>
    (await walk.whispers('olga')).some((text) => text.includes('INC-5 has been found again, and is open')),
  );
  expect((await walk.change(asked.id)).state).toBe('inEffect');

  // when it is gone once more, and whoever decided presses it twice
  await turn('INC-5', 'gone');
  await untilNow('it is gone', async () => (await walk.change(asked.id)).ticketNews?.is === 'gone');
  const again = await walk.until('it is asked anew', async () =>
    (await walk.messages('tom', 'access-requests')).findLast(
      (m) => m.text.includes('INC-5 is not to be found') && m.ts !== question.ts,
    ),
  );
  await walk.click('tom', again, 'end_ticket_gone');
  await walk.click('tom', again, 'end_ticket_gone');

  // then it is gone from Anypoint, and everybody reads by whom
  const ending = await walk.endsAs(asked.id, 'inEffect');
  expect(ending.cause).toBe('ticketGone');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  await walk.cardSays(asked, 'Ended: INC-5 is not to be found any more');
  await walk.until('the question says so', async () => {
    const now = (await walk.messages('tom', 'access-requests')).find((m) => m.ts === again.ts);
    return now?.text.includes('was ended by Tom Okafor') && buttonsOf(now).length === 0;
  });
  expect((await walk.auditTypes(asked.id)).filter((type) => type === 'grantEnded')).toHaveLength(1);
});

test('a start in the future whose ticket was closed meanwhile never begins, and says why', async () => {
  await turn('INC-6', 'open');
  const asked = await walk.asks('sam', {
    ...ask('Refunds from later on', 'INC-6', { endsWithTicket: true }),
    from: new Date(Math.ceil(Date.now() / 1_000 + 3_600) * 1_000),
  });
  await walk.click('olga', asked.card, 'approve');
  await walk.becomes(asked.id, 'scheduled');

  await turn('INC-6', 'closed');
  await letStartComeNearer(stage.latchkey.context.db, asked.id, 3_600);
  await walk.becomes(asked.id, 'refused');
  expect(await walk.isInTeam('sam', TEAM)).toBe(false);
  await walk.until('he is told', async () => (await dms('sam')).includes('INC-6 is closed'));
  await walk.cardSays(asked, 'INC-6 is closed');
});

test('an extension ends with the same ticket', async () => {
  await turn('INC-7', 'open');
  const asked = await walk.isGiven('tom', {
    ...ask('Refunds for seven', 'INC-7', { endsWithTicket: true }),
    seconds: 86_400,
  });
  await letTimePass(stage.latchkey.context.db, asked.id, 86_400 - 3_000);
  const warning = await walk.receives('tom', 'the warning', (m) =>
    buttonsOf(m as never).includes('extend_now'),
  );
  const channel = (await walk.messages('tom', 'dm'))[0]?.channel ?? '';
  await walk.click('tom', { channel, ts: warning.ts }, 'extend_now');
  const extension = await walk.until('it is asked for', async () => {
    const newest = await walk.changeBecause('Refunds for seven');
    return newest?.id !== asked.id && newest;
  });
  expect(extension).toMatchObject({ ticket: 'INC-7', endsWithTicket: true });
  const card = await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${extension.id}:card`);
  await walk.click('olga', card, 'approve');
  await walk.becomes(extension.id, 'inEffect');

  await turn('INC-7', 'closed');
  await untilNow('it ends', async () => (await walk.change(extension.id)).state === 'ended');
  await walk.endsAs(extension.id, 'inEffect');
  expect(await walk.isInTeam('tom', TEAM)).toBe(false);
});

test('extended without approval it ends with its ticket still; without the ticket somebody has to approve', async () => {
  // given what needs no approval to go on
  const payments = 'payments-api-read';
  await walk.directory.signsIn('ines', 'Germany');
  await turn('INC-55', 'open');
  const first = await walk.isGiven(
    'ines',
    { entitlement: payments, reason: 'Paid twice', ticket: 'INC-55', endsWithTicket: true },
    'sam',
  );
  const status = await walk.until('it can be extended', async () => {
    const now = await walk.statusOf('ines', first.id);
    return buttonsOf(now).includes('extend') && now;
  });

  // when it is extended with its button, then it goes on by rule, and ends with the same ticket
  const goesOn = 'Paid twice again';
  await walk.clickAndFill('ines', status, 'extend', { reason: { reason: goesOn } });
  const second = await walk.until('it goes on', async (saw) => {
    const found = saw(await walk.changeBecause(goesOn));
    return found?.state === 'inEffect' && found;
  });
  expect(second).toMatchObject({ ticket: 'INC-55', endsWithTicket: true, decision: { by: null } });

  // when it is asked for once more, and of the ticket nothing is said
  const without = 'Whatever becomes of the ticket';
  await walk.ask('ines', { entitlement: payments, reason: without });
  const form = await walk.topView('ines');
  expect(form?.callback_id).toBe('extend');
  if (form !== null) await walk.submit('ines', form, {});

  // then a person decides, and reads why
  const third = await walk.until('it is put to somebody', async (saw) => {
    const found = saw(await walk.changeBecause(without));
    return found?.state === 'asking' && found;
  });
  expect(third.verdict?.holds?.map(({ text }) => text)).toContain(
    'what it extends ends when INC-55 is closed, and this would not',
  );
  await turn('INC-55', 'closed');
  await untilNow(
    'it ends with its ticket all the same',
    async () => (await walk.change(second.id)).state === 'ended',
  );
});

test('extended until a ticket is closed, what was given without the ticket keeps its own end', async () => {
  // given
  await turn('INC-8', 'open');
  const first = await walk.isGiven('erik', { entitlement: 'payments-api-read', reason: 'A day' }, 'sam');
  const end = (await walk.change(first.id)).grant?.endsAt;
  const reason = 'Until that is solved';
  await walk.ask('erik', {
    entitlement: 'payments-api-read',
    reason,
    ticket: 'INC-8',
    endsWithTicket: true,
  });
  const form = await walk.topView('erik');
  if (form !== null) await walk.submit('erik', form, {});
  const second = await walk.until('it is asked for', () => walk.changeBecause(reason));
  const card = await walk.card('sam', (m) => m.metadata?.event_payload?.marker === `${second.id}:card`);
  await walk.click('sam', card, 'approve');
  await walk.becomes(second.id, 'inEffect');

  // when its ticket is closed
  await turn('INC-8', 'closed');
  await untilNow('the extension ends', async () => (await walk.change(second.id)).state === 'ended');

  // then the first holds to its approved end
  expect(await walk.change(first.id)).toMatchObject({
    state: 'inEffect',
    ended: null,
    grant: { endsAt: end },
  });
  await walk.isQuiet();
  expect(await walk.isInGroup('erik', 'anypoint-payments-read')).toBe(true);
});
