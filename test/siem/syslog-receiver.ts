import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type SecureVersion } from 'node:tls';

export type Message = {
  priority: number;
  at: string;
  host: string;
  app: string;
  type: string;
  sequence: number;
  json: Record<string, unknown> & { seq: number };
};

/** RFC 5424 as Latchkey writes it; throws at anything else. */
function parse(frame: string): Message {
  const found =
    /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) \[meta sequenceId="(\d+)"\] (.*)$/.exec(
      frame,
    );
  if (found === null) throw new Error(`no RFC 5424: ${frame}`);
  const [, priority, at = '', host = '', app = '', , type = '', sequence, json = ''] = found;
  return {
    priority: Number(priority),
    at,
    host,
    app,
    type,
    sequence: Number(sequence),
    json: JSON.parse(json),
  };
}

export type Receiving = {
  /** With `ca`, it demands a certificate that this authority signed. */
  tls?: Certified & { ca?: string; maxVersion?: SecureVersion };
  /** Done to a new connection, instead of reading it. */
  serve?: (socket: Socket, read: (bytes: Buffer) => void) => void;
  port?: number;
};

/** A receiver of syslog with octet counting (RFC 6587, 3.4.1). A frame counts once it is whole. */
export async function startReceiver({ tls, serve, port = 0 }: Receiving = {}) {
  const messages: Message[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const connected = (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    let left = Buffer.alloc(0);
    const read = (bytes: Buffer) => {
      left = Buffer.concat([left, bytes]);
      for (;;) {
        const length = /^([1-9]\d*) /.exec(left.subarray(0, 12).toString('latin1'));
        if (length === null) return;
        const from = length[0].length;
        const to = from + Number(length[1]);
        if (left.length < to) return;
        messages.push(parse(left.subarray(from, to).toString('utf8')));
        left = left.subarray(to);
      }
    };
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (serve === undefined) socket.on('data', read);
    else serve(socket, read);
  };
  const server: Server =
    tls === undefined
      ? createServer(connected)
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined }, connected);
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    connections: () => connections,
    numbers: () => messages.map(({ json }) => json.seq),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export type Certified = { key: string; cert: string };

/** A certificate of its own, for a name. */
export function certified(name: string): Certified {
  return made(({ key, cert, openssl }) => {
    // biome-ignore format: a command reads as one line
    openssl('req', '-x509', ...KEY, '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`);
  });
}

/** One that an authority has signed. `days`: it is good for so many; less than none: it ran out. */
export function signedBy(authority: Certified, name: string, days = 2): Certified {
  return made(({ folder, key, cert, openssl }) => {
    const [ca, caKey, asked] = ['ca.pem', 'ca.key', 'asked.csr'].map((file) => join(folder, file)) as [
      string,
      string,
      string,
    ];
    writeFileSync(ca, authority.cert);
    writeFileSync(caKey, authority.key);
    openssl('req', ...KEY, '-keyout', key, '-out', asked, '-subj', `/CN=${name}`);
    // biome-ignore format: a command reads as one line
    openssl('x509', '-req', '-in', asked, '-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-out', cert, '-days', String(days));
  });
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

type Making = { folder: string; key: string; cert: string; openssl: (...words: string[]) => void };

function made(make: (making: Making) => void): Certified {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-certified-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const openssl = (...words: string[]) => void execFileSync('openssl', words, { stdio: 'ignore' });
  try {
    make({ folder, key, cert, openssl });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
