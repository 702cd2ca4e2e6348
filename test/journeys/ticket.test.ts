import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      ticket: { pattern: '(INC|CHG)-\\d{1,8}', example: 'INC-4711', requiredFor: ['high'] },
    }),
  }));
});
afterAll(() => stage?.close());

test('a ticket is checked as it is sent, under its field, and one is asked for where the catalogue needs one', async () => {
  const ask = (entitlement: string, ticket?: string) =>
    walk.ask('ines', {
      entitlement,
      reason: 'With a ticket or not',
      ...(ticket === undefined ? {} : { ticket }),
    });

  expect(await ask('orders-api-read', 'ticket 4711')).toMatchObject({
    sent: false,
    errors: { ticket: expect.stringContaining('Write it like INC-4711.') },
  });
  expect(await ask('orders-api-deploy')).toMatchObject({
    sent: false,
    errors: { ticket: expect.stringContaining('is of tier high, and needs a ticket') },
  });
  expect(await walk.changeBecause('With a ticket or not')).toBeNull();
  expect(await ask('orders-api-deploy', 'CHG-12')).toEqual({ sent: true });
});
