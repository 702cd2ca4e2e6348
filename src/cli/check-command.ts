import type { Command } from 'commander';
import { pino } from 'pino';
import type { LogKeys } from '../audit/log-keys.ts';
import type { Outside } from '../config/config.ts';
import { type Checked, wholly, whyNot } from '../core/checked.ts';
import { checkAudit } from '../flow/audit/troubles.ts';
import { createCatalogueBook } from '../flow/catalogue/catalogue-status.ts';
import { idpsOf } from '../flow/idps/idps.ts';
import { CALLBACK_PATH } from '../flow/step-up/sign-in.ts';
import { connectedIdps } from '../idp/connected.ts';
import { GRAPH_NOTIFICATIONS_PATH } from '../idp/entra/graph.ts';
import { checkGraph } from '../idp/entra/graph-check.ts';
import { checkOidc } from '../idp/oidc-check.ts';
import { checkModel } from '../model/model-check.ts';
import { createAnypoint } from '../mulesoft/anypoint.ts';
import { lintCatalogue, lintOnCall, lintStepUp } from '../policy/lint.ts';
import { type LoadedPolicy, loadPolicy } from '../policy/policy-folder.ts';
import type { AuditDestination } from '../ports/audit-destination.ts';
import { checkRedis, readRedisPlace } from '../queue/redis-check.ts';
import { checkScim } from '../scim/scim-check.ts';
import type { SecretState } from '../secrets/kept-secret.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import { checkSiem } from '../siem/siem-check.ts';
import { createSlackClient } from '../slack/api/client.ts';
import { checkSlack } from '../slack/app/slack-check.ts';
import { createSlackDirectory } from '../slack/directory.ts';
import type { Db } from '../store/postgres/database.ts';
import { checkDatabase } from '../store/postgres/database-check.ts';
import { checkTickets } from '../tickets/tickets-check.ts';
import type { VantaSettings } from '../vanta/vanta.ts';
import { checkVanta } from '../vanta/vanta-check.ts';
import { checkAddress, checkClock } from '../web/address-check.ts';
import { secretLines } from './secrets-command.ts';

export type CheckSettings = {
  outside: Outside;
  policyDir: string;
  /** Where others reach Latchkey, without a trailing slash. */
  address: string;
  publicUrl?: string | null;
  /** What could be read of each secret, and how old one may be, in seconds. */
  secrets?: { states: SecretState[]; maxAge: number };
  /** Left out: nothing is said of the audit, as of the sandbox's. */
  auditKeys?: LogKeys;
  /** Where the audit is sent; left out: nowhere. */
  siem?: readonly AuditDestination[];
  /** Where evidence is uploaded; null or left out: nowhere. */
  vanta?: VantaSettings | null;
  redis?: { url: GivenSecret; ca: string | null } | null;
  /** Null or left out: the embedded one. */
  databaseUrl?: GivenSecret | null;
  /** Address of the embedded one; null or left out: the Latchkey that would run it does not run. */
  embeddedUrl?: string | null;
  /** Lines that are not well on purpose, by name, each with what it is there for. */
  onPurpose?: Record<string, string>;
};

/** What the command is given by the program. */
export type CheckTools = {
  settings(): Promise<CheckSettings>;
  /** Opens a database without changing it. */
  reading?(url: GivenSecret, work: (db: Db) => Promise<Checked[]>): Promise<Checked[]>;
  say(line: string): void;
  /** The program ends non-zero. */
  fail(): void;
};

const NAME_WIDTH = 24;
const log = pino({ level: 'silent' });

/** `latchkey check`: tries everything that an installation needs, changes nothing, and ends 0 only when all is well. */
export function checkCommand(program: Command, { settings, reading, say, fail }: CheckTools): void {
  program
    .command('check')
    .description(
      'try everything that an installation needs: Slack, the identity provider, SCIM, Anypoint, Graph, the model, the SIEM, database, queue, secrets, clock, the public address, the policy and every entitlement; each line that is not ok says what to do',
    )
    .action(async () => {
      const given = await settings();
      const policy = await loadPolicy(given.policyDir);
      const unwell: string[] = [];
      const tell = ({ name, trouble, isOptional, detail }: Checked) => {
        const is = trouble === null ? (detail ?? 'ok') : isOptional === true ? `note: ${trouble}` : trouble;
        say(`${name.padEnd(NAME_WIDTH)} ${is}`);
        if (trouble !== null && isOptional !== true) unwell.push(name);
      };
      // Asked at once, told in one order: what is away takes its time.
      const asked = [
        slack(given, policy),
        idps(given, policy),
        freshSignIn(given, policy),
        scim(given, policy, reading),
        anypoint(given),
        graph(given, policy),
        model(given),
        tickets(given, policy),
        checkSiem(given.siem ?? [], readingOf(given, reading)),
        checkVanta(given.vanta ?? null),
        database(given),
        queue(given),
        audit(given, reading),
        checkClock([
          given.outside.slack.apiUrl,
          ...given.outside.idps.map(({ url }) => url),
          given.outside.anypoint.url,
        ]).then((one) => [one]),
        checkAddress(given.publicUrl ?? null, 'appToken' in given.outside.slack).then((one) => [one]),
        Promise.resolve(secretLines(given.secrets?.states ?? [], given.secrets?.maxAge ?? Infinity)),
        catalogue(given, policy),
      ];
      for (const party of asked) for (const one of await party) tell(one);
      for (const line of conclusion(unwell, given.onPurpose ?? {})) say(line);
      if (unwell.length > 0) fail();
    });
}

