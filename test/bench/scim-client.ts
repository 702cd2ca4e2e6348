import { Agent, request } from 'node:http';

export type ScimClient = {
  /** Throws when the answer is no success. */
  send(method: string, path: string, body: unknown): Promise<void>;
  /** Sends a request and answers the body of the response. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  close(): void;
};

/** Sends what an IdP's SCIM client sends, over connections that stay open. */
export function createScimClient(baseUrl: string, token: string): ScimClient {
  const { hostname, port } = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  async function call(method: string, path: string, sent: unknown, isAnswerKept: boolean): Promise<string> {
    const body = sent === undefined ? '' : JSON.stringify(sent);
    const headers = {
      authorization: `Bearer ${token}`,
      ...(sent === undefined
        ? {}
        : { 'content-type': 'application/scim+json', 'content-length': Buffer.byteLength(body) }),
    };
    return await new Promise<string>((resolve, reject) => {
      const out = request({ hostname, port, path: `/scim/v2${path}`, method, agent, headers }, (answer) => {
        const status = answer.statusCode ?? 0;
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          if (isAnswerKept || status >= 300) text += part;
        });
        answer.on('end', () =>
          status < 300 ? resolve(text) : reject(new Error(`${method} ${path}: ${status} ${text}`)),
        );
      });
      out.on('error', reject);
      out.end(body);
    });
  }
  return {
    send: async (method, path, body) => void (await call(method, path, body, false)),
    ask: async <T>(method: string, path: string, body?: unknown) =>
      JSON.parse(await call(method, path, body, true)) as T,
    close: () => agent.destroy(),
  };
}
