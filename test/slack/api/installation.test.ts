import { describe, expect, test } from 'vitest';
import { type Belonging, type Installation, idsOf, isOurs } from '../../../src/slack/api/installation.ts';

const workspace: Installation = { teamId: 'T1', enterpriseId: null, isOrgWide: false };
const inOrganisation: Installation = { teamId: 'T1', enterpriseId: 'E1', isOrgWide: false };
const orgWide: Installation = { teamId: null, enterpriseId: 'E1', isOrgWide: true };

const ours = (user: Belonging, installation: Installation) =>
  isOurs(user, {
    read: async () => installation,
    workspaces: async () => (installation.isOrgWide ? ['T1', 'T2'] : []),
  });
const org = (rest: object = {}) => ({
  id: 'W1',
  enterprise_id: 'E1',
  enterprise_name: 'Acme',
  teams: ['T2'],
  ...rest,
});

describe('of our own people is', () => {
  test.each<[string, Belonging, Installation]>([
    ['who is of the workspace', { team_id: 'T1' }, workspace],
    ['who is of the workspace, without an organisation of their own', { team_id: 'T1' }, inOrganisation],
    ['a colleague of another workspace', { team_id: 'T2', enterprise_user: org() }, inOrganisation],
    ['who is shown with the organisation’s id', { team_id: 'E1', enterprise_user: org() }, inOrganisation],
    ['the same without more', { team_id: 'E1' }, inOrganisation],
    ['who is shown without a team', { enterprise_user: org() }, inOrganisation],
    ['who is shown with a blank team', { team_id: '', enterprise_user: org({ teams: [] }) }, inOrganisation],
    [
      'whose teams have ours, where Slack does not name our organisation',
      { team_id: 'E1', enterprise_user: org({ teams: ['T2', 'T1'] }) },
      workspace,
    ],
    ['who is named by the profile alone', { profile: { team: 'T1' } }, workspace],
    [
      'anybody of the organisation, installed for all of it',
      { team_id: 'T9', enterprise_user: org() },
      orgWide,
    ],
    ['who is of a workspace where it is installed', { team_id: 'T2' }, orgWide],
  ])('%s', async (_who, user, installation) => {
    expect(await ours(user, installation)).toBe(true);
  });
});

describe('a stranger is', () => {
  const other = { id: 'W9', enterprise_id: 'E9', teams: ['T9'] };
  test.each<[string, Belonging, Installation]>([
    ['who is of another workspace', { team_id: 'T9' }, workspace],
    ['who is of another workspace, to an organisation', { team_id: 'T9' }, inOrganisation],
    ['who is of another organisation', { team_id: 'T9', enterprise_user: other }, inOrganisation],
    ['the same, installed for the whole organisation', { team_id: 'E9', enterprise_user: other }, orgWide],
    ['the same, to a workspace alone', { team_id: 'T9', enterprise_user: other }, workspace],
    [
      'whose organisation is another, whatever the team',
      { team_id: 'T1', enterprise_user: other },
      inOrganisation,
    ],
    ['whom Slack calls one', { team_id: 'T1', is_stranger: true, enterprise_user: org() }, inOrganisation],
    ['of whom Slack says nothing', {}, workspace],
    ['of whom Slack says nothing, in an organisation', { enterprise_user: {} }, inOrganisation],
    ['of whom Slack says nothing, to all of it', { enterprise_user: { teams: [] } }, orgWide],
    ['who is of a workspace where it is not installed', { team_id: 'T9' }, orgWide],
    [
      'who is not named where we are not either',
      { team_id: '' },
      { teamId: null, enterpriseId: null, isOrgWide: false },
    ],
  ])('%s', async (_who, user, installation) => {
    expect(await ours(user, installation)).toBe(false);
  });
});

test('of several ids the one that is good everywhere is kept', () => {
  expect(idsOf({ id: 'U1' })).toEqual(['U1']);
  expect(idsOf({ id: 'U1', enterprise_user: { id: 'W1' } })).toEqual(['W1', 'U1']);
  expect(idsOf({ id: 'W1', enterprise_user: { id: 'W1' } })).toEqual(['W1']);
});
