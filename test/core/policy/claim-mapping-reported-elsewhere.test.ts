import { expect, test } from 'vitest';
import { type Mapping, mappingAdvice, mappingTrouble } from '../../../src/core/policy/claim-mapping.ts';

/** What others' users reported of groups that are mapped from an identity provider's claim, by their public reports. */
const OBJECT_ID = '8bab1c86-8fba-33e5-2089-1d1c80ec267d';
const entra = {
  group: { id: OBJECT_ID, name: 'Orders readers' },
  team: 'Readers',
  claim: 'id',
  idp: 'Entra',
} as const;
const okta = {
  group: { id: '00g1', name: 'gitlab-test-maintainer' },
  team: 'Readers',
  claim: 'name',
  idp: 'Okta',
} as const;
const mapped = (externalGroupName: string, more: Partial<Mapping> = {}): Mapping => ({
  externalGroupName,
  membershipType: 'member',
  providerId: 'provider-1',
  ...more,
});

test.each<[report: string, mappings: Mapping[], place: typeof entra | typeof okta, why: RegExp]>([
  [
    'sentry#100874: the group has another name by now, and the mapping has the old one',
    [mapped('gitlab-test-maintainers')],
    okta,
    /nothing in Anypoint maps gitlab-test-maintainer to the team Readers/,
  ],
  [
    'awslabs/ssosync#291: the group was deleted and made anew, and has another object id',
    [mapped('4f3e2d1c-8fba-33e5-2089-1d1c80ec267d')],
    entra,
    new RegExp(`add the mapping of its object id ${OBJECT_ID}`),
  ],
  [
    'integrations/terraform-provider-github#2738: it was applied with success, and nothing is mapped',
    [],
    entra,
    /nothing in Anypoint maps Orders readers/,
  ],
  [
    'cloudflare/cloudflare-docs#22766: capitals count',
    [mapped(OBJECT_ID.toUpperCase())],
    entra,
    /“8BAB1C86-8FBA-33E5-2089-1D1C80EC267D” is mapped there and may be meant/,
  ],
  [
    'gitlabform/gitlabform#994: it is mapped with another level of access',
    [mapped('gitlab-test-maintainer', { membershipType: 'maintainer' })],
    okta,
    /as maintainer.*map it as member/,
  ],
  [
    'metabase/metabase#26079: it was mapped anew, and the former mapping is still there',
    [mapped('gitlab-test-maintainer'), mapped('gitlab-test-maintainer', { membershipType: 'maintainer' })],
    okta,
    /2 times \(member, maintainer\): leave one as member/,
  ],
  [
    'hashicorp/vault-plugin-auth-jwt#136: a group of that name in another provider gives it too',
    [mapped('gitlab-test-maintainer'), mapped('gitlab-test-maintainer', { providerId: 'provider-2' })],
    okta,
    /for more than one identity provider, so a group of that name elsewhere gives it too/,
  ],
  [
    'harness/harness-core#47819: two SAML settings, and it is mapped for both by name and by id',
    [mapped('Orders readers'), mapped(OBJECT_ID, { providerId: 'provider-2' })],
    entra,
    /for more than one identity provider/,
  ],
])('%s', (_report, mappings, place, why) => {
  expect(mappingTrouble(mappings, place)).toMatch(why);
});

test.each([
  ['hashicorp/vault#6494', mapped('Orders readers')],
  ['gitlab-org/gitlab!110123', mapped('Orders readers', { providerId: 'provider-2' })],
])('%s: Entra sends object ids, and the group is mapped by its name', (_report, mapping) => {
  expect(mappingTrouble([mapping], entra)).toBeNull();
  expect(mappingAdvice([mapping], entra)).toMatch(/Entra sends object ids unless its claim is set to names/);
});
