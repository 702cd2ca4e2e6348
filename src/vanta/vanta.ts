import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, type Trouble } from '../core/fault.ts';
import { oneLine } from '../core/storable.ts';
import { type Answer, type Call, call } from '../outbound/call.ts';
import { retryAfterMs } from '../outbound/retry-after.ts';
import { type FetchedToken, TokenCache } from '../outbound/token-cache.ts';
import type { EvidenceStore, KeptFile } from '../ports/evidence-store.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import { formOf } from './multipart.ts';

export type VantaSettings = {
  url: string;
  clientId: string;
  clientSecret: GivenSecret;
  /** Which files of a pack go into which document; `files` null: the usual ones. */
  documents: readonly { id: string; files: readonly string[] | null }[];
  timing?: Partial<VantaTiming>;
};

/** In milliseconds. `waits`: how long a refusal for too many calls is waited out, in all. */
export type VantaTiming = { call: number; upload: number; waits: number; unsaid: number };

const TIMING: VantaTiming = { call: 30_000, upload: 180_000, waits: 150_000, unsaid: 15_000 };

/** The upload's own scope can't be asked for alone. */
const VANTA_SCOPES = 'vanta-api.all:read vanta-api.all:write vanta-api.documents:upload';
const PAGE = 100;
const PAGES_MAX = 100;
/** It has read what was sent, and says no to it; a repeat would be refused too. */
const REFUSES = new Set([400, 409, 413, 415, 422]);

/** Vanta's API for an organisation's own account ("Manage Vanta"). */
export function createVanta(settings: VantaSettings): EvidenceStore {
  const ask = createAsk(settings);
  const { upload } = { ...TIMING, ...settings.timing };
  const at = (document: string, rest = '') => `/v1/documents/${encodeURIComponent(document)}${rest}`;

  return {
    called: `Vanta (${new URL(settings.url).host})`,
    async files(document) {
      const found: KeptFile[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null; pages += 1) {
        const after: string = cursor === '' ? '' : `&pageCursor=${encodeURIComponent(cursor)}`;
        const answer = await ask({ method: 'GET', path: at(document, `/uploads?pageSize=${PAGE}${after}`) });
        const page = pageIn(answer.body);
        found.push(...page.files);
        if (page.next === cursor || pages > PAGES_MAX) throw unreadable('its list of files has no end');
        cursor = page.next;
      }
      return found;
    },
    async send(document, file) {
      const { body, type } = await formOf(file);
      const headers = { 'content-type': type };
      const asked = { method: 'POST' as const, path: at(document, '/uploads'), body, headers };
      const answer = await ask({ ...asked, timeoutMs: upload });
      const kept = fileIn(answer.body);
      if (kept !== null) return kept;
      throw new Fault('vanta.bad_answer', 'its answer to a file has no id', {
        retryable: true,
        outcomeUnknown: true,
      });
    },
    async hashOf(document, id) {
      const path = at(document, `/uploads/${encodeURIComponent(id)}/media`);
      try {
        const answer = await ask({ method: 'GET', path, read: (bytes) => hash('sha256', bytes) });
        return typeof answer.body === 'string' ? answer.body : hash('sha256', '');
      } catch (error) {
        if (error instanceof Fault) return null;
        throw error;
      }
    },
    async submit(document) {
      try {
        await ask({ method: 'POST', path: at(document, '/submit'), read: () => null });
        return 'submitted';
      } catch (error) {
        if (error instanceof Fault && error.code === 'vanta.invalid') return 'nothing';
        throw error;
      }
    },
    async titleOf(document) {
      const { title } = ((await ask({ method: 'GET', path: at(document) })).body ?? {}) as {
        title?: unknown;
      };
      return typeof title === 'string' ? oneLine(title).slice(0, 100) : document;
    },
  };
}

type Ask = Pick<Call, 'method' | 'body' | 'headers' | 'read'> & { path: string; timeoutMs?: number };

/**
 * One token at a time is good, and another program that asks for one ends ours. So a call that is refused for its token
 * is made again with a new one, once. One that came too soon is made again when Vanta says so.
 */
function createAsk(settings: VantaSettings): (what: Ask) => Promise<Answer> {
  const timing = { ...TIMING, ...settings.timing };
  const secret = secretOf(settings.clientSecret, 'VANTA_CLIENT_SECRET');
  const tokens = new TokenCache(() => withSecret(secret, (value) => fetchToken(settings, value, timing)), {
    with: [secret],
  });
  return async ({ path, ...what }) => {
    let isNewToken = false;
    const waiting = patience(timing);
    for (;;) {
      const token = await tokens.get();
      const headers = { ...what.headers, authorization: `Bearer ${token}` };
      const answer = await call('vanta', {
        timeoutMs: timing.call,
        ...what,
        url: `${settings.url}${path}`,
        headers,
        redirect: 'manual',
      });
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status === 401 && !isNewToken) {
        isNewToken = true;
        tokens.refused(token);
      } else if (answer.status !== 429 || !(await waiting(answer))) throw faultOf(answer, what.method, token);
    }
  };
}

