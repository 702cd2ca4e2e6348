import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parse as parseForm } from 'node:querystring';
import { JSON_DEPTH_MAX, nestsDeeperThan } from '../../core/nesting.ts';

/** What Slack signs a request with, as its headers say it. */
export type Signature = {
  /** In seconds since 1970, as it was sent: it is part of what is signed. */
  timestamp: string;
  mac: Buffer;
};

/** What a signed request turned out to be; `why` it is none. */
export type SlackBody =
  | { kind: 'event' | 'action' | 'sslCheck'; body: Record<string, unknown> }
  | { kind: null; why: string };

/** Fields of a form; a slash command has about fifteen. */
const FIELDS_MAX = 50;
const FORM = /^application\/x-www-form-urlencoded(\s*;\s*charset=("?)utf-8\2)?\s*$/i;
const JSON_TYPE = /^application\/json(\s*;\s*charset=("?)utf-8\2)?\s*$/i;
/** Bodies that come as JSON: events, and the question whether this address is ours. All else comes as a form. */
const EVENT_TYPES = ['event_callback', 'url_verification', 'app_rate_limited'];

/** Only the one way in which Slack writes them; a header that came twice is none. Null: there is no signature. */
export function signatureIn(headers: IncomingHttpHeaders): Signature | null {
  const timestamp = headers['x-slack-request-timestamp'];
  const [, hex] = /^v0=([0-9a-f]{64})$/.exec(String(headers['x-slack-signature'] ?? '')) ?? [];
  if (hex === undefined || typeof timestamp !== 'string' || !/^[1-9]\d{0,11}$/.test(timestamp)) return null;
  return { timestamp, mac: Buffer.from(hex, 'hex') };
}

/** Whether these bytes were signed so with this secret; compared in constant time. */
export function isSignedWith(secret: string, { timestamp, mac }: Signature, body: Buffer): boolean {
  return timingSafeEqual(createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest(), mac);
}

/**
 * Reads a signed body. Its content type is not signed, and decides how the body is read: so the body itself must leave
 * no doubt. A person's words in Slack stand inside a JSON event, also if `&payload=…` is in them. Read as a form, they
 * would be anybody's click. So a form has `payload` and nothing else, or the fields of a command, each once. And JSON
 * is an event.
 */
export function readSlackBody(contentType: string | undefined, bytes: Buffer): SlackBody {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return wrong('the body is not UTF-8');
  if (FORM.test(contentType ?? '')) return readForm(text);
  if (!JSON_TYPE.test(contentType ?? '')) return wrong('the content type is neither a form nor JSON');
  const body = objectIn(text);
  if (body === null) return wrong('the body is not a JSON object, as its content type says');
  if (!EVENT_TYPES.includes(String(body.type))) return wrong('this is no event');
  return { kind: 'event', body };
}

/** Slack's look at the certificate comes without a signature (and with nothing else that counts). */
export function isSslCheck(contentType: string | undefined, bytes: Buffer): boolean {
  return FORM.test(contentType ?? '') && readForm(bytes.toString('utf8')).kind === 'sslCheck';
}

function readForm(text: string): SlackBody {
  const fields: Record<string, unknown> = { ...parseForm(text, '&', '=', { maxKeys: FIELDS_MAX + 1 }) };
  const names = Object.keys(fields);
  if (names.length > FIELDS_MAX) return wrong('the form has too many fields');
  if (names.some((name) => typeof fields[name] !== 'string')) return wrong('a field of the form comes twice');
  if (names.some((name) => !/^[a-z][a-z_]*$/.test(name)))
    return wrong('the body is not one of Slack’s forms, as its content type says');
  if ('payload' in fields) {
    if (names.length > 1) return wrong('a form with a payload has nothing else');
    const body = objectIn(String(fields.payload));
    if (body === null) return wrong('the payload is not a JSON object');
    if (typeof body.type !== 'string' || EVENT_TYPES.includes(body.type))
      return wrong('the payload is no interaction');
    return { kind: 'action', body };
  }
  if ('command' in fields) {
    if (!String(fields.command).startsWith('/') || !fields.user_id) return wrong('this is no command');
    return { kind: 'action', body: fields };
  }
  if (fields.ssl_check === '1') return { kind: 'sslCheck', body: { ssl_check: '1' } };
  return wrong('the form has neither a payload nor a command');
}

function objectIn(text: string): Record<string, unknown> | null {
  if (nestsDeeperThan(text, JSON_DEPTH_MAX)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function wrong(why: string): SlackBody {
  return { kind: null, why };
}
