import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Taken = { path: string; headers: IncomingHttpHeaders; body: string };
export type Answering = {
  status: number;
  body?: string;
  headers?: Record<string, string>;
  /** The connection is cut instead, having read all. */
  isCut?: true;
};

/** A collector over HTTP that keeps what it takes, and answers as it is told to; `taken` has what it answered 2xx. */
export async function startCollector(
  answer: (request: Taken, count: number) => Answering = () => ({ status: 200 }),
) {
  const asked: Taken[] = [];
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      const { status, body: said = '', headers = {}, isCut } = answer(one, asked.length);
      if (status < 300) taken.push(one);
      if (isCut === true) return void request.socket.destroy();
      response.writeHead(status, headers).end(said);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    taken,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** The numbers of the entries in what was taken, of every kind of batch. */
export function numbersOf({ body }: Taken): number[] {
  const all = body.startsWith('[') ? (JSON.parse(body) as Sent[]) : linesIn(body);
  return all.map((one) => one.event?.seq ?? one.seq ?? 0);
}

type Sent = { seq?: number; event?: { seq: number } };

function linesIn(body: string): Sent[] {
  return body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