/** Why it ends as it does: the lines that are not well may be far up. */
function conclusion(unwell: readonly string[], onPurpose: Record<string, string>): string[] {
  if (unwell.length === 0) return ['', 'All is well.'];
  const reasons = [...new Set(unwell)].flatMap((name) => {
    const why = onPurpose[name];
    return why === undefined ? [] : [`${name} is there on purpose. ${why}`];
  });
  return ['', `Ends with 1 because of ${[...new Set(unwell)].join(', ')}.`, ...reasons];
}

async function slack(
  { outside }: CheckSettings,
  { catalogue: { channel, onCall } }: LoadedPolicy,
): Promise<Checked[]> {
  const hasUserGroup = onCall !== null && 'slackUserGroup' in onCall;
  return [
    ...(await checkSlack(outside.slack, { channel, hasUserGroup }, log)),
    ...('signingSecret' in outside.slack
      ? [
          {
            name: 'Slack signing secret',
            trouble: null,
            detail:
              'can’t be tried from here; with a wrong one /access says that it did not work, and the log that a signature is wrong',
          },
        ]
      : []),
  ];
}

/** Each by itself, at once. */
async function idps(
  { outside, address, publicUrl }: CheckSettings,
  policy: LoadedPolicy,
): Promise<Checked[]> {
  const first = outside.idps[0]?.system;
  const isPublic = publicUrl != null;
  const checks = outside.idps.map(async (one) => {
    const own = policy.catalogue.entitlements.filter(({ idp = first }) => idp === one.system);
    return await one.check({ address, isPublic, groupNames: [...new Set(own.map((e) => e.idpGroup))] });
  });
  return (await Promise.all(checks)).flat();
}

async function freshSignIn({ outside, address }: CheckSettings, { rules }: LoadedPolicy): Promise<Checked[]> {
  if (outside.oidc !== null) return [await checkOidc(outside.oidc, `${address}${CALLBACK_PATH}`)];
  const [asked] = lintStepUp(rules, false);
  return [
    asked === undefined
      ? off('fresh sign-in', 'OIDC_ISSUER is not set, and no rule asks for one')
      : { name: 'fresh sign-in', trouble: asked.text },
  ];
}

async function scim(
  { outside, databaseUrl, embeddedUrl }: CheckSettings,
  policy: LoadedPolicy,
  reading: CheckTools['reading'],
): Promise<Checked[]> {
  const url = databaseUrl ?? embeddedUrl ?? null;
  if (url === null || reading === undefined)
    return [
      {
        name: 'SCIM',
        trouble: null,
        detail:
          'not looked at, as Latchkey does not run here, and its embedded database with it; start it and call this again',
      },
    ];
  try {
    return await reading(url, (db) =>
      checkScim(db, {
        token: outside.scimToken,
        idps: idpsOf(...connectedIdps(outside.idps)),
        entitlements: policy.catalogue.entitlements,
      }),
    );
  } catch (error) {
    // A table that is not there (SQLSTATE 42P01); everything else the lines of the database say.
    return (error as { code?: unknown }).code === '42P01'
      ? [{ name: 'SCIM', trouble: 'Latchkey was never started on this database', isOptional: true }]
      : [{ name: 'SCIM', trouble: 'can’t be looked at without the database; see there' }];
  }
}

async function anypoint({ outside }: CheckSettings): Promise<Checked[]> {
  const party = createAnypoint(outside.anypoint);
  const wholeParty = await wholly('Anypoint', () => party.check());
  return wholeParty.trouble !== null
    ? [wholeParty]
    : [wholeParty, await wholly('Anypoint users', () => party.pageOfUsers(null))];
}

