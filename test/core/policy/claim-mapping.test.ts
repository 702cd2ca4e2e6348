import { expect, test } from 'vitest';
import { type Mapping, mappingAdvice, mappingTrouble } from '../../../src/core/policy/claim-mapping.ts';

const ours: Mapping = { externalGroupName: 'orders-read', membershipType: 'member', providerId: 'okta' };
const others = (n: number): Mapping[] =>
  Array.from({ length: n }, (_, i) => ({ ...ours, externalGroupName: `other-${i}` }));
const place = { group: { id: '00g1', name: 'orders-read' }, team: 'Readers' };

test.each<[title: string, mappings: Mapping[]]>([
  ['by name', [ours]],
  ['by the id that some identity providers send', [{ ...ours, externalGroupName: '00g1' }]],
  ['with as many others as Anypoint allows', [ours, ...others(99)]],
])('a group that is mapped gives its team: %s', (_title, mappings) => {
  expect(mappingTrouble(mappings, place)).toBeNull();
});

test.each<[title: string, mappings: Mapping[], why: RegExp]>([
  ['no mapping', [], /nothing in Anypoint maps orders-read to the team Readers.*add the mapping/],
  [
    'a name in another case is another group',
    [{ ...ours, externalGroupName: 'Orders-Read' }],
    /nothing in Anypoint maps/,
  ],
  ['none, and no room', others(100), /100 external group mappings already.*take one out/],
  [
    'more than Anypoint allows',
    [ours, ...others(100)],
    /has 101 external group mappings, and Anypoint allows 100/,
  ],
  [
    'twice',
    [ours, { ...ours, membershipType: 'maintainer' }],
    /2 times \(member, maintainer\): leave one as member/,
  ],
  ['by name and by id', [ours, { ...ours, externalGroupName: '00g1' }], /2 times/],
  [
    'for two identity providers',
    [ours, { ...ours, providerId: 'x' }],
    /more than one identity provider.*elsewhere/,
  ],
  ['as maintainer', [{ ...ours, membershipType: 'maintainer' }], /as maintainer.*map it as member/],
])('a group that does not give its team as it should is told of: %s', (_title, mappings, why) => {
  expect(mappingTrouble(mappings, place)).toMatch(why);
});

const ENTRA = { ...place, group: { id: 'f1', name: 'orders-read' }, claim: 'id', idp: 'Entra' } as const;

test.each<[string, Mapping[], RegExp]>([
  ['no mapping: the object id is what to map', [], /add the mapping of its object id f1 under/],
  [
    'an object id in capitals',
    [{ ...ours, externalGroupName: 'F1' }],
    /“F1” is mapped there and may be meant/,
  ],
  ['blanks around it', [{ ...ours, externalGroupName: ' orders-read ' }], /“ orders-read ” is mapped there/],
  [
    'by name and by id: which to leave',
    [ours, { ...ours, externalGroupName: 'f1' }],
    /2 times.*leave one as member, by its object id f1/,
  ],
])('where the claim names groups by their object ids: %s', (_title, mappings, why) => {
  expect(mappingTrouble(mappings, ENTRA)).toMatch(why);
});

test('a mapping by what the claim does not usually carry stands, and is told of', () => {
  const byId = [{ ...ours, externalGroupName: ENTRA.group.id }];
  expect(mappingAdvice([ours], ENTRA)).toMatch(
    /by its name, and Entra sends object ids unless.*map f1 instead/,
  );
  expect(mappingAdvice(byId, ENTRA)).toBeNull();
  expect(mappingAdvice([], ENTRA)).toBeNull();
  expect(mappingAdvice([{ ...ours, externalGroupName: '00g1' }], { ...place, idp: 'Okta' })).toMatch(
    /by its id, and Okta sends names/,
  );
  expect(mappingAdvice([ours], place)).toBeNull();
});
