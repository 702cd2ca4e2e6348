import { z } from 'zod';
import { Fault, type Trouble } from '../../core/fault.ts';
import { type Answer, type Call, call } from '../../outbound/call.ts';
import { type FetchedToken, TokenCache } from '../../outbound/token-cache.ts';
import { type GivenSecret, secretOf, withSecret } from '../../secrets/secret.ts';

export type GraphSettings = {
  tenantId: string;
  /** An app registration with the application permissions GroupMember.Read.All and User.Read.All. */
  clientId: string;
  clientSecret: GivenSecret;
  /** E.g. `https://graph.microsoft.com`; national clouds have their own. */
  url: string;
  /** E.g. `https://login.microsoftonline.com`. */
  loginUrl: string;
  /** For each HTTP call, in milliseconds. */
  timeoutMs?: number;
};

const DEFAULT_TIMEOUT_MS = 10_000;
/** Graph that does not answer is left alone this long: whoever asks for many people must not wait for each. */
const REST_MS = 5_000;
/** Credentials that were refused are not tried again sooner; only a person can mend them. */
const REST_REFUSED_MS = 30_000;
/** When a throttled answer does not say; not every resource of Graph does. */
const DEFAULT_WAIT_MS = 10_000;

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const errorSchema = z.object({
  error: z.union([z.object({ code: z.string().optional(), message: z.string().optional() }), z.string()]),
  /** Of the token endpoint: AADSTS and a number, the cause in words, ids and a time. */
  error_description: z.string().optional(),
});

/**
 * Calls to Microsoft Graph v1.0 with client credentials, one token for all. Faults `idp.*`; after one that the next
 * call would run into too, calls fail at once for a while.
 */
export class GraphSession {
  readonly #settings: GraphSettings;
  readonly #timeoutMs: number;
  readonly #tokens = new TokenCache(() => this.#fetch());
  #rest: { until: number; fault: Fault } | null = null;

  constructor(settings: GraphSettings) {
    this.#settings = settings;
    this.#timeoutMs = settings.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    secretOf(settings.clientSecret).onChange(() => {
      this.#rest = null;
    });
  }

  /** Any 2xx, and 404 where it means something to the caller. `path` begins behind `/v1.0`. */
  async send(
    method: Call['method'],
    path: string,
    what: string,
    { body, mayBeAbsent = false }: { body?: unknown; mayBeAbsent?: boolean } = {},
  ): Promise<Answer> {
    if (this.#rest !== null && performance.now() < this.#rest.until) throw this.#rest.fault;
    try {
      const token = await this.#tokens.get();
      let answer = await this.#call(method, path, token, body);
      if (answer.status === 401) {
        this.#tokens.refused(token);
        answer = await this.#call(method, path, await this.#tokens.get(), body);
      }
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status === 404 && mayBeAbsent) return answer;
      throw faultOf(answer, method, what);
    } catch (error) {
      if (error instanceof Fault) this.#restAfter(error);
      throw error;
    }
  }

  /** The target of `@odata.nextLink`, as a path for `send`; null at the end of the list. */
  pathOf(nextLink: string | undefined, what: string): string | null {
    if (nextLink === undefined) return null;
    const root = `${this.#settings.url}/v1.0`;
    // The credentials go to Graph and nowhere else, whatever a link says.
    if (!nextLink.startsWith(`${root}/`))
      throw new Fault('idp.bad_answer', `Graph, ${what}: the next page is at another address`, {
        retryable: false,
      });
    return nextLink.slice(root.length);
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

  #call(method: Call['method'], path: string, token: string, body: unknown): Promise<Answer> {
    return call('idp', {
      system: 'graph',
      method,
      url: `${this.#settings.url}/v1.0${path}`,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: this.#timeoutMs,
      ...(body === undefined ? {} : { body }),
    });
  }

  async #fetch(): Promise<FetchedToken> {
    return await withSecret(secretOf(this.#settings.clientSecret), (secret) => this.#fetchWith(secret));
  }

  async #fetchWith(clientSecret: string): Promise<FetchedToken> {
    const { tenantId, clientId, url, loginUrl } = this.#settings;
    const answer = await call('idp', {
      system: 'graph',
      method: 'POST',
      url: `${loginUrl}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${url}/.default`,
        grant_type: 'client_credentials',
      }),
      timeoutMs: this.#timeoutMs,
    });
    if (answer.status !== 200) {
      const fault = faultOf(answer, 'GET', 'token');
      // A wrong secret is 401; an unknown tenant or app, or a secret that is none, is 400.
      throw answer.status === 400
        ? new Fault('idp.unauthorized', fault.message, {
            retryable: false,
            ...(fault.vendorCode === undefined ? {} : { vendorCode: fault.vendorCode }),
          })
        : fault;
    }
    const { access_token, expires_in } = readGraph(tokenSchema, answer, 'token');
    return { token: access_token, lifetimeSeconds: expires_in };
  }
}

/** The answer's body in the shape asked for. @throws idp.bad_answer */
export function readGraph<T>(schema: z.ZodType<T>, answer: Answer, what: string): T {
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') || 'body';
  throw new Fault('idp.bad_answer', `Graph, ${what}: the answer does not fit at ${where}`, {
    retryable: false,
    cause: parsed.error,
  });
}

function faultOf(answer: Answer, method: Call['method'], what: string): Fault {
  const parsed = errorSchema.safeParse(answer.body);
  const { error, error_description } = parsed.success ? parsed.data : { error: {} };
  const { code = undefined, message = undefined } =
    typeof error === 'string'
      ? { code: error, message: error_description?.split(/ Trace ID:|[\r\n]/)[0] }
      : error;
  const trouble = troubleOf(answer.status);
  const isOutage = trouble === 'unavailable';
  return new Fault(
    `idp.${trouble}`,
    `Graph, ${what}: ${[answer.status, code, message].filter((part) => part !== undefined).join(' ')}`,
    {
      retryable: isOutage || trouble === 'throttled',
      ...(trouble === 'throttled' ? { retryAfterMs: waitOf(answer.headers) } : {}),
      outcomeUnknown: isOutage && method !== 'GET',
      vendorCode: code ?? String(answer.status),
    },
  );
}

function troubleOf(status: number): Trouble {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'invalid';
}

function waitOf(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isNaN(seconds) ? DEFAULT_WAIT_MS : Math.max(1, seconds) * 1_000;
}
