import { Fault } from '../../core/fault.ts';
import { type Answer, type Call, call } from '../../outbound/call.ts';
import { faultOf } from './answers.ts';
import { type Credentials, createCredentials, type OktaAuth } from './credentials.ts';

export type OktaSettings = {
  /** Address of the organisation, e.g. `https://acme.okta.com`. */
  orgUrl: string;
  auth: OktaAuth;
  /** Id of the app by which people sign in to Anypoint (`0oa…`); null or left out: sign-ins to it are not read. */
  anypointAppId?: string | null;
  /** For each HTTP call, in milliseconds. */
  timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** The credentials that are kept, newer ones, and those before. */
const TRIES_MAX = 3;

/**
 * The API with a token of its own for these scopes.
 *
 * @throws config.invalid when the service app's private key is no key
 */
export function openOktaApi(
  { orgUrl, auth, timeoutMs = DEFAULT_TIMEOUT_MS }: OktaSettings,
  scopes: readonly string[],
): OktaApi {
  const base = orgUrl.replace(/\/+$/, '');
  return new OktaApi(base, createCredentials(base, auth, timeoutMs, scopes), timeoutMs);
}

/** Calls to one Okta organisation's management API; paths are below `/api/v1`. */
export class OktaApi {
  readonly #base: URL;
  readonly #timeoutMs: number;
  readonly #credentials: Credentials;

  constructor(orgUrl: string, credentials: Credentials, timeoutMs: number) {
    this.#base = new URL(`${orgUrl}/api/v1/`);
    this.#credentials = credentials;
    this.#timeoutMs = timeoutMs;
  }

  /** Answers 2xx, or 404 where the thing may be absent. @throws idp.* */
  async send(
    method: Call['method'],
    path: string,
    what: string,
    { mayBeAbsent = false, read }: { mayBeAbsent?: boolean; read?: Call['read'] } = {},
  ): Promise<Answer> {
    let authorization = await this.#credentials.header();
    const how = { method, path, ...(read === undefined ? {} : { read }) };
    let answer = await this.#call(how, authorization);
    for (let tries = 1; answer.status === 401 && tries < TRIES_MAX; tries += 1) {
      if (!(await this.#credentials.refused(authorization, tries))) break;
      authorization = await this.#credentials.header();
      answer = await this.#call(how, authorization);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (answer.status === 404 && mayBeAbsent) return answer;
    throw faultOf(answer, { method }, what);
  }

  /** Where the `Link` header says that a list goes on; null at its end. @throws idp.bad_answer */
  nextPath(headers: Headers, what: string): string | null {
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(headers.get('link') ?? '')?.[1];
    if (target === undefined) return null;
    // The credentials go to our organisation and nowhere else, whatever a link says.
    const next = URL.parse(target);
    if (next === null || next.origin !== this.#base.origin || !next.pathname.startsWith(this.#base.pathname))
      throw badAnswer(what, 'the next page is at another address');
    return `/${next.pathname.slice(this.#base.pathname.length)}${next.search}`;
  }

  #call(
    { path, ...how }: Pick<Call, 'method' | 'read'> & { path: string },
    authorization: string,
  ): Promise<Answer> {
    return call('idp', {
      ...how,
      system: 'okta',
      url: `${this.#base.href.slice(0, -1)}${path}`,
      headers: { authorization },
      timeoutMs: this.#timeoutMs,
    });
  }
}

export function badAnswer(what: string, why: string): Fault {
  return new Fault('idp.bad_answer', `Okta, ${what}: ${why}`, { retryable: false });
}
