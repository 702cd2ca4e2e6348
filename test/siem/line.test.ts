import { Ajv2020 } from 'ajv/dist/2020.js';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { canonicalEntry } from '../../src/audit/entry.ts';
import type { ExportedEntry } from '../../src/ports/audit-destination.ts';
import { lineSettings } from '../../src/siem/destinations.ts';
import { type LineFormat, lineFormats, lineOf } from '../../src/siem/line.ts';
import { entryTypes } from '../../src/web/entry-words.ts';
import { events } from '../core/given.ts';
import { entry } from './entries.ts';
import { activityNames, schemaOf, severityNames, statusNames } from './ocsf-schema.ts';

const made = (format: LineFormat) => lineSettings(format, { idp: 'Okta', version: '0.1.0' });
const ocsf = (one: ExportedEntry, bytes?: number) =>
  JSON.parse(lineOf(one, made('ocsf'), bytes === undefined ? {} : { bytes }));

/** What people, other programs and bad luck put into a text. */
const odd =
  'one\ntwo\r\nthree\ttab \u0000nul \u0001 \u001b[31mred\u001b[0m \u007fdel \u0085nel \u2028ls \u2029ps \ufeffbom "quoted" \\back 名前 🔑 </script>';

describe('a line of JSON', () => {
  test.each(lineFormats)('%s is one line whatever the entry has, and gives it back', (format) => {
    const one = entry({ data: { reason: odd }, actor: { person: 'p1', name: odd } });
    for (const options of [{}, { isAscii: true }]) {
      const line = lineOf(one, made(format), options);
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\ufeff]/u);
      const parsed = JSON.parse(line);
      expect((format === 'ocsf' ? parsed.unmapped : parsed).data.reason).toBe(odd);
      if (options.isAscii === true) expect(line).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  test('of jsonl shows that the leaf of the tree is made of it', () => {
    const one = entry({ data: { b: odd, a: { z: 1, y: [1.5, null] } }, changeId: 'c1' });
    const { log, seq, text, about, ...rest } = JSON.parse(lineOf(one, made('jsonl')));
    expect({ log, seq, about }).toEqual({
      log: 'latchkey audit',
      seq: 7,
      about: {
        entitlement: 'orders-read',
        person: 'p-ines',
        name: 'Ines Moreau',
        email: 'ines@acme.example',
        group: 'anypoint-orders-read',
        team: 'Orders API readers',
      },
    });
    expect(text).toMatch(/^\S/);
    expect(canonicalize(rest)).toBe(canonicalEntry(one));
  });

  test.each(lineFormats)(
    '%s of a huge entry comes without its data, and says how much there was',
    (format) => {
      const one = entry({ data: { reason: '💥'.repeat(300_000) }, actor: { part: 'x'.repeat(10_000) } });
      const line = lineOf(one, made(format), { bytes: 8_192 });
      expect(Buffer.byteLength(line)).toBeLessThan(2_048);
      const parsed = JSON.parse(line);
      const { is_truncated, untruncated_size } = parsed.metadata ?? {};
      expect(parsed.isTruncated ?? is_truncated).toBe(true);
      expect(parsed.untruncatedSize ?? untruncated_size).toBeGreaterThan(1_200_000);
    },
  );
});

describe('OCSF 1.8.0, by the published schema', () => {
  const ajv = new Ajv2020({ allErrors: true });
  const validators = new Map([3004, 3006].map((uid) => [uid, ajv.compile(schemaOf(uid))]));

  function expectValid(event: Record<string, unknown>): void {
    const uid = event.class_uid as number;
    const validate = validators.get(uid);
    expect(validate?.(event), JSON.stringify(validate?.errors)).toBe(true);
    const id = event.activity_id as number;
    // An id and its name say the same; with 99 the name is the source's own (ocsf/examples#53, #94: ids are numbers).
    expect(event.type_uid).toBe(uid * 100 + id);
    expect(event.activity_name).toBe(
      id === 99 ? (event.metadata as { event_code: string }).event_code : activityNames[uid]?.[id],
    );
    expect(event.severity).toBe(severityNames[event.severity_id as number]);
    expect(event.status).toBe(statusNames[event.status_id as number]);
  }

  test('the test’s schema refuses what is wrong', () => {
    const right = ocsf(entry({}));
    for (const wrong of [
      { ...right, severity_id: '1' },
      { ...right, more: 1 },
      { ...right, entity: {} },
      { ...right, metadata: { ...right.metadata, version: '1.9.0' } },
      { ...right, actor: {} },
    ])
      expect(validators.get(3004)?.(wrong)).toBe(false);
    const { entity: _, ...without } = right;
    expect(validators.get(3004)?.(without)).toBe(false);
  });

  test.each(entryTypes().map(([type]) => type))('%s', (type) => {
    const known = (events as Record<string, Record<string, unknown>>)[type] ?? {};
    const { at: _, actor: __, changeId: ___, type: ____, ...data } = known;
    expectValid(ocsf(entry({ type, data, changeId: 'c1' })));
    expectValid(ocsf({ ...entry({ type, data: {}, actor: { part: 'latchkey' } }), about: null }));
    expectValid(ocsf(entry({ type, data: { ...data, more: 'x'.repeat(9_000) } }), 4_000));
  });

  test.each([
    ['idpWritten', { wrote: 'added' }, 300_603, 'anypoint-orders-read'],
    ['idpWritten', { wrote: 'removed' }, 300_604, 'anypoint-orders-read'],
    ['idpWritten', { wrote: 'already so' }, 300_699, 'anypoint-orders-read'],
    ['delivered', { wrote: 'added' }, 300_603, 'Orders API readers'],
    ['delivered', { wrote: 'removed' }, 300_604, 'Orders API readers'],
    [
      'scimMembersChanged',
      { scimGroupId: 'g', groupName: 'a', addedCount: 2, removedCount: 0 },
      300_603,
      'a',
    ],
    [
      'scimMembersChanged',
      { scimGroupId: 'g', groupName: 'a', addedCount: 0, removedCount: 1 },
      300_604,
      'a',
    ],
    [
      'scimMembersChanged',
      { scimGroupId: 'g', groupName: 'a', addedCount: 1, removedCount: 1 },
      300_699,
      'a',
    ],
    ['scimGroupChanged', { scimGroupId: 'g', groupName: 'a', did: 'created' }, 300_606, 'a'],
    ['scimGroupChanged', { scimGroupId: 'g', groupName: 'a', did: 'deleted' }, 300_605, 'a'],
    ['scimGroupChanged', { scimGroupId: 'g', groupName: 'a', did: 'renamed' }, 300_699, 'a'],
  ])('%s %j is %d about %s', (type, data, typeUid, group) => {
    const event = ocsf(entry({ type, data, changeId: 'c1' }));
    expectValid(event);
    expect(event).toMatchObject({ type_uid: typeUid, group: { name: group } });
    if (type === 'idpWritten' || type === 'delivered')
      expect(event.user).toMatchObject({ uid: 'p-ines', email_addr: 'ines@acme.example' });
  });

  test('what somebody in security wants to see at once has a severity', () => {
    const severity = (type: string, data: object = {}) => ocsf(entry({ type, data })).severity;
    expect(severity('changeReceived', { cause: 'request' })).toBe('Informational');
    expect(severity('changeReceived', { cause: 'breakGlass' })).toBe('High');
    expect(severity('changeReceived', { cause: 'finding' })).toBe('High');
    expect(severity('signInRefused', { why: 'other' })).toBe('Medium');
    expect(ocsf(entry({ type: 'clickRefused', data: { reason: 'selfApproval' } }))).toMatchObject({
      status: 'Failure',
      severity: 'Low',
      message: expect.stringContaining('Tom Okafor'),
    });
  });
});
