import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMcpToken } from '../../src/mcp/tokens.ts';
import { letTimePass } from '../../src/sandbox/time-passes.ts';
import type { Stage } from '../stage.ts';
import { type Asked, buttonsOf, type CardSeen, type Journey, setOut, slackIdOf, wordsOf } from './journey.ts';
import { clickPayload, sendRaw } from './slack-wire.ts';

const DAY = 86_400;
const HOUR = 3_600;
const orders = 'orders-api-read';
const declined = 'Olga Brandt reviewed this access, and it is not to be renewed';
const PATIENCE_MS = 120_000;

let stage: Stage;
let walk: Journey;
/** Ines's access, of which she was warned before Olga reviewed it. */
let held: Asked;
let warning: CardSeen;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  held = await walk.isGiven('ines', { entitlement: orders, seconds: 7 * DAY, reason: 'A week of refunds' });
  await letTimePass(stage.latchkey.context.db, held.id, 6 * DAY);
  warning = await walk.until('she is warned', async () =>
    (await walk.messages('ines', 'dm')).find((m) =>
      m.metadata?.event_payload?.marker?.startsWith(`${held.id}:beneficiary:ending`),
    ),
  );
}, PATIENCE_MS);
afterAll(() => stage?.close());

const ahead = (seconds: number) => new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000);
const changesOf = async (as: string, key = orders) =>
  await walk.query<{ id: string; state: string; cause: string; note: string | null }>(
    `select c.id, c.state, doc->>'cause' as cause, doc->'decision'->>'note' as note from changes c
     join people p on p.id = c.person_id where c.kind = 'grant' and p.email = $1 and entitlement_key = $2 order by requested_at`,
    [`${as}@acme.example`, key],
  );

/** The digest's line about somebody, and the button under it. */
async function olgaPresses(action: string, about: string): Promise<void> {
  await walk.request('POST', '/slack/sim/command', { as: 'olga', command: '/access', text: 'digest' });
  const digest = await walk.until('Olga has a digest with the line', async () =>
    (await walk.messages('olga', 'dm'))
      .filter((m) => m.text.startsWith('Your week in access') && wordsOf(m).includes(slackIdOf(about)))
      .at(-1),
  );
  const at = digest.blocks.findIndex((block) => JSON.stringify(block).includes(slackIdOf(about)));
  await walk.request('POST', '/slack/sim/action', {
    as: 'olga',
    channel: digest.channel,
    ts: digest.ts,
    actionId: action,
    blockId: String(digest.blocks[at + 1]?.block_id),
  });
}

async function files(given: Record<string, unknown>): Promise<string> {
  const made = await createMcpToken(stage.latchkey.context.db, {
    email: 'ines@acme.example',
    name: 'copilot',
    days: 1,
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${stage.latchkey.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${made?.token}` } },
    }) as Transport,
  );
  try {
    const { content } = await client.callTool({ name: 'file_request', arguments: given });
    return (content as { text: string }[])[0]?.text ?? '';
  } finally {
    await client.close();
  }
}

test('what waits to go on is closed in the same moment, and whoever asked is told why', async () => {
  // given an extension that waits, of Ines; and of Erik a start after the end of what he holds, which is approved
  await walk.click('ines', warning, 'extend_now');
  const [, extension] = await walk.until('it is asked for', async () => {
    const all = await changesOf('ines');
    return all[1]?.state === 'asking' && all;
  });
  const erik = await walk.isGiven('erik', { entitlement: orders, seconds: DAY, reason: 'One day' });
  const later = await walk.asks('erik', {
    entitlement: orders,
    seconds: DAY,
    from: ahead(3 * DAY),
    reason: 'And one more, later',
  });
  await walk.click('olga', later.card, 'approve');
  await walk.becomes(later.id, 'scheduled');

  // when
  await olgaPresses('digest_not_renewed', 'ines');
  await olgaPresses('digest_not_renewed', 'erik');

  // then
  for (const id of [extension?.id ?? '', later.id]) {
    await walk.becomes(id, 'closed');
    expect((await walk.change(id)).decision?.note).toBe(declined);
  }
  expect((await walk.change(erik.id)).renewalDeclined?.name).toBe('Olga Brandt');
  for (const [who, id] of [
    ['ines', extension?.id ?? ''],
    ['erik', later.id],
  ] as const)
    await walk.until(`${who} reads why`, async (saw) =>
      saw(wordsOf(await walk.statusOf(who, id))).includes('it is not to be renewed'),
    );
  await walk.until('the warning has no buttons', async () => {
    const now = (await walk.messages('ines', 'dm')).find((m) => m.ts === warning.ts);
    return now !== undefined && buttonsOf(now).length === 0;
  });
});

describe('from then on every way is refused with the same words, and nothing is asked for', () => {
  const isRefused = async (work: () => Promise<unknown>) => {
    const before = (await walk.rowCounts()).changes;
    expect(JSON.stringify(await work())).toContain(declined);
    expect((await walk.rowCounts()).changes).toBe(before);
  };

  test('the button of a warning that somebody still sees', async () => {
    const before = (await walk.rowCounts()).changes;
    const payload = JSON.stringify({ change: held.id, round: 1 });
    await sendRaw(walk, clickPayload('ines', warning, 'extend_now', payload));
    await walk.until('she is told', async (saw) =>
      saw(await walk.whispers('ines', 'dm')).some((text) => text.includes(declined)),
    );
    expect((await walk.rowCounts()).changes).toBe(before);
  });

  test.each([
    ['the form', {}],
    ['a start while it is held', { from: () => ahead(HOUR) }],
    ['a start after its end', { from: () => ahead(3 * DAY) }],
  ] as const)('%s', async (_, { from }: { from?: () => Date }) => {
    await isRefused(() =>
      walk.ask('ines', {
        entitlement: orders,
        seconds: HOUR,
        reason: 'Longer',
        ...(from === undefined ? {} : { from: from() }),
      }),
    );
  });

  test('somebody else for them', async () => {
    await isRefused(() =>
      walk.ask('tom', { entitlement: orders, seconds: HOUR, reason: 'For Ines', for: slackIdOf('ines') }),
    );
  });

  test('a copilot', async () => {
    await isRefused(() => files({ entitlement: orders, duration: '1h', reason: 'Longer, says the copilot' }));
  });

  test('a bundle: the rest of it is asked for, and of this it is said why not', async () => {
    const answer = await walk.ask('ines', { entitlement: 'bundle:order-support', reason: 'All of it' });
    expect(JSON.stringify(answer)).toContain(declined);
    expect((await changesOf('ines')).map(({ state }) => state)).toEqual(['inEffect', 'closed']);
    expect((await changesOf('ines', 'payments-api-read')).map(({ cause }) => cause)).toEqual(['request']);
  });
});

test('once it has ended it can be asked for anew like any other', async () => {
  await letTimePass(stage.latchkey.context.db, held.id, 2 * DAY);
  await walk.endsAs(held.id, 'inEffect');
  const anew = await walk.asks('ines', { entitlement: orders, seconds: DAY, reason: 'Needed after all' });
  expect(await walk.change(anew.id)).toMatchObject({ cause: 'request', state: 'asking' });
});
