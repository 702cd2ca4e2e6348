import { Fault, type Party, type Trouble } from '../core/fault.ts';
import { parseStorable } from '../core/storable.ts';
import { exchange, type Received, textOf } from './http.ts';
import { metered, outcomeOf, type System, systemOf } from './meter.ts';
import { sideBySide } from './side-by-side.ts';

export type Call = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** Sent as JSON unless it is URLSearchParams, which goes as a form, or bytes, which go as they are. */
  body?: unknown;
  /** Whole call, connection to last byte, in milliseconds. */
  timeoutMs: number;
  /** Ends the call before its time. */
  until?: AbortSignal;
  /** `manual`: one is answered with its status. Left out: it breaks the call. None is ever followed. */
  redirect?: 'manual';
  /** As the figures name it; of an identity provider always told, as there are several. */
  system?: System;
  /** How the body of a success is read; throws where it can't be. Left out: as JSON. */
  read?: (body: Buffer) => unknown;
};

export type Answer = {
  status: number;
  headers: Headers;
  /** Parsed JSON, or what `read` made of it; null for an empty body. */
  body: unknown;
};

type Asked = { party: Party; what: Call };

/** By system. */
const asking = new Map<System, (asked: Asked) => Promise<Answer>>();

/**
 * One HTTP call to an outside party. Of many that are asked for at the same time a few are under way at once. Answers whatever status came; the adapter knows what it means.
 * Throws `<party>.timeout` (outcome unknown unless the method is GET), `<party>.unavailable` when no
 * connection could be made or it broke, `<party>.bad_answer` when a 2xx body is not JSON.
 */
export async function call(party: Party, what: Call): Promise<Answer> {
  const system = what.system ?? systemOf[party] ?? party;
  const ask = asking.get(system) ?? sideBySide(callNow, ({ status }) => status === 429);
  asking.set(system, ask);
  return await ask({ party, what });
}

async function callNow({ party, what }: Asked): Promise<Answer> {
  return await metered(
    what.system ?? systemOf[party] ?? party,
    () => send(party, what),
    ({ status }) => outcomeOf(status),
    (error) => (error instanceof Fault ? (error.code.split('.')[1] as Trouble) : 'unavailable'),
  );
}

async function send(party: Party, what: Call): Promise<Answer> {
  const isWrite = what.method !== 'GET';
  const headers: Record<string, string> = { accept: 'application/json', ...what.headers };
  const { body, type } = bodyOf(what.body);
  if (type !== undefined) headers['content-type'] ??= type;
  let received: Received;
  const inTime = AbortSignal.timeout(what.timeoutMs);
  try {
    received = await exchange(what.url, {
      method: what.method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: what.until === undefined ? inTime : AbortSignal.any([inTime, what.until]),
      redirect: what.redirect ?? 'error',
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'TimeoutError')
      throw new Fault(
        `${party}.timeout`,
        `${what.method} ${pathOf(what.url)}: no answer within ${what.timeoutMs} ms`,
        {
          retryable: true,
          outcomeUnknown: isWrite,
          cause,
        },
      );
    // A connection that broke may have broken after the other side acted.
    throw new Fault(`${party}.unavailable`, `${what.method} ${pathOf(what.url)}: connection failed`, {
      retryable: true,
      outcomeUnknown: isWrite,
      cause,
    });
  }
  const { status, headers: answered, body: content } = received;
  if (content.length === 0) return { status, headers: answered, body: null };
  const isSuccess = status >= 200 && status < 300;
  try {
    const parsed = what.read !== undefined && isSuccess ? what.read(content) : parseStorable(textOf(content));
    return { status, headers: answered, body: parsed };
  } catch (cause) {
    if (isSuccess)
      throw new Fault(
        `${party}.bad_answer`,
        `${what.method} ${pathOf(what.url)}: ${status} with a body that is not JSON`,
        {
          retryable: true,
          outcomeUnknown: isWrite,
          cause,
        },
      );
    return { status, headers: answered, body: null };
  }
}

function bodyOf(body: unknown): { body?: string | Buffer; type?: string } {
  if (body === undefined) return {};
  if (body instanceof URLSearchParams)
    return { body: body.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  return Buffer.isBuffer(body) ? { body } : { body: JSON.stringify(body), type: 'application/json' };
}

/** The path only: hosts and queries can carry what logs must not. */
function pathOf(url: string): string {
  return new URL(url).pathname;
}
