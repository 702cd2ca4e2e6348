import { expect } from 'vitest';
import { createToken } from '../../../src/scim/tokens.ts';
import { type Response, type StartedScim, startScim } from '../start-scim.ts';
import type { Dialect, Member, Person, Sent } from './dialects.ts';

/** One client with a token of its own, speaking its dialect over HTTP. */
export type Session = {
  scim: StartedScim;
  dialect: Dialect;
  /** Sends one request as the client would, whatever comes back. */
  send(sent: Sent, headers?: Record<string, string>): Promise<Response>;
  /** Sends all requests, each of which must have the status the client counts on. Answers the last. */
  say(sent: Sent | readonly Sent[]): Promise<Response>;
  /** Creates the person as the client does. */
  hire(person: Person): Promise<Member>;
};

export async function startSession(dialect: Dialect): Promise<Session> {
  const scim = await startScim(null, dialect.source);
  const made = await createToken(scim.database.db, {
    source: dialect.source,
    name: dialect.name,
    days: null,
  });
  const send: Session['send'] = (sent, headers = {}) =>
    scim.call(sent.method, sent.path, sent.body, {
      ...dialect.headers,
      ...(sent.body === undefined ? { 'content-type': null as never } : {}),
      authorization: `Bearer ${made?.token}`,
      ...headers,
    });
  const say: Session['say'] = async (sent) => {
    const all = Array.isArray(sent) ? (sent as readonly Sent[]) : [sent as Sent];
    let last: Response | undefined;
    for (const one of all) {
      last = await send(one);
      expect(last.status, `${one.method} ${one.path} ${JSON.stringify(last.body)}`).toBe(one.status);
    }
    if (last === undefined) throw new Error('the client has nothing to say');
    return last;
  };
  const hire: Session['hire'] = async (person) => {
    const { body } = await say(dialect.createUser(person));
    return { id: body.id, userName: person.userName };
  };
  return { scim, dialect, send, say, hire };
}

/** A person with this login and ordinary attributes. */
export function personCalled(userName: string, more: Partial<Person> = {}): Person {
  return {
    userName,
    externalId: `ext-${userName}`,
    givenName: 'Ines',
    familyName: 'Okonkwo',
    department: 'Integration',
    active: true,
    ...more,
  };
}
