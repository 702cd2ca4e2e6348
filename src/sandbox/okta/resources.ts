import type { OktaGroup, OktaUser } from './records.ts';

/** A user as the API shows them. */
export function showUser(user: OktaUser, worldUrl: string) {
  return {
    id: user.id,
    status: user.status,
    created: user.created,
    activated: user.created,
    statusChanged: user.statusChanged,
    lastLogin: null,
    lastUpdated: user.lastUpdated,
    passwordChanged: null,
    type: { id: 'oty00000000000000000' },
    profile: user.profile,
    credentials: { provider: { type: 'OKTA', name: 'OKTA' } },
    _links: { self: { href: `${worldUrl}/okta/api/v1/users/${user.id}` } },
  };
}

/** A group as the API shows it. */
export function showGroup(group: OktaGroup, worldUrl: string) {
  const { name, description } = group.profile;
  const self = `${worldUrl}/okta/api/v1/groups/${group.id}`;
  return {
    id: group.id,
    created: group.created,
    lastUpdated: group.lastUpdated,
    lastMembershipUpdated: group.lastMembershipUpdated,
    objectClass: ['okta:user_group'],
    type: group.type,
    profile: { name, ...(description === null ? {} : { description }) },
    _links: { self: { href: self }, users: { href: `${self}/users` }, apps: { href: `${self}/apps` } },
  };
}
