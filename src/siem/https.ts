import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, type Trouble } from '../core/fault.ts';
import { nextStepFor } from '../core/fault-words.ts';
import { oneLine } from '../core/storable.ts';
import { type Answer, call } from '../outbound/call.ts';
import { retryAfterMs } from '../outbound/retry-after.ts';
import type { AuditDestination, ExportedEntry } from '../ports/audit-destination.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import { cut, type LineSettings, lineOf } from './line.ts';
import { portionOf } from './portion.ts';

/** How a batch is put: a line of JSON each, a JSON array, or the events of Splunk's HTTP Event Collector. */
export const httpsKinds = ['lines', 'array', 'splunk'] as const;
export type HttpsKind = (typeof httpsKinds)[number];

export type HttpsSettings = {
  /** Its path may be the secret itself. */
  url: GivenSecret;
  kind: HttpsKind;
  /** Null: nothing is sent. */
  token: GivenSecret | null;
  /** The header that the token goes into as it is; null: `Authorization`, with its scheme. */
  header: string | null;
  timeoutMs?: number;
};

/** In one request: what collectors take, most of them (a megabyte). */
const AT_ONCE = { bytes: 900_000, entries: 500 };
/** An entry of more comes without its data. */
const ENTRY_BYTES = 250_000;
const TIMEOUT_MS = 30_000;
const HEC_PATH = '/services/collector/event';
/** HEC's own code for it (Splunk, "HTTP Event Collector: error codes"). */
const HEC_NO_CHANNEL = 10;
/** Whether the indexer has a batch is asked this often, in milliseconds, and not longer than this. */
const ACK = { everyMs: 500, withinMs: 30_000 };
/** What is wrong with a batch is wrong with one of its entries. */
const REFUSES_CONTENT = new Set([400, 413, 422]);

/** A collector that takes batches over HTTPS. Redirects are not followed: the token goes to one host only. */
export function httpsDestination(settings: HttpsSettings, lines: LineSettings): AuditDestination {
  const post = createPost(settings);
  const toLine = (entry: ExportedEntry) =>
    wrapped(entry, lineOf(entry, lines, { bytes: ENTRY_BYTES }), settings);

  /** Halves what is refused for its content, down to the one entry that is; that one goes without its data then. */
  async function send(entries: readonly ExportedEntry[], until: AbortSignal): Promise<number> {
    const portion = portionOf(entries, toLine, AT_ONCE);
    for (let count = portion.lines.length; ; count = Math.floor(count / 2))
      try {
        await post(portion.lines.slice(0, count), until);
        return count;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'siem.invalid') throw error;
        if (count > 1) continue;
        const [first] = entries as [ExportedEntry];
        const size = Buffer.byteLength(portion.lines[0] ?? '');
        await post([wrapped(first, cut(first, lines, { size, isAscii: false }), settings)], until);
        return 1;
      }
  }

  return {
    name: 'https',
    get called() {
      return `the SIEM at ${new URL(secretOf(settings.url).current()).host}`;
    },
    send,
    check: async () => await checkHttps(settings),
    next(fault) {
      if (fault.code === 'siem.unauthorized' && settings.token === null)
        return 'set SIEM_TOKEN to the token that it gives out, and SIEM_KIND to how it wants it';
      if (fault.vendorCode === `HEC ${HEC_NO_CHANNEL}`)
        return 'turn the indexer acknowledgment of this token off, or update Latchkey';
      return fault.code === 'siem.invalid'
        ? 'see in SIEM_KIND and SIEM_FORMAT that it takes what is sent; an entry is never left out by itself (docs/siem.md says how to go on behind one)'
        : nextStepFor(fault);
    },
  };
}

/** Splunk's collector is usually named without its path. */
function addressOf({ url, kind }: HttpsSettings): URL {
  const address = new URL(secretOf(url).current());
  if (kind === 'splunk' && address.pathname === '/') address.pathname = HEC_PATH;
  return address;
}

function wrapped({ at }: ExportedEntry, line: string, { kind }: HttpsSettings): string {
  if (kind !== 'splunk') return line;
  const rest = JSON.stringify({
    time: at.getTime() / 1_000,
    host: hostname(),
    source: 'latchkey',
    sourcetype: '_json',
  });
  return `${rest.slice(0, -1)},"event":${line}}`;
}

const contentTypes: Record<HttpsKind, string> = {
  lines: 'application/x-ndjson',
  array: 'application/json',
  splunk: 'application/json',
};

