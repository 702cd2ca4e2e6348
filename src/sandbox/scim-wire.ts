/** What the identity providers of the sandbox share when they speak SCIM 2.0 to Latchkey: how a request goes out. */

/** The schemas of RFC 7643 and RFC 7644 that both send. */
export const scimUrn = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  enterprise: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  patch: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
} as const;

/** The provider did not do what was asked. */
export class ScimFailure extends Error {
  /** HTTP status; null when no answer came. */
  readonly status: number | null;

  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }

  /** Down, slow or overloaded: the same again later may succeed. */
  get isPassing(): boolean {
    return this.status === null || this.status === 429 || this.status >= 500;
  }
}

/** Where requests go. `signal`: gives up what is under way. `userAgent`: left out, Node's own. */
export type ScimWire = {
  url: string;
  token: string;
  timeoutMs: number;
  userAgent?: string;
  signal: AbortSignal;
};

/**
 * Sends one request; `path` is below the provider's base address. Answers the body as JSON; null: there was none.
 * @throws ScimFailure
 */
export async function sendScim(
  wire: ScimWire,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const what = `${method} ${path.split('?')[0]}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${wire.url}/scim/v2${path}`, {
      method,
      headers: {
        ...(wire.userAgent === undefined ? {} : { 'user-agent': wire.userAgent }),
        accept: 'application/scim+json',
        authorization: `Bearer ${wire.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([wire.signal, AbortSignal.timeout(wire.timeoutMs)]),
    });
    text = await response.text();
  } catch (cause) {
    throw new ScimFailure(`${what}: no answer`, null, cause);
  }
  if (!response.ok)
    throw new ScimFailure(`${what}: ${response.status} ${text.slice(0, 300)}`, response.status);
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ScimFailure(`${what}: the answer is not JSON`, response.status, cause);
  }
}
