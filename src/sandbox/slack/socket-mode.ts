/** Socket Mode [docs.slack.dev/apis/events-api/using-socket-mode]: the app dials in, Slack sends envelopes. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { strangerIn } from '../../web/same-machine.ts';
import type { World } from '../emulator.ts';
import type { Answer } from './call.ts';
import { ACK_LIMIT_MS, type Delivery, type EnvelopeType } from './delivery.ts';
import { app } from './directory.ts';

/** "An app can have up to 10 open WebSocket connections at the same time." */
const MOST_CONNECTIONS = 10;
/** The real server's own figure; clients give up after 30 s without a ping. */
const PING_EVERY_MS = 10_000;
const APPROXIMATE_CONNECTION_SECONDS = 18_060;
const TICKET_TTL_MS = 30_000;
const DISCONNECT_GRACE_MS = 2_000;
const GOODBYE_MS = 500;

type Waiting = { resolve: (payload: unknown) => void };

export class SocketMode {
  #world: World;
  #path: string;
  #server: WebSocketServer = new WebSocketServer({ noServer: true });
  #sockets: WebSocket[] = [];
  #next = 0;
  #tickets = new Map<string, number>();
  #waiting = new Map<string, Waiting>();
  #pinger: NodeJS.Timeout | null = null;

  constructor(world: World, path: string) {
    this.#world = world;
    this.#path = path;
  }

  get isConnected(): boolean {
    return this.#sockets.length > 0;
  }

  get connections(): number {
    return this.#sockets.length;
  }

  /** Takes over WebSocket upgrades below our path on the world's HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (!url.pathname.startsWith(this.#path)) return;
      const ticket = url.searchParams.get('ticket') ?? '';
      const expiresAt = this.#tickets.get(ticket);
      this.#tickets.delete(ticket);
      if (expiresAt === undefined || expiresAt < Date.now() || strangerIn(server, request) !== null) {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        return;
      }
      this.#server.handleUpgrade(request, socket, head, (opened) => this.#welcome(opened));
    });
    this.#pinger = setInterval(() => {
      for (const socket of this.#sockets) socket.ping();
    }, PING_EVERY_MS);
    this.#pinger.unref();
  }

  /** `apps.connections.open`: an address that lets the app in once. */
  open(): Answer {
    if (this.#sockets.length >= MOST_CONNECTIONS) return { ok: false, error: 'too_many_websockets' };
    const ticket = randomBytes(16).toString('hex');
    this.#tickets.set(ticket, Date.now() + TICKET_TTL_MS);
    const base = this.#world.url().replace(/^http/, 'ws');
    return { ok: true, url: `${base}${this.#path}?ticket=${ticket}&app_id=${app.id}` };
  }

  /** Sends one envelope over one of the connections and waits for its acknowledgement. */
  async send(
    type: EnvelopeType,
    payload: Record<string, unknown>,
    attempt: number,
    reason: string | null,
  ): Promise<Delivery> {
    const startedAt = performance.now();
    const envelopeId = randomUUID();
    const socket = this.#sockets[this.#next++ % this.#sockets.length];
    const acked = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('timeout')), ACK_LIMIT_MS);
      this.#waiting.set(envelopeId, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
      });
    });
    socket?.send(
      JSON.stringify({
        envelope_id: envelopeId,
        type,
        payload,
        accepts_response_payload: type !== 'events_api',
        ...(type === 'events_api' ? { retry_attempt: attempt, retry_reason: reason ?? '' } : {}),
      }),
    );
    const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
    try {
      const body = await acked;
      return { acked: true, timedOut: false, ackMs: elapsedMs(), status: 200, body };
    } catch {
      const ackMs = elapsedMs();
      return { acked: false, timedOut: true, ackMs, status: null, body: null, error: 'timeout' };
    } finally {
      this.#waiting.delete(envelopeId);
    }
  }

  /** Tells every connected app to dial in again, as Slack does every few hours. */
  disconnectAll(reason: 'warning' | 'refresh_requested' | 'link_disabled' = 'refresh_requested'): number {
    const told = this.#sockets;
    this.#sockets = [];
    for (const socket of told) {
      socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'sandbox' } }));
      setTimeout(() => socket.close(), DISCONNECT_GRACE_MS).unref();
    }
    return told.length;
  }

  /** Says goodbye to every connected app, and does not wait long for the answer. */
  async close(): Promise<void> {
    if (this.#pinger !== null) clearInterval(this.#pinger);
    this.#sockets = [];
    const closing = [...this.#server.clients].map(
      (socket) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => socket.terminate(), GOODBYE_MS);
          socket.once('close', () => {
            clearTimeout(timer);
            resolve();
          });
          socket.close();
        }),
    );
    await Promise.all(closing);
    this.#server.close();
  }

  #welcome(socket: WebSocket): void {
    this.#sockets.push(socket);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      this.#sockets = this.#sockets.filter((s) => s !== socket);
    });
    socket.on('message', (data) => this.#receive(String(data)));
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#sockets.length,
        connection_info: { app_id: app.id },
        debug_info: {
          host: 'sandbox',
          build_number: 1,
          approximate_connection_time: APPROXIMATE_CONNECTION_SECONDS,
        },
      }),
    );
  }

  #receive(text: string): void {
    let message: { envelope_id?: string; payload?: Record<string, unknown> };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return;
    }
    const { payload } = message;
    const isEmpty = payload === undefined || payload === null || Object.keys(payload).length === 0;
    this.#waiting.get(message.envelope_id ?? '')?.resolve(isEmpty ? null : payload);
  }
}
