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

test('where all of our own work waits for somebody, further places are opened, and closed when it goes on', async () => {
  // given every place is taken, and more waits
  const { handed, pass } = at();
  const places = placesIn('core');
  for (let n = 0; n < places; n += 1) await handed.begins('core', 2);
  const begun: number[] = [];
  for (const n of [1, 2]) void handed.begins('core', n).then(() => begun.push(n));

  // then they wait while it goes on
  pass(900);
  handed.fullLanes();
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([]);

  // when nothing has gone on for a second
  pass(200);
  handed.fullLanes();
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([1, 2]);
  expect(handed.free('core')).toBe(places - 2);

  // when it goes on
  handed.ends('core');
  handed.ends('core');
  expect(handed.free('core')).toBe(0);
});

test('further places are not without end, and there are none in the lane of an outside party', async () => {
  const { handed, pass } = at();
  for (const lane of ['core', 'idp-okta'] as const) {
    for (let round = 0; round < 20; round += 1) {
      for (let n = handed.free(lane); n > 0; n -= 1) await handed.begins(lane, 2);
      pass(1_100);
      handed.fullLanes();
    }
    expect(handed.free(lane)).toBe(0);
  }
  for (let n = 0; n < 48; n += 1) handed.ends('core');
  handed.ends('idp-okta');
  expect([handed.free('core'), handed.free('idp-okta')]).toEqual([0, 1]);
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
