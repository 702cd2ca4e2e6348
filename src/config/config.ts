import type { z } from 'zod';
import { type LogKeys, logKeysOf } from '../audit/log-keys.ts';
import { Fault } from '../core/fault.ts';
import type { Witness } from '../flow/audit/witnesses.ts';
import type { AnchorSettings } from '../flow/kernel/context.ts';
import { GRAPH_URL, LOGIN_URL } from '../idp/entra/vendor.ts';
import type { IdpVendor } from '../idp/vendor.ts';
import { idpVendors } from '../idp/vendors.ts';
import { noLongerFitting } from './fitting.ts';
import { hintOfIdp, idpsIn, shapesOf } from './idps.ts';
import { type Outside, outsideHints } from './outside.ts';
import { publishedIn } from './published.ts';
import { siemIn } from './siem.ts';
import { type TicketsGiven, ticketsIn } from './tickets.ts';
import { vantaIn } from './vanta.ts';

export type { Outside } from './outside.ts';

import type { GivenSecret } from '../secrets/secret.ts';
import type { SecretBook } from '../secrets/secret-book.ts';
import type { SiemSettings } from '../siem/destinations.ts';
import type { VantaSettings } from '../vanta/vanta.ts';
import { type Environment, environment } from './environment.ts';
import { addressIn } from './login.ts';
import { oidcIn } from './oidc-settings.ts';
import { isLoopback, slipsIn } from './setting-shapes.ts';

/** A year. */
const MAX_AGE_SECONDS = 31_536_000;
const ANCHOR_SECONDS = 3_600;
/** A checkpoint in S3 can’t be taken away for so long: as long as auditors look back, twice. */
const S3_KEEP_SECONDS = 2 * 365 * 86_400;

export type Config = {
  /** Null: the sandbox supplies it. */
  outside: Outside | null;
  /** Null: the embedded PostgreSQL. */
  databaseUrl: GivenSecret | null;
  /** Null: BullMQ's PostgreSQL backend. */
  redisUrl: GivenSecret | null;
  /** The authority of its certificate as PEM; left out: those that Node trusts. */
  redisCa?: string;
  publicUrl: string | null;
  port: number;
  policyDir: string;
  logLevel: string | null;
  /** The model, for what needs nothing else; null: none is set. Throws `config.invalid` when it is half set. */
  model: () => Outside['model'];
  /** The model's limit in a day (UTC), in tokens; null: no limit. */
  modelDailyTokens: number | null;
  /** Bearer token of the read-only API; null: the API is off. */
  readToken: GivenSecret | null;
  /** Keys of the audit’s checkpoints, of the moment. */
  auditKeys: () => LogKeys;
  /** Null: checkpoints are put nowhere else. */
  auditAnchors: AnchorSettings | null;
  /** Those who sign the audit’s checkpoints beside us. */
  auditWitnesses: Witness[];
  /** Where the audit is sent; null: nowhere. */
  siem: SiemSettings | null;
  vanta: VantaSettings | null;
  /** A secret that is older is told of, in seconds. */
  secretsMaxAge: number;
  /** Proxies whose X-Forwarded-For is believed; null: nobody's. */
  trustProxy: string[] | null;
  /** Things worth a word at start. */
  remarks: string[];
};

/**
 * The only reader of the environment. Throws `config.invalid` that names every wrong or missing variable and says how
 * to mend it. A half-set configuration never becomes the sandbox. `book`: the secrets whose settings say only where
 * they are.
 */
