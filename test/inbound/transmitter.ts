import type { webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

type Claims = Record<string, unknown>;
type Key = { kid: string; privateKey: webcrypto.CryptoKey; publicJwk: JWK };

/** Somebody who sends Security Event Tokens: keys of their own, published as a JWK Set over HTTP. */
export type Transmitter = {
  issuer: string;
  jwksUrl: string;
  key: Key;
  /** How often the keys were fetched. */
  fetches(): number;
  /** Another key in the place of all there were; `isPublished` false: not in the set. */
  rotate(isPublished?: boolean): Promise<void>;
  /** What the key endpoint answers from now on; null: the keys. */
  answerWith(answer: { status: number } | 'silence' | null): void;
  /** A SET; claims and header can be changed, `undefined` takes one away. */
  sign(
    events: Record<string, unknown>,
    more?: { claims?: Claims; header?: Record<string, unknown>; key?: Key },
  ): Promise<string>;
  close(): Promise<void>;
};

export async function newKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

export async function startTransmitter(issuer: string, audience: string): Promise<Transmitter> {
  let published: JWK[] = [];
  let fetches = 0;
  let rotations = 0;
  let answer: { status: number } | 'silence' | null = null;
  const server: Server = createServer((_request, response) => {
    fetches += 1;
    if (answer === 'silence') return;
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/jwk-set+json' });
    response.end(JSON.stringify({ keys: published }));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;

  const transmitter: Transmitter = {
    issuer,
    jwksUrl: `http://127.0.0.1:${port}/keys`,
    key: await newKey('k0'),
    fetches: () => fetches,
    async rotate(isPublished = true) {
      rotations += 1;
      transmitter.key = await newKey(`k${rotations}`);
      if (isPublished) published = [transmitter.key.publicJwk];
    },
    answerWith(given) {
      answer = given;
    },
    async sign(events, { claims = {}, header = {}, key = transmitter.key } = {}) {
      const payload = {
        iss: issuer,
        aud: audience,
        iat: Math.floor(Date.now() / 1_000),
        jti: crypto.randomUUID(),
        events,
        ...claims,
      };
      return await new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', typ: 'secevent+jwt', kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
  published = [transmitter.key.publicJwk];
  return transmitter;
}