function createPost(settings: HttpsSettings) {
  const { kind, token, timeoutMs = TIMEOUT_MS } = settings;
  // HEC wants one where its tokens have indexer acknowledgment.
  const channel = randomUUID();

  const ask = async (url: URL, body: Buffer, until: AbortSignal, value: string | null) =>
    await call('siem', {
      method: 'POST',
      url: url.href,
      headers: {
        'content-type': contentTypes[kind],
        'user-agent': 'latchkey',
        ...(kind === 'splunk' ? { 'x-splunk-request-channel': channel } : {}),
        ...(value === null ? {} : authorization(settings, value)),
      },
      body,
      timeoutMs,
      until,
      redirect: 'manual',
      read: jsonOrNull,
    });

  async function once(lines: readonly string[], until: AbortSignal, value: string | null): Promise<void> {
    const text = kind === 'array' ? `[${lines.join(',')}]` : `${lines.join('\n')}\n`;
    const url = addressOf(settings);
    const answer = await ask(url, Buffer.from(text), until, value);
    refuseFailure(answer, kind);
    const { ackId } = (answer.body ?? {}) as { ackId?: number };
    if (kind === 'splunk' && typeof ackId === 'number') await acknowledged(url, ackId, until, value);
  }

  /** Splunk has it, but an indexer that fails now would lose it: it says when that is over. */
  async function acknowledged(
    url: URL,
    ackId: number,
    until: AbortSignal,
    value: string | null,
  ): Promise<void> {
    const asked = new URL(url);
    asked.pathname = url.pathname.replace(/\/(event|raw)(\/[\d.]+)?$/, '/ack');
    for (const end = performance.now() + ACK.withinMs; performance.now() < end && !until.aborted; ) {
      const answer = await ask(asked, Buffer.from(JSON.stringify({ acks: [ackId] })), until, value);
      refuseFailure(answer, 'lines');
      const { acks } = (answer.body ?? {}) as { acks?: Record<string, boolean> };
      if (acks?.[ackId] === true) return;
      await sleep(ACK.everyMs, undefined, { signal: until }).catch(() => {});
    }
    throw new Fault('siem.timeout', 'its indexer did not acknowledge the batch in time', { retryable: true });
  }

  return async (lines: readonly string[], until: AbortSignal): Promise<void> => {
    if (token === null) return await once(lines, until, null);
    await withSecret(secretOf(token), async (value) => await once(lines, until, value));
  };
}

function authorization({ kind, header }: HttpsSettings, token: string): Record<string, string> {
  if (header !== null) return { [header]: token };
  return { authorization: `${kind === 'splunk' ? 'Splunk' : 'Bearer'} ${token}` };
}

/** Whoever takes logs answers in many ways; only HEC's answer says more than its status. */
function jsonOrNull(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

type HecAnswer = { code?: number; text?: string };

function refuseFailure({ status, headers, body }: Answer, kind: HttpsKind): void {
  // HEC says there with 200 that its queue is nearly full, too; it has taken the batch.
  if (status >= 200 && status < 300) return;
  const { code, text } = (kind === 'splunk' ? (body ?? {}) : {}) as HecAnswer;
  const trouble = troubleOf(status);
  const said = typeof text === 'string' ? `: ${oneLine(text).slice(0, 200)}` : '';
  throw new Fault(`siem.${trouble}`, `it answers ${status}${said}`, {
    retryable: trouble !== 'invalid',
    vendorCode: code === undefined ? String(status) : `HEC ${code}`,
    ...(trouble === 'throttled' || trouble === 'unavailable' ? waitOf(headers) : {}),
  });
}

function waitOf(headers: Headers): { retryAfterMs?: number } {
  const ms = retryAfterMs(headers);
  return ms === null ? {} : { retryAfterMs: ms };
}

function troubleOf(status: number): Trouble {
  // Collectors say either of a token that they do not know.
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429) return 'throttled';
  if (REFUSES_CONTENT.has(status)) return 'invalid';
  if (status === 408 || status >= 500) return 'unavailable';
  return 'bad_answer';
}

/** Splunk says whether it is well. Of others only the way there can be tried: whatever they take, they keep. */
async function checkHttps(settings: HttpsSettings): Promise<void> {
  const url = addressOf(settings);
  if (settings.kind === 'splunk') url.pathname = url.pathname.replace(/\/event(\/[\d.]+)?$/, '/health');
  const answer = await call('siem', {
    method: 'GET',
    url: url.href,
    timeoutMs: settings.timeoutMs ?? TIMEOUT_MS,
    redirect: 'manual',
    read: jsonOrNull,
  });
  if (settings.kind === 'splunk' || answer.status >= 500) refuseFailure(answer, 'lines');
}