export function readConfig(
  env: NodeJS.ProcessEnv,
  book: Secrets = noSecrets,
  vendors: readonly IdpVendor[] = idpVendors,
): Config {
  // An empty value is how a shell or a compose file says "not set".
  const given = Object.fromEntries(
    Object.entries({ ...env, ...book.values }).filter(
      ([, value]) => value !== undefined && value.trim() !== '',
    ),
  );
  const shapes = { ...environment.shape, ...shapesOf(vendors) };
  const hint = (name: string) => hintOf(name, vendors, given);
  const { values: e, malformed } = parse(given, shapes, hint);
  const outsideNames = [...Object.keys(outsideHints), ...Object.keys(shapesOf(vendors))];
  const isReal = outsideNames.some((name) => given[name] !== undefined);
  const slips = slipsIn(given, Object.keys(shapes));
  // All at once: who mends one and starts again must not meet the next.
  const real = isReal ? readOutside({ e, given, book, hint, vendors }) : { missing: [] };
  const problems = [...malformed, ...noLongerFitting(e, given), ...real.missing];
  if (problems.length > 0)
    throw invalid([
      ...problems,
      ...slips,
      ...(real.missing.length === 0
        ? []
        : [
            `For the sandbox instead, start with none of SLACK_…, ${prefixesOf(vendors)}, ANYPOINT_…, GRAPH_…, SET_…, OIDC_…, TICKETS_…, SCIM_TOKEN, PUBLIC_URL and READ_TOKEN set.`,
          ]),
    ]);
  const published = 'outside' in real ? publishedIn(e, real.outside) : [];
  if (published.length > 0) throw invalid(published);
  const remarks: string[] = [...slips];
  if (!isReal && e.OPENAI_API_KEY !== undefined)
    remarks.push('OPENAI_API_KEY is set but not used: the sandbox has a scripted model of its own.');
  return {
    outside: 'outside' in real ? real.outside : null,
    databaseUrl: addressIn(e, book, 'DATABASE'),
    redisUrl: addressIn(e, book, 'REDIS'),
    ...(e.REDIS_CA === undefined ? {} : { redisCa: e.REDIS_CA }),
    publicUrl: e.PUBLIC_URL ?? null,
    port: e.PORT,
    policyDir: e.POLICY_DIR,
    logLevel: e.LOG_LEVEL ?? null,
    model: () => {
      const missing: string[] = [];
      const model = modelIn(e, given, missing, book);
      if (missing.length > 0) throw invalid(missing);
      return model;
    },
    modelDailyTokens: e.MODEL_DAILY_TOKENS ?? null,
    readToken: e.READ_TOKEN === undefined ? null : (book.secret('READ_TOKEN') ?? e.READ_TOKEN),
    auditKeys: logKeysOf(
      book.secret('AUDIT_SIGNING_KEY') ?? e.AUDIT_SIGNING_KEY ?? null,
      e.AUDIT_EARLIER_KEYS,
    ),
    auditAnchors: anchorsIn(e),
    auditWitnesses: e.AUDIT_WITNESSES ?? [],
    siem: siemIn(e, (name) => book.secret(name)),
    vanta: vantaIn(e, book.secret('VANTA_CLIENT_SECRET')),
    secretsMaxAge: e.SECRETS_MAX_AGE ?? MAX_AGE_SECONDS,
    trustProxy: e.TRUST_PROXY ?? null,
    remarks,
  };
}

/** The secrets that are read from elsewhere. */
type Secrets = Pick<SecretBook, 'values' | 'secret'>;
const noSecrets: Secrets = { values: {}, secret: () => null };

type Given = Readonly<Record<string, string | undefined>>;

function anchorsIn(e: Environment): AnchorSettings | null {
  const [channel, file] = [e.AUDIT_ANCHOR_CHANNEL ?? null, e.AUDIT_ANCHOR_FILE ?? null];
  const everyMs = (e.AUDIT_ANCHOR_EVERY ?? ANCHOR_SECONDS) * 1_000;
  const keepMs = (e.AUDIT_ANCHOR_BUCKET_KEEP ?? S3_KEEP_SECONDS) * 1_000;
  const s3 = e.AUDIT_ANCHOR_BUCKET === undefined ? {} : { s3: { ...e.AUDIT_ANCHOR_BUCKET, keepMs } };
  const [tsa, ca] = [e.AUDIT_ANCHOR_TSA, e.AUDIT_ANCHOR_TSA_CA];
  const stamps =
    tsa === undefined || ca === undefined || file === null
      ? {}
      : { stamps: { url: tsa, ca, folder: `${file}.stamps` } };
  return channel === null && file === null && !('s3' in s3)
    ? null
    : { channel, file, everyMs, ...s3, ...stamps };
}

/** Each variable by itself: one that is wrong hides none of the others. */
function parse(
  given: Given,
  shapes: Readonly<Record<string, z.ZodType>>,
  hint: (name: string) => string,
): { values: Environment; malformed: string[] } {
  const malformed: string[] = [];
  const values = Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape]) => {
      const parsed = shape.safeParse(given[name]);
      if (parsed.success) return [[name, parsed.data]];
      for (const { message } of parsed.error.issues)
        malformed.push(`${name}: ${message}${quotesIn(given[name])}${hint(name)}`);
      return [];
    }),
  );
  return { values: { PORT: 0, POLICY_DIR: '', ...values }, malformed };
}

