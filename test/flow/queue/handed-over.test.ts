import { expect, test } from 'vitest';
import { createHandedOver } from '../../../src/flow/queue/handed-over.ts';
import { lanesWith, placesIn } from '../../../src/queue/lanes.ts';

function at() {
  let now = 0;
  const handed = createHandedOver(lanesWith(['okta']), () => now);
  return { handed, pass: (ms: number) => (now += ms) };
}

test('a lane that could run more and hands out nothing for seconds is stuck; one that is only busy is not', () => {
  // given work in two lanes, and the one full of what runs
  const { handed, pass } = at();
  for (let n = 0; n < placesIn('model'); n += 1) void handed.begins('model', 5);
  handed.give('idp-okta', { id: '1', delivery: 1 }, 15_000);
  handed.give('model', { id: '2', delivery: 1 }, 15_000);

  // then
  pass(2_900);
  expect(handed.takeStuck()).toEqual([]);
  pass(200);
  expect(handed.takeStuck()).toEqual([{ id: '1', delivery: 1 }]);
  expect(handed.takeStuck()).toEqual([]);
  handed.ends('model');
  pass(3_100);
  expect(handed.takeStuck()).toEqual([{ id: '2', delivery: 1 }]);
});

test('a lane that goes on is not stuck, however much waits in it', () => {
  const { handed, pass } = at();
  for (let n = 0; n < 150; n += 1) handed.give('idp-okta', { id: String(n), delivery: 1 }, 60_000);
  for (let n = 0; n < 20; n += 1) {
    pass(1_000);
    handed.comesOut('idp-okta', String(n));
    void handed.begins('idp-okta', 5);
    handed.ends('idp-okta');
    expect(handed.takeStuck()).toEqual([]);
  }
  expect(handed.takeAll()).toHaveLength(130);
  expect(handed.isIdle()).toBe(true);
});
