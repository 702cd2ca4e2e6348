import { DAY, HOUR, type Scene } from './scene.ts';

const WEEKS = 13;
/** From then on he is gone. */
const ERIK_LEAVES = 4;
/** Why he needs it for a week, and then for another one. */
const REPORT = 'The half-year report of refunds';

/** Week after week people ask and are given, until its end. */
const weekly: Scene[] = Array.from({ length: WEEKS }, (_, week): Scene[] => {
  const of = `week ${week + 1}`;
  const reads: Scene = {
    day: week * 7,
    // A week that somebody had is over by then.
    hour: 9 + ((week + 1) % 3),
    async play({ isGiven }) {
      const seconds = week % 3 === 2 ? 7 * DAY : DAY;
      await isGiven(
        'ines',
        { entitlement: 'orders-api-read', seconds, reason: `Orders that hang, ${of}` },
        week % 2 === 0 ? ['tom'] : ['olga'],
      );
    },
  };
  const deploys: Scene = {
    day: week * 7 + 2,
    hour: 10,
    async play({ isGiven, signsIn }) {
      await signsIn('erik', 'Germany');
      await isGiven(
        'erik',
        {
          entitlement: 'orders-api-deploy',
          seconds: 8 * HOUR,
          reason: `The release of ${of}`,
          ticket: 'CHG-0815',
        },
        ['tom', 'olga'],
      );
    },
  };
  const pays: Scene = {
    day: week * 7 + 3,
    hour: 13,
    async play({ isGiven }) {
      await isGiven(
        'erik',
        { entitlement: 'payments-api-read', seconds: DAY, reason: `Refunds that arrive twice, ${of}` },
        ['sam'],
      );
    },
  };
  return [
    ...(week % 3 === 1 && week + 1 < ERIK_LEAVES ? [deploys] : []),
    ...(week % 3 === 0 && week + 1 < ERIK_LEAVES ? [pays] : []),
    reads,
  ];
}).flat();

/** What is not given, given up or goes on. */
const others: Scene[] = [
  {
    day: 8,
    hour: 11,
    async play({ asks, cardOf, visitor, isState }) {
      const { id } = await asks('ines', { entitlement: 'payments-api-read', reason: 'An order paid twice' });
      await visitor.clickAndFill('sam', await cardOf(id), 'deny', {
        reason: { reason: 'Together with your lead, please.' },
      });
      await isState(id, 'denied');
    },
  },
  {
    day: 15,
    hour: 14,
    async play({ asks, messageAbout, presses, isState }) {
      const { id } = await asks('ines', { entitlement: 'payments-api-read', reason: 'Not needed after all' });
      await presses('ines', await messageAbout('ines', id), 'withdraw');
      await isState(id, 'withdrawn');
    },
  },
  {
    day: 22,
    hour: 9,
    async play({ asks }) {
      // Nobody decides: it lapses after three days.
      await asks('ines', { entitlement: 'payments-api-read', reason: 'A look that nobody had time for' });
    },
  },
  {
    day: 29,
    hour: 9,
    async play({ isGiven }) {
      await isGiven('ines', { entitlement: 'payments-api-read', seconds: 7 * DAY, reason: REPORT }, ['sam']);
    },
  },
  {
    day: 35,
    hour: 15,
    async play({ changeBecause, presses, messageTo }) {
      const id = await changeBecause(REPORT);
      const warning = await messageTo('ines', 'that it ends', (marker) =>
        marker.startsWith(`${id}:beneficiary:ending`),
      );
      await presses('ines', warning, 'extend_now');
    },
  },
  // What she had for a week is ended by its owner, on the message of the week.
  {
    day: 18,
    hour: 10,
    async play({ visitor, messageTo, settles, slackIdOf }) {
      await visitor.request('POST', '/slack/sim/command', { as: 'olga', command: '/access', text: 'digest' });
      await settles();
      const digest = await messageTo('olga', 'the week in access', (_marker, text) =>
        text.startsWith('Your week in access'),
      );
      const line = digest.blocks.findIndex((block) => JSON.stringify(block).includes(slackIdOf('ines')));
      await visitor.request('POST', '/slack/sim/action', {
        as: 'olga',
        channel: digest.channel,
        ts: digest.ts,
        actionId: 'digest_revoke',
        blockId: digest.blocks[line + 1]?.block_id,
      });
      await settles();
    },
  },
];

export const ordinaryScenes: readonly Scene[] = [...weekly, ...others];
