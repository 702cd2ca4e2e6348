import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Checkpoint,
  type LogProof,
  parseCheckpoint,
  parseProof,
} from '../../../src/audit/checkpoint.ts';
import { hashLeaf, isIncluded } from '../../../src/audit/merkle.ts';
import type { Browser } from '../../../src/sandbox/browser.ts';
import { eventually } from '../../eventually.ts';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';
import { cast, signedIn, textOf, withAuditor } from './visitors.ts';

let stage: Stage;
let walk: Journey;
let asked: Asked;
let auditor: Browser;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ ...withAuditor, idp: 'okta' }));
  asked = await walk.asks('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  auditor = await signedIn(stage.latchkey.url, cast.auditor);
});
afterAll(() => stage?.close());

const open = async (path: string) => await auditor.open(`${stage.latchkey.url}/web${path}`);

test('an entry is found by the search, and its proof is checked without Latchkey', async () => {
  const list = (await open(`/audit?change=${asked.id}&type=changeReceived`)).html;
  const path = /href="\/web(\/audit\/\d+)"/.exec(list)?.[1] ?? '';
  await eventually('a checkpoint', async () => (await open(`${path}/proof`)).status === 200);

  const page = await open(path);
  expect(textOf(page)).toContain('Ines Moreau asked for it');
  expect(page.html).toContain(asked.id);

  const entry = (await open(`${path}/entry.json`)).html;
  const { index, path: hashes, checkpoint } = parseProof((await open(`${path}/proof`)).html) as LogProof;
  const tree = parseCheckpoint(checkpoint) as Checkpoint;
  expect(isIncluded(hashLeaf(entry), index, tree, hashes)).toBe(true);
  expect(isIncluded(hashLeaf(entry.replace('stuck', 'stack')), index, tree, hashes)).toBe(false);
  expect(entry).toContain('stuck orders');
  const newest = parseCheckpoint((await open('/audit/checkpoint')).html) as Checkpoint;
  expect(newest.size).toBeGreaterThanOrEqual(tree.size);
});

test('who reads an entry, or takes its bytes or its proof, is in the audit with what they read', async () => {
  const id = '1';
  await open(`/audit/${id}`);
  await open(`/audit/${id}/entry.json`);
  await open(`/audit/${id}/proof`);
  await open(`/audit.csv?person=ines`);
  const read = await walk.query<{ actor: { name: string }; data: unknown }>(
    "select actor, data from audit where type = 'auditRead' order by id desc limit 4",
  );
  expect(read.map(({ data }) => data)).toEqual([
    { of: 'Audit (CSV)', asked: 'person=ines' },
    { of: 'An audit entry (file)', asked: id },
    { of: 'An audit entry (file)', asked: id },
    { of: 'An audit entry', asked: id },
  ]);
  expect(new Set(read.map(({ actor }) => actor.name)).size).toBe(1);
});

test('what is no entry is not there, and nothing is put on record for it', async () => {
  const before = await walk.query("select from audit where type = 'auditRead'");
  for (const path of ['/audit/999999999', '/audit/x', '/audit/1e3', '/audit/0/proof', '/audit/1/nothing'])
    expect([path, (await open(path)).status]).toEqual([path, 404]);
  expect(await walk.query("select from audit where type = 'auditRead'")).toHaveLength(before.length);
});
