import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { readSigner, readVerifier } from '../audit/note.ts';
import { parseDuration } from '../core/duration.ts';
import { nearest } from '../core/nearest.ts';
import { readWitness } from '../flow/audit/witnesses.ts';
import { readCertificate, readRedisAddress } from '../queue/redis-address.ts';
import { pemOf } from '../secrets/secret.ts';

/** `too short` and not the value: messages about secrets never repeat them. */
export const long = (min: number) => z.string().trim().min(min, `is too short: at least ${min} characters`);
export const text = z.string().trim().min(1);
export const redisUrl = text.superRefine((value, context) => {
  const address = readRedisAddress(value, null);
  if ('why' in address) context.addIssue({ code: 'custom', message: address.why });
});
const DATABASE_RULE =
  'must be an address, as postgres://user:password@host/database; a URL has / ? # @ and % of a password as %2F %3F %23 %40 %25, and DATABASE_PASSWORD takes them as they are';

export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: DATABASE_RULE })
  .refine(isDecodable, DATABASE_RULE);

/** A % that begins no escape is taken as it is; an escape of what is no text ends the program. */
function isDecodable(address: string): boolean {
  try {
    decodeURIComponent(address.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}

/** As PEM, or the file that it is in. */
export const certificate = text.transform((value, context) => {
  try {
    return readCertificate(value);
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'is neither a certificate (PEM) nor a file that can be read',
    });
    return z.NEVER;
  }
});
/** Shown to somebody who asks who we are; as it may be renewed, a file of it is read by the secrets. */
export const ownCertificate = text.refine(
  (pem) => unless((value) => new X509Certificate(pemOf(value)), '')(pem) === null,
  'is no certificate as PEM; a file of it is named as file:///…',
);
export const ownKey = text.refine(
  (pem) => unless((value) => createPrivateKey(pemOf(value)), '')(pem) === null,
  'is no private key as PEM without a passphrase; a file of it is named as file:///…',
);
export const url = z.url({ protocol: /^https?$/ }).transform((value) => value.replace(/\/+$/, ''));

/**
 * As the provider names itself, to the last slash. HTTPS only, except on this machine: a person who could change an
 * answer on its way could sign in as anybody.
 */
export const issuerUrl = z
  .url({ protocol: /^https?$/ })
  .refine((value) => value.startsWith('https:') || isLoopback(value), 'must begin with https://');

/** HTTPS only, except on this machine: a token goes there, and what nobody else is to read. */
export const outsideUrl = z
  .url({ protocol: /^https?$/, error: 'must be an address' })
  .refine((value) => value.startsWith('https:') || isLoopback(value), 'must begin with https://');

/** With the ticket's place in it or without. HTTPS only, except on this machine: the token goes there. */
export const ticketsUrl = text
  .refine((value) => URL.canParse(value), 'must be an address')
  .refine((value) => /^https:/i.test(value) || isLoopback(value), 'must begin with https://')
  .transform((value) => value.replace(/\/+$/, ''));

/** Names and places within JSON, with a dot between. */
export const jsonPath = text.regex(
  /^[\w-]+(\.[\w-]+)*$/,
  'must be names with a dot between, e.g. fields.status.name',
);

const commaSeparated = z.string().transform((value) =>
  value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
);

export const list = commaSeparated.pipe(
  z.array(z.string()).min(1, 'must be one value or more, with a comma between'),
);

/** `any`: whatever sign-in the provider takes for enough. */
export const acrValues = text.transform((value) => (value === 'any' ? [] : value.split(/\s+/)));

/** As in the catalogue; answers seconds. */
export const duration = z.string().transform((value, context) => {
  const seconds = parseDuration(value.trim());
  if (seconds !== null) return seconds;
  context.addIssue({ code: 'custom', message: 'must be a duration, as 30s, 5m, 12h or 90d' });
  return z.NEVER;
});

const SECRET_MIN = 32;
/** By how often each of its characters stands in it, in bits; 16 random bytes in hex have about 120. */
const SECRET_BITS_MIN = 88;

/**
 * A secret that we choose ourselves and that opens a door: long, and not the same again and again. The sandbox's own
 * stand in its source; where they may be used is checked apart.
 */
export const secret = z
  .string()
  .trim()
  .refine(
    (value) => isPublished(value) || value.length >= SECRET_MIN,
    `is too short: at least ${SECRET_MIN} characters (make one: openssl rand -hex 32)`,
  )
  .refine(
    (value) => isPublished(value) || value.length < SECRET_MIN || isHardToGuess(value),
    'is too easy to guess: its characters are not random (make one: openssl rand -hex 32)',
  );

function isPublished(value: string): boolean {
  return value.startsWith('sandbox-');
}

function isHardToGuess(value: string): boolean {
  const isRepetition = `${value}${value}`.slice(1, -1).includes(value);
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  const bits = [...counts.values()].reduce((sum, n) => sum + n * Math.log2(value.length / n), 0);
  return bits >= SECRET_BITS_MIN && !isRepetition;
}

const PROXIES_RULE =
  'must be the addresses of your proxies, as 10.0.0.0/8, 127.0.0.1, ::1 or loopback, several with a comma between; whoever is trusted can say that a request comes from anywhere';

/** Neither all proxies nor a number of hops: both let anybody write where they come from. */
export const proxies = commaSeparated.pipe(
  z.array(z.string().refine(isNetwork, PROXIES_RULE)).min(1, PROXIES_RULE),
);

function isNetwork(value: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(value)) return true;
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
  const version = isIP(address);
  if (version === 0) return false;
  // A prefix of 0 is everybody.
  return prefix === undefined || (Number(prefix) > 0 && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** Several while one takes over from another. */
export const secrets = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((secret) => secret.trim())
      .filter((secret) => secret !== ''),
  )
  .pipe(z.array(secret).min(1));

