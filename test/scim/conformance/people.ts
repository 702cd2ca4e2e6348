import { expect } from 'vitest';
import { ENTERPRISE_USER, type StartedScim, startScim } from '../start-scim.ts';

/** A service with three people, one of them switched off, and a group of two. */
export type Staffed = { scim: StartedScim; ines: string; omar: string; lena: string; group: string };

export async function startWithPeople(): Promise<Staffed> {
  const scim = await startScim();
  const ines = await scim.createUser('Ines@acme.example', {
    externalId: '00uInes',
    displayName: 'Ines Okonkwo',
    name: { givenName: 'Ines', familyName: 'Okonkwo' },
    title: 'Engineer 100%',
    emails: [
      { type: 'work', value: 'ines@acme.example', primary: true },
      { type: 'home', value: 'ines@home.example' },
    ],
    [ENTERPRISE_USER]: { department: 'Integration', manager: { value: 'boss' } },
  });
  const omar = await scim.createUser('omar@acme.example', {
    emails: [{ type: 'home', value: 'omar@acme.example' }],
  });
  const lena = await scim.createUser('lena@acme.example', { active: false, title: 'Manager' });
  const group = await scim.createGroup('mulesoft-dev', [ines, lena]);
  return { scim, ines, omar, lena, group };
}

/** Ids of the resources that a filter finds, in the order of the answer. */
export async function idsFound(scim: StartedScim, filter: string, path = '/Users'): Promise<string[]> {
  const { status, body } = await scim.call('GET', `${path}?filter=${encodeURIComponent(filter)}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.Resources.map((r: { id: string }) => r.id);
}
