import { type Person, people } from '../../src/sandbox/seed.ts';

/** How many people ask in a bench, besides the seed's. */
export const CROWD = 200;

/** One of the crowd: an engineer in Orders whose manager is Tom. */
export function crowdPerson(n: number): Person {
  const id = String(n + 100).padStart(3, '0');
  return {
    key: `crowd${id}`,
    name: `Crowd ${id}`,
    email: `crowd${id}@acme.example`,
    title: 'Integration engineer',
    department: 'Orders',
    manager: 'tom',
    slackId: `U0000${id}`,
    oktaId: `00ucrowd000000000${id}`,
    anypointId: `a0000000-0000-4000-8000-000000000${id}`,
    slackKind: 'member',
    oktaStatus: 'ACTIVE',
    role: 'one of many',
  };
}

export function seedAndCrowd(): Person[] {
  return [...people, ...Array.from({ length: CROWD }, (_, n) => crowdPerson(n))];
}
