import { Fault } from '../../core/fault.ts';
import { type Answer, type Call, call } from '../../outbound/call.ts';
import type { TokenCache } from '../../outbound/token-cache.ts';
import { createEntraTokens, type EntraLogin } from './credentials.ts';
import { badAnswer, DEFAULT_WAIT_MS, graphFault, withKnownOutcome } from './faults.ts';

export type GraphSettings = EntraLogin & {
  /** For each HTTP call, in milliseconds. */
  timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Graph that does not answer is left alone this long: whoever asks for many people must not wait for each. */
const REST_MS = 5_000;
/** Credentials that were refused are not tried again sooner; only a person can mend them. */
const REST_REFUSED_MS = 30_000;

type Asked = {
  body?: unknown;
  /** 404 means something to the caller. */
  mayBeAbsent?: boolean;
  /** 400 means something to the caller. */
  mayBeRefused?: boolean;
  /** 410 means something to the caller. */
  mayBeGone?: boolean;
  /** A POST that changes nothing: without an answer its outcome is known. */
  isRead?: boolean;
  /** For this call, in milliseconds; left out: as for any. */
  timeoutMs?: number;
};

/**
 * Calls to Microsoft Graph v1.0, one token for all. Faults `idp.*`. With `rests`, calls fail at once for a while after
 * a fault that the next one would run into too.
 *
 * @throws config.invalid when a certificate or its key is none
 */
export class GraphSession {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #tokens: TokenCache;
  readonly #rests: boolean;
  #rest: { until: number; fault: Fault } | null = null;

  constructor(settings: GraphSettings, { rests = false } = {}) {
    this.#url = settings.url.replace(/\/+$/, '');
    this.#timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#tokens = createEntraTokens({ ...settings, url: this.#url }, this.#timeoutMs);
    this.#rests = rests;
  }

  /** Any 2xx, and 404 or 400 where it means something to the caller. `path` begins behind `/v1.0`. */
  async send(method: Call['method'], path: string, what: string, asked: Asked = {}): Promise<Answer> {
    if (this.#rest !== null && performance.now() < this.#rest.until) throw this.#rest.fault;
    try {
      const token = await this.#tokens.get();
      let answer = await this.#call(method, path, token, asked);
      if (answer.status === 401) {
        this.#tokens.refused(token);
        answer = await this.#call(method, path, await this.#tokens.get(), asked);
      }
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status === 404 && asked.mayBeAbsent === true) return answer;
      if (answer.status === 400 && asked.mayBeRefused === true) return answer;
      if (answer.status === 410 && asked.mayBeGone === true) return answer;
      throw graphFault(answer, method, what);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const fault = asked.isRead === true ? withKnownOutcome(error) : error;
      if (this.#rests) this.#restAfter(fault);
      throw fault;
    }
  }

  /** The target of `@odata.nextLink` or `@odata.deltaLink`, as a path for `send`; null where there is none. */
  pathOf(link: string | undefined, what: string): string | null {
    if (link === undefined) return null;
    const root = `${this.#url}/v1.0`;
    // The credentials go to Graph and nowhere else, whatever a link says.
    if (!link.startsWith(`${root}/`)) throw badAnswer(what, 'the next page is at another address');
    return link.slice(root.length);
  }

  /** The address of a directory object, as Graph wants it in a reference. */
  objectUrl(id: string): string {
    return `${this.#url}/v1.0/directoryObjects/${id}`;
  }

  /** Application permissions in the token (`roles`); null when it does not show them. @throws idp.* */
  async permissions(): Promise<readonly string[] | null> {
    return rolesIn(await this.#tokens.get());
  }

  #restAfter(fault: Fault): void {
    const ms =
      fault.code === 'idp.unauthorized'
        ? REST_REFUSED_MS
        : fault.code === 'idp.throttled'
          ? (fault.retryAfterMs ?? DEFAULT_WAIT_MS)
          : fault.code === 'idp.unavailable' || fault.code === 'idp.timeout'
            ? REST_MS
            : 0;
    if (ms > 0) this.#rest = { until: performance.now() + ms, fault };
  }

  #call(method: Call['method'], path: string, token: string, { body, timeoutMs }: Asked): Promise<Answer> {
    return call('idp', {
      system: 'graph',
      method,
      url: `${this.#url}/v1.0${path}`,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: timeoutMs ?? this.#timeoutMs,
      ...(body === undefined ? {} : { body }),
    });
  }
}

/** Read for telling people what is missing; Graph itself decides what the token may. */
function rolesIn(token: string): readonly string[] | null {
  try {
    const { roles } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
  } catch {
    return null;
  }
}