async function fetchToken(
  { url, clientId }: VantaSettings,
  clientSecret: string,
  timing: VantaTiming,
): Promise<FetchedToken> {
  const waiting = patience(timing);
  for (;;) {
    const answer = await call('vanta', {
      method: 'POST',
      url: `${url}/oauth/token`,
      body: {
        client_id: clientId,
        client_secret: clientSecret,
        scope: VANTA_SCOPES,
        grant_type: 'client_credentials',
      },
      timeoutMs: timing.call,
      redirect: 'manual',
    });
    if (answer.status === 429 && (await waiting(answer))) continue;
    const { access_token: token, expires_in: seconds } = (answer.body ?? {}) as Record<string, unknown>;
    if (answer.status === 200 && typeof token === 'string' && token !== '')
      return { token, lifetimeSeconds: typeof seconds === 'number' && seconds > 0 ? seconds : 3_600 };
    if (answer.status === 200) throw unreadable('its answer has no token');
    throw tokenFault(answer, clientSecret);
  }
}

/** Waits out a refusal for too many calls, a while in all. Answers whether it did. */
function patience({ waits, unsaid }: VantaTiming): (answer: Answer) => Promise<boolean> {
  let left = waits;
  return async ({ headers }) => {
    const ms = retryAfterMs(headers) ?? unsaid;
    if (ms > left) return false;
    left -= ms;
    await sleep(ms);
    return true;
  };
}

/** OAuth says 400 of a scope that the application may not have, and of a client that is none. */
function tokenFault(answer: Answer, clientSecret: string): Fault {
  const { error } = (answer.body ?? {}) as { error?: unknown };
  const trouble: Trouble | null =
    error === 'invalid_scope' || error === 'unauthorized_client'
      ? 'forbidden'
      : answer.status === 400 || answer.status === 401
        ? 'unauthorized'
        : null;
  if (trouble === null) return faultOf(answer, 'GET', clientSecret);
  const said = typeof error === 'string' ? oneLine(error).slice(0, 60) : String(answer.status);
  return new Fault(`vanta.${trouble}`, `it gives no token (${said})`, { retryable: false, vendorCode: said });
}

/** `proof`: what must not stand in a message, whatever is said there. */
function faultOf({ status, headers, body }: Answer, method: string, proof: string): Fault {
  const trouble = troubleOf(status);
  const { message, error } = (body ?? {}) as { message?: unknown; error?: unknown };
  const words = [message, error].find((one) => typeof one === 'string' && one !== '') as string | undefined;
  const said = words === undefined ? '' : `: ${oneLine(words.replaceAll(proof, '…')).slice(0, 200)}`;
  const wait = retryAfterMs(headers);
  return new Fault(`vanta.${trouble}`, `it answers ${status}${said}`, {
    retryable: trouble === 'unavailable' || trouble === 'throttled',
    // Behind a server that says that it failed, the file may be there.
    outcomeUnknown: method !== 'GET' && status >= 500,
    vendorCode: String(status),
    ...(wait === null ? {} : { retryAfterMs: wait }),
  });
}

function troubleOf(status: number): Trouble {
  if (REFUSES.has(status)) return 'invalid';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429) return 'throttled';
  return status === 408 || status >= 500 ? 'unavailable' : 'bad_answer';
}

function unreadable(why: string): Fault {
  return new Fault('vanta.bad_answer', why, { retryable: false });
}

type Listed = { id?: unknown; fileName?: unknown; description?: unknown; deletionDate?: unknown };

function pageIn(body: unknown): { files: KeptFile[]; next: string | null } {
  const { data, pageInfo } =
    ((body ?? {}) as { results?: { data?: unknown; pageInfo?: unknown } }).results ?? {};
  if (!Array.isArray(data)) throw unreadable('its answer is no list of files');
  const { hasNextPage, endCursor } = (pageInfo ?? {}) as { hasNextPage?: unknown; endCursor?: unknown };
  const files = (data as Listed[]).flatMap((one) => (one.deletionDate == null ? (fileIn(one) ?? []) : []));
  return { files, next: hasNextPage === true && typeof endCursor === 'string' ? endCursor : null };
}

function fileIn(body: unknown): KeptFile | null {
  const { id, fileName, description } = (body ?? {}) as Listed;
  if (typeof id !== 'string' || id === '') return null;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { id, name: text(fileName), description: text(description) };
}