async function graph({ outside, address }: CheckSettings, policy: LoadedPolicy): Promise<Checked[]> {
  const own = outside.idps.find(({ notifications }) => notifications !== null);
  if (outside.graph === null) return own === undefined ? [off('Graph', 'none of GRAPH_… is set')] : [];
  if (own !== undefined)
    return [
      {
        name: 'Graph',
        trouble: `GRAPH_… is not used, as ${own.name} is an identity provider here and tells by itself: take it out`,
        isOptional: true,
      },
    ];
  return await checkGraph(outside.graph, {
    groupNames: [...new Set(policy.catalogue.entitlements.map((e) => e.idpGroup))],
    notificationUrl: `${address}${GRAPH_NOTIFICATIONS_PATH}`,
  });
}

async function model({ outside }: CheckSettings): Promise<Checked[]> {
  if (outside.model === null)
    return [
      {
        name: 'model',
        trouble: null,
        detail: 'off, as OPENAI_MODEL is not set; cards carry the summary by rule',
      },
    ];
  const { apiKey, model, baseUrl } = outside.model;
  const trouble = await checkModel({ apiKey, model, ...(baseUrl === null ? {} : { baseUrl }) });
  return [{ name: 'model', trouble }];
}

async function tickets({ outside }: CheckSettings, { catalogue }: LoadedPolicy): Promise<Checked[]> {
  return [await checkTickets(outside.tickets ?? null, catalogue)];
}

/** Null: the database can't be read from here. */
function readingOf({ databaseUrl, embeddedUrl }: CheckSettings, reading: CheckTools['reading']) {
  const url = databaseUrl ?? embeddedUrl ?? null;
  if (url === null || reading === undefined) return null;
  return (work: (db: Db) => Promise<Checked[]>) => reading(url, work);
}

async function database({ databaseUrl, embeddedUrl }: CheckSettings): Promise<Checked[]> {
  if (databaseUrl != null) return await checkDatabase(databaseUrl);
  const detail = 'embedded, as DATABASE_URL is not set; good for one process, and for trying it';
  if (embeddedUrl == null) return [{ name: 'database', trouble: null, detail }];
  const [first, ...more] = await checkDatabase(embeddedUrl);
  return [{ ...(first as Checked), detail }, ...more];
}

async function audit(given: CheckSettings, reading: CheckTools['reading']): Promise<Checked[]> {
  const { auditKeys } = given;
  if (auditKeys === undefined) return [];
  const read = readingOf(given, reading);
  const alone = async () => await checkAudit(auditKeys, null);
  // What is wrong with the database its own lines say.
  return read === null ? await alone() : await read((db) => checkAudit(auditKeys, db)).catch(alone);
}

async function queue({ redis }: CheckSettings): Promise<Checked[]> {
  const name = 'queue';
  if (redis == null) return [{ name, trouble: null, detail: 'on PostgreSQL, as REDIS_URL is not set' }];
  const address = readRedisPlace(redis.url, redis.ca);
  if ('why' in address) return [{ name, trouble: `REDIS_URL ${address.why}` }];
  const found = await checkRedis(address);
  return found.length === 0 ? [{ name, trouble: null }] : found.map(({ why }) => ({ name, trouble: why }));
}

async function catalogue({ outside }: CheckSettings, policy: LoadedPolicy): Promise<Checked[]> {
  const problems = lintCatalogue(policy.catalogue, policy.rules, policy.terms).filter(
    ({ kind }) => kind === 'problem',
  );
  const found: Checked[] = [
    {
      name: 'policy',
      trouble:
        problems.length === 0
          ? null
          : `${problems.map(({ entitlement, text }) => `${entitlement ?? 'catalogue'}: ${text}`).join('; ')} (\`policy check\` tells more)`,
    },
  ];
  try {
    const idps = idpsOf(...connectedIdps(outside.idps));
    const chat = createSlackDirectory(createSlackClient(outside.slack, log));
    const { onCall } = policy.catalogue;
    const [wrong] = await lintOnCall(policy.catalogue, idps, chat);
    found.push(
      onCall === null
        ? off('who is on call', 'the catalogue has no onCall')
        : { name: 'who is on call', trouble: wrong?.text ?? null },
    );
    const book = createCatalogueBook(
      policy,
      { idps, mulesoft: createAnypoint(outside.anypoint), log },
      async () => {},
    );
    await book.check();
    for (const { key } of book.current().entitlements) {
      const status = book.status(key);
      found.push(
        status.status === 'ready'
          ? { name: key, trouble: null, detail: 'ready' }
          : { name: key, trouble: `${status.status}: ${status.why}` },
      );
    }
    const canary = book.canary();
    const is = 'why' in canary ? `${canary.status}: ${canary.why}` : canary.status;
    const isWell = canary.status === 'ready' || canary.status === 'off';
    found.push({ name: 'canary’s rounds', trouble: isWell ? null : is, detail: is });
  } catch (error) {
    found.push({ name: 'the entitlements', trouble: whyNot(error) });
  }
  return found;
}

function off(name: string, why: string): Checked {
  return { name, trouble: null, detail: `off: ${why}` };
}