const ISSUERS_RULE = 'must be issuer=https://…, several with a comma between, or a JSON object of them';

/** HTTPS only, except on this machine: a person who can change the keys on their way could speak for the issuer. */
export const issuers = z
  .string()
  .transform((value, context) => {
    try {
      const pairs: [string, unknown][] = value.trim().startsWith('{')
        ? Object.entries(JSON.parse(value))
        : value
            .split(',')
            .filter((pair) => pair.trim() !== '')
            .map((pair) => {
              const [, issuer = '', jwksUrl = ''] = /^\s*([^=]*)=\s*(.*?)\s*$/.exec(pair) ?? [];
              return [issuer.trim(), jwksUrl];
            });
      return pairs.map(([issuer, jwksUrl]) => ({ issuer, jwksUrl }));
    } catch {
      context.addIssue({ code: 'custom', message: ISSUERS_RULE });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(
        z.object({
          issuer: z.string().min(1, ISSUERS_RULE),
          jwksUrl: z
            .string(ISSUERS_RULE)
            .refine((at) => URL.canParse(at) && (/^https:/i.test(at) || isLoopback(at)), ISSUERS_RULE),
        }),
      )
      .min(1, ISSUERS_RULE),
  );

export function isLoopback(address: string): boolean {
  return URL.canParse(address) && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(address).hostname);
}

/** Letters. Other programs have variables too, and some are not so unlike ours. */
const SLIP_STEPS_MAX = 2;

/** Variables that are set and are none of ours, but nearly. */
export function slipsIn(
  given: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name) && /^[A-Za-z]+(_[A-Za-z]+)+$/.test(name))
    .flatMap((name) => {
      const meant = nearest(name, known, SLIP_STEPS_MAX);
      // One that is set beside it is not what was meant, and REDIS_URI of another program is its own.
      return meant === null || given[meant] !== undefined
        ? []
        : [`${name} is set and means nothing here: is it ${meant} that was meant?`];
    });
}

const PORT_RULE = 'must be a number from 0 to 65535';
export const port = z
  .string()
  .trim()
  .regex(/^\d{1,5}$/, PORT_RULE)
  .transform(Number)
  .refine((number) => number <= 65_535, PORT_RULE);

/** Tells of a secret that can't be read: `why`, without the value. Null: it can. */
export function unless(read: (value: string) => unknown, why: string): (value: string) => string | null {
  return (value) => {
    try {
      read(value);
      return null;
    } catch {
      return why;
    }
  };
}

/** A key of the audit's checkpoints, as Go's `sumdb/note` writes one. */
export const auditKey = text.refine(
  (value) => readSigner(value) !== null,
  'is no key for signing: make one with `latchkey audit key`',
);

/** Verifier keys, several with a comma between. */
export const auditVerifierKeys = text
  .transform((value) => value.split(',').map((one) => one.trim()))
  .refine(
    (keys) => keys.every((one) => readVerifier(one) !== null),
    'has one that is no verifier key: each has the form name+id+key, with a comma between',
  );

/** Witnesses of the audit, several with a comma between. */
export const auditWitnesses = text.transform((value, context) => {
  const found = value.split(',').map((one) => readWitness(one.trim()));
  if (found.every((one) => one !== null)) return found;
  context.addIssue({
    code: 'custom',
    message: 'has one that is no witness: each is its verifier key, =, and its address, with a comma between',
  });
  return z.NEVER;
});

/** A bucket of S3, and what the keys begin with. */
export const s3Place = text.transform((value, context) => {
  const [, bucket, path] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]*))?$/.exec(value) ?? [];
  if (bucket !== undefined) return { bucket, prefix: path ? `${path.replace(/\/+$/, '')}/` : '' };
  context.addIssue({ code: 'custom', message: 'must be s3://, the name of a bucket and maybe a path' });
  return z.NEVER;
});

const SYSLOG_RULE = 'must be tls://host:6514 or tcp://host:601';

/** A receiver of syslog; the port may be left out. */
export const syslogAddress = text.transform((value, context) => {
  const { protocol, hostname, port, pathname } = URL.canParse(value) ? new URL(value) : new URL('none:');
  if (['tls:', 'tcp:'].includes(protocol) && hostname !== '' && pathname.length <= 1) {
    const isTls = protocol === 'tls:';
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isTls ? 6_514 : 601), isTls };
  }
  context.addIssue({ code: 'custom', message: SYSLOG_RULE });
  return z.NEVER;
});

/** Documents that evidence goes into, several with a comma between; behind an = the files of each, with a + between. */
export const evidenceDocuments = text.transform((value, context) => {
  const found = value.split(',').map((one) => {
    const [, id, files] =
      /^\s*([\w-]+)\s*(?:=\s*([a-z-]+\.[a-z]+(?:\s*\+\s*[a-z-]+\.[a-z]+)*)\s*)?$/.exec(one) ?? [];
    return id === undefined ? null : { id, files: files?.split(/\s*\+\s*/) ?? null };
  });
  if (found.every((one) => one !== null)) return found;
  context.addIssue({
    code: 'custom',
    message:
      'must be ids of documents with a comma between, each maybe with files, as access-reviews=reviews.csv+review-lines.csv',
  });
  return z.NEVER;
});

/** Where a new destination of the audit begins. */
export const auditSince = text.transform((value, context) => {
  if (value === 'start' || value === 'now') return value;
  if (/^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))) return new Date(value);
  context.addIssue({ code: 'custom', message: 'must be start, now, or a day as 2026-03-01' });
  return z.NEVER;
});
