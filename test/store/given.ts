import { randomUUID } from 'node:crypto';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../../src/core/ids.ts';
import type { IdpPerson } from '../../src/ports/identity-provider.ts';
import { rememberPerson } from '../../src/store/people.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { asks, decision, target } from '../core/given.ts';

export function idpPerson(login: string, rest: Partial<IdpPerson> = {}): IdpPerson {
  return {
    id: `okta-${login}`,
    login,
    email: `${login}@acme.example`,
    displayName: login,
    status: 'active',
    title: null,
    department: 'Orders',
    manager: null,
    timeZone: null,
    ...rest,
  };
}

export async function somebody(db: Db, login = `p${randomUUID().slice(0, 8)}`): Promise<PersonId> {
  return (await rememberPerson(db, 'okta', idpPerson(login))).id;
}

export function received(
  personId: PersonId,
  rest: { at?: Date; entitlementKey?: string } = {},
): ChangeEvent & { type: 'changeReceived' } {
  return {
    type: 'changeReceived',
    changeId: randomUUID() as ChangeId,
    at: rest.at ?? new Date(),
    actor: { part: 'latchkey' },
    kind: 'grant',
    cause: 'request',
    entitlementKey: (rest.entitlementKey ?? 'orders') as EntitlementKey,
    personId,
    requesterId: personId,
    reason: 'logs',
    ticket: null,
    requestedSeconds: 3_600,
    target: null,
    via: 'slack',
    lapsesAt: null,
  };
}

export function approved(
  changeId: ChangeId,
  at: Date,
  seconds = 3_600,
): ChangeEvent & { type: 'changeApproved' } {
  return {
    type: 'changeApproved',
    changeId,
    at,
    actor: { part: 'latchkey' },
    grant: { id: randomUUID() as GrantId, startsAt: at, endsAt: new Date(at.getTime() + seconds * 1_000) },
    decision: decision('approved', { by: null, byName: 'rule', at }),
    verdict: asks,
    target,
  };
}
