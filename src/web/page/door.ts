import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Reader, readerOf } from '../../core/page/reader.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { hashOf } from '../../flow/request/step-up.ts';
import type { BegunSecrets } from '../../ports/sign-in.ts';
import { endSession, readSession, SESSION_SECONDS } from '../../store/page/sessions.ts';
import { cookie, cookieIn, cookieName, namesIn } from '../cookies.ts';

/** A sign-in that was begun has to end within so many seconds. */
const SIGN_IN_SECONDS = 600;

/** So many tabs may be on their way to the identity provider. */
const BEGUN_MAX = 8;

/** What a browser keeps between the beginning of a sign-in and its end. `to`: the page that was wanted. */
export type Begun = BegunSecrets & { to: string };

/** Who is at the door, by the cookies that their browser carries. */
export type Door = {
  reader(request: FastifyRequest): Promise<Reader | null>;
  /** What a form of this session has to send with it; a page of another site can't know it. */
  formToken(request: FastifyRequest): string;
  isOwnForm(request: FastifyRequest, sent: string | null): boolean;
  keepBegun(request: FastifyRequest, reply: FastifyReply, begun: Begun): void;
  /** Takes the one of this `state` from the browser: a sign-in ends once, and each tab may have begun one. */
  takeBegun(request: FastifyRequest, reply: FastifyReply, state: string): Begun | null;
  letIn(reply: FastifyReply, secret: string): void;
  signOut(request: FastifyRequest, reply: FastifyReply): Promise<void>;
};

export function createDoor(context: Context, isSecure: boolean): Door {
  const session = cookieName('latchkey-session', isSecure);
  const signIn = cookieName('latchkey-sign-in', isSecure);
  const secretOf = ({ headers }: FastifyRequest) => cookieIn(headers.cookie, session);
  const set = (reply: FastifyReply, name: string, value: string, seconds: number) =>
    reply.header('set-cookie', cookie(name, value, { seconds, isSecure }));
  const ofState = (state: string) => `${signIn}-${hashOf(state).toString('hex').slice(0, 16)}`;
  const formToken = (request: FastifyRequest) =>
    createHash('sha256')
      .update(`form ${secretOf(request) ?? ''}`)
      .digest('base64url');
  return {
    async reader(request) {
      const secret = secretOf(request);
      const used = secret === null ? null : await readSession(context.db, hashOf(secret));
      return used === null ? null : readerOf(used.person, used.email, context.catalogue.current());
    },
    formToken,
    isOwnForm(request, sent) {
      return sent !== null && timingSafeEqual(hashOf(sent), hashOf(formToken(request)));
    },
    keepBegun(request, reply, begun) {
      // Those that nobody ended would make the header too long.
      const others = namesIn(request.headers.cookie).filter((name) => name.startsWith(`${signIn}-`));
      if (others.length >= BEGUN_MAX) for (const name of others) set(reply, name, '', 0);
      const kept = Buffer.from(JSON.stringify(begun)).toString('base64url');
      set(reply, ofState(begun.state), kept, SIGN_IN_SECONDS);
    },
    takeBegun(request, reply, state) {
      const name = ofState(state);
      const kept = cookieIn(request.headers.cookie, name);
      if (kept === null) return null;
      set(reply, name, '', 0);
      return begunIn(kept);
    },
    letIn: (reply, secret) => void set(reply, session, secret, SESSION_SECONDS),
    async signOut(request, reply) {
      const secret = secretOf(request);
      if (secret !== null) await endSession(context.db, hashOf(secret));
      set(reply, session, '', 0);
    },
  };
}

function begunIn(kept: string): Begun | null {
  try {
    const { state, nonce, verifier, to } = JSON.parse(Buffer.from(kept, 'base64url').toString()) as Begun;
    return [state, nonce, verifier, to].every((one) => typeof one === 'string')
      ? { state, nonce, verifier, to }
      : null;
  } catch {
    return null;
  }
}