/** A file of settings that is not read by a shell keeps the quotation marks. */
function quotesIn(value: string | undefined): string {
  return /^\s*(["']).*\1\s*$/.test(value ?? '') ? '; take the quotation marks out' : '';
}

function modelIn(e: Environment, given: Given, missing: string[], book: Secrets): Outside['model'] {
  if (!isAnyGiven(given, ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL'])) return null;
  if (given.OPENAI_MODEL === undefined) missing.push('OPENAI_MODEL is not set: name the model to ask');
  if (given.OPENAI_API_KEY === undefined)
    missing.push('OPENAI_API_KEY is not set: any text does for a local server');
  const apiKey = book.secret('OPENAI_API_KEY') ?? e.OPENAI_API_KEY ?? '';
  return { apiKey, baseUrl: e.OPENAI_BASE_URL ?? null, model: e.OPENAI_MODEL ?? '' };
}

/** Answers the text of a setting that has to be there, and notes one that is not. */
type Need<T = string> = (name: keyof typeof outsideHints & keyof Environment) => T;

type Reading = {
  e: Environment;
  given: Given;
  book: Secrets;
  hint: (name: string) => string;
  vendors: readonly IdpVendor[];
};

/** `missing`: what is not set and has to be; only with nothing missing and nothing malformed is the rest whole. */
function readOutside({ e, given, book, hint, vendors }: Reading): { outside: Outside; missing: string[] } {
  const missing: string[] = [];
  const value = (name: string) => (e as Readonly<Record<string, unknown>>)[name];
  const need = (name: string) => {
    if (given[name] === undefined) missing.push(`${name} is not set${hint(name)}`);
    return String(value(name) ?? '');
  };
  const needSecret = (name: string): GivenSecret => {
    const known = need(name);
    return book.secret(name) ?? known;
  };
  const botToken = needSecret('SLACK_BOT_TOKEN');
  const slackWay =
    given.SLACK_APP_TOKEN !== undefined
      ? { appToken: needSecret('SLACK_APP_TOKEN') }
      : { signingSecret: needSecret('SLACK_SIGNING_SECRET') };
  const isGiven = (name: string) => given[name] !== undefined;
  const idps = idpsIn(vendors, { isGiven, value, need, needSecret, secret: (name) => book.secret(name) });
  const anypoint = {
    url: e.ANYPOINT_URL ?? 'https://anypoint.mulesoft.com',
    ...(e.ANYPOINT_SIGN_IN_URL === undefined ? {} : { signInUrl: e.ANYPOINT_SIGN_IN_URL }),
    orgId: need('ANYPOINT_ORG_ID'),
    clientId: need('ANYPOINT_CLIENT_ID'),
    clientSecret: needSecret('ANYPOINT_CLIENT_SECRET'),
  };
  const graph = graphIn(e, given, { need, needSecret });
  const sets = isAnyGiven(given, ['SET_ISSUERS', 'SET_AUDIENCE'])
    ? { issuers: e.SET_ISSUERS ?? [], audience: need('SET_AUDIENCE') }
    : null;
  if (sets !== null) need('SET_ISSUERS');
  const oidc = oidcIn({ isGiven, value, need, needSecret }, idps, (why) => missing.push(why));
  const isAboutTickets = (name: string) => name.startsWith('TICKETS_');
  const tickets = Object.keys(given).some(isAboutTickets)
    ? ticketsIn(e as TicketsGiven, missing, book.secret('TICKETS_TOKEN'))
    : null;
  const scimToken = needSecret('SCIM_TOKEN');
  const model = modelIn(e, given, missing, book);
  return {
    missing,
    outside: {
      slack: { botToken, apiUrl: e.SLACK_API_URL ?? 'https://slack.com/api/', ...slackWay },
      idps,
      anypoint,
      model,
      graph,
      sets,
      oidc,
      ...(tickets === null ? {} : { tickets }),
      scimToken,
    },
  };
}

type Needs = { need: Need; needSecret: Need<GivenSecret> };

function graphIn(e: Environment, given: Given, { need, needSecret }: Needs): Outside['graph'] {
  const graph = isAnyGiven(given, [
    'GRAPH_TENANT_ID',
    'GRAPH_CLIENT_ID',
    'GRAPH_CLIENT_SECRET',
    'GRAPH_URL',
    'GRAPH_LOGIN_URL',
  ])
    ? {
        tenantId: need('GRAPH_TENANT_ID'),
        clientId: need('GRAPH_CLIENT_ID'),
        auth: { secret: needSecret('GRAPH_CLIENT_SECRET') },
        url: e.GRAPH_URL ?? GRAPH_URL,
        loginUrl: e.GRAPH_LOGIN_URL ?? LOGIN_URL,
      }
    : null;
  // Graph delivers to this address; an emulator of it may be on this machine.
  if (graph !== null && !isLoopback(graph.url)) need('PUBLIC_URL');
  return graph;
}

function isAnyGiven(given: Given, names: readonly (keyof Environment)[]): boolean {
  return names.some((name) => given[name] !== undefined);
}

function hintOf(name: string, vendors: readonly IdpVendor[], given: Given): string {
  const hint = hintOfIdp(name, vendors, given) ?? outsideHints[name as keyof typeof outsideHints];
  return hint === undefined ? '' : ` (${hint})`;
}

/** `OKTA_…, ENTRA_…` */
function prefixesOf(vendors: readonly IdpVendor[]): string {
  return vendors.map(({ settings }) => `${Object.keys(settings)[0]?.split('_')[0]}_…`).join(', ');
}

function invalid(problems: readonly string[]): Fault {
  return new Fault('config.invalid', `the configuration can’t be used:\n  ${problems.join('\n  ')}`, {
    retryable: false,
  });
}
