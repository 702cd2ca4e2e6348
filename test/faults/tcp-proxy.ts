import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../../src/store/postgres/free-port.ts';

/** One address in front of changing servers, as a managed service has it. */
export type TcpProxy = {
  port: number;
  /** New connections go there; those that are open stay where they are. */
  leadTo(port: number): void;
  /** Nothing is carried any more, and nobody is told: half-open connections. */
  fallSilent(): void;
  /** Carries again; what was open stays silent. */
  speak(): void;
  openConnections(): number;
  close(): Promise<void>;
};

export async function tcpProxy(target: number): Promise<TcpProxy> {
  let to = target;
  let isSilent = false;
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (isSilent) return;
    const upstream = connect(to, '127.0.0.1');
    keep(upstream);
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    port,
    leadTo(next) {
      to = next;
    },
    fallSilent() {
      isSilent = true;
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    speak() {
      isSilent = false;
    },
    openConnections: () => open.size,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
