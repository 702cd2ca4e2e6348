import type { Person } from '../../src/sandbox/seed.ts';

/** Engineers in Orders who are in no group; Okta and Anypoint have them, Slack has not. */
export function stormPeople(count: number): Person[] {
  return Array.from({ length: count }, (_, n) => {
    const id = String(n).padStart(5, '0');
    return {
      key: `storm${id}`,
      name: `Storm ${id}`,
      email: `storm${id}@acme.example`,
      title: 'Integration engineer',
      department: 'Orders',
      manager: 'tom',
      slackId: `USTORM${id}`,
      oktaId: `00ustorm0000000${id}`,
      anypointId: `a0000000-0000-4000-8001-0000000${id}`,
      slackKind: 'none',
      oktaStatus: 'ACTIVE',
      role: 'one of many',
    };
  });
}
