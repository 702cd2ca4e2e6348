import { Agent, request } from 'node:http';

export type ScimClient = {
  /** Throws when the answer is no success. */
  send(method: string, path: string, body: unknown): Promise<void>;
  close(): void;
};

/** Sends what an IdP's SCIM client sends, over connections that stay open. */
export function createScimClient(baseUrl: string, token: string): ScimClient {
  const { hostname, port } = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    async send(method, path, sent) {
      const body = JSON.stringify(sent);
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/scim+json',
        'content-length': Buffer.byteLength(body),
      };
      await new Promise<void>((resolve, reject) => {
        const out = request({ hostname, port, path: `/scim/v2${path}`, method, agent, headers }, (answer) => {
          const status = answer.statusCode ?? 0;
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (part: string) => {
            if (status >= 300) text += part;
          });
          answer.on('end', () =>
            status < 300 ? resolve() : reject(new Error(`${method} ${path}: ${status} ${text}`)),
          );
        });
        out.on('error', reject);
        out.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}
