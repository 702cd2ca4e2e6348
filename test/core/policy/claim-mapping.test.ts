import { expect, test } from 'vitest';
import { type Mapping, mappingTrouble } from '../../../src/core/policy/claim-mapping.ts';

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
