import { readFileSync } from 'node:fs';
import type { Secret } from '../secrets/secret.ts';

/** Where Redis is and how it is spoken to, as `REDIS_URL` says it. */
export type RedisAddress = {
  kind: 'single' | 'sentinel' | 'cluster';
  hosts: readonly { host: string; port: number }[];
  username: string | null;
  password: string | null;
  database: number;
  /** Sentinel's name of the master; null for the other kinds. */
  master: string | null;
  sentinelUsername: string | null;
  sentinelPassword: string | null;
  /** Null: not over TLS. `ca`: the authority that signed its certificate, as PEM; null: those that Node trusts. */
  tls: { ca: string | null } | null;
  /** The whole address, where its passwords may change; left out: they stay. */
  secret?: Secret;
};

/** Who we are to Redis, and to its Sentinels. */
export type RedisLogin = Pick<
  RedisAddress,
  'username' | 'password' | 'sentinelUsername' | 'sentinelPassword'
>;

/** As of this moment. */
export function loginNow(address: RedisAddress): RedisLogin {
  const now =
    address.secret === undefined
      ? address
      : readRedisAddress(address.secret.current(), address.tls?.ca ?? null);
  return 'why' in now ? address : now;
}

/** Why an address can't be used, in words for the operator. Never holds the address: there may be a password in it. */
export type BadAddress = { why: string };

const FORMS =
  'redis://host:6379, redis+sentinel://host:26379,host:26379/name-of-the-master or redis+cluster://host:6379,host:6379 (rediss… over TLS)';
const ENCODED =
  'a URL has / ? # and @ of a password as %2F %3F %23 and %40, and REDIS_PASSWORD takes them as they are';
const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const PORT_MAX = 65_535;

/**
 * `REDIS_URL`: `redis://`, `redis+sentinel://` or `redis+cluster://`, each with `rediss` for TLS. The last two take
 * several hosts with a comma between. A URL of the web has one host only, so this is read by hand.
 */
export function readRedisAddress(url: string, ca: string | null): RedisAddress | BadAddress {
  const parts =
    /^(rediss?)(?:[+-](sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^/?#]*))?(?:\/(\d{1,4}))?\/?(?:\?([^#]*))?$/i.exec(
      url.trim(),
    );
  if (parts === null) return { why: `is none of ${FORMS}; ${ENCODED}` };
  const [, scheme = '', named, login, hostList = '', first = '', second, query] = parts;
  const kind = (named?.toLowerCase() ?? 'single') as RedisAddress['kind'];
  const hosts = hostList.split(',').map((host) => hostOf(host, PORTS[kind]));
  if (hosts.some((host) => host === null)) return { why: `names a host that is none: ${FORMS}; ${ENCODED}` };
  if (kind === 'single' && hosts.length > 1)
    return {
      why: 'names several hosts: are they Sentinels (redis+sentinel://host,host/name-of-the-master) or a Cluster (redis+cluster://host,host)?',
    };
  const given = new URLSearchParams(query ?? '');
  const unknown = [...given.keys()].filter(
    (key) => !['sentinel_username', 'sentinel_password'].includes(key),
  );
  if (unknown.length > 0) return { why: `has the option ${unknown[0]}, which is not known: ${FORMS}` };
  const isTls = scheme.toLowerCase() === 'rediss';
  if (ca !== null && !isTls) return { why: 'is not over TLS (rediss://), but REDIS_CA is set' };

  const [username, password] = loginOf(login);
  const master = kind === 'sentinel' ? decode(first) : null;
  if (master === '')
    return { why: 'has no name of the master: redis+sentinel://host:26379/name-of-the-master' };
  const database = kind === 'sentinel' ? (second ?? '0') : first === '' ? '0' : first;
  if (!/^\d{1,4}$/.test(database)) return { why: `has a database that is no number: ${FORMS}` };
  if (kind === 'cluster' && Number(database) !== 0)
    return { why: 'names a database, but a Cluster has only 0' };
  return {
    kind,
    hosts: hosts as RedisAddress['hosts'],
    username,
    password,
    database: Number(database),
    master,
    sentinelUsername: given.get('sentinel_username'),
    sentinelPassword: given.get('sentinel_password'),
    tls: isTls ? { ca } : null,
  };
}

/** `REDIS_CA`: the certificate as PEM, or the file that it is in. Throws what reading the file throws. */
export function readCertificate(given: string): string {
  return given.includes('-----BEGIN') ? given.replaceAll('\\n', '\n') : readFileSync(given.trim(), 'utf8');
}

function hostOf(text: string, port: number): { host: string; port: number } | null {
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  const number = Number(parts?.[2] ?? port);
  if (parts?.[1] === undefined || number < 1 || number > PORT_MAX) return null;
  return { host: parts[1].replace(/^\[|\]$/g, ''), port: number };
}

/** A password may stand alone, with a colon before it, or after a user. */
function loginOf(login: string | undefined): [username: string | null, password: string | null] {
  if (login === undefined || login === '') return [null, null];
  const at = login.indexOf(':');
  if (at === -1) return [decode(login), null];
  return [decode(login.slice(0, at)) || null, decode(login.slice(at + 1)) || null];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
