import { Fault, type FaultCode } from '../core/fault.ts';
import { type FaultName, faultInWords, nextStepFor } from '../core/fault-words.ts';
import { isForSomebody } from '../core/policy/catalogue.ts';
import { provisioningTroubleInWords } from '../core/provisioning-trouble.ts';
import { exportStatus } from '../flow/audit/export-status.ts';
import { auditTroublesInWords } from '../flow/audit/troubles.ts';
import { canaryStatusText } from '../flow/canary/canary.ts';
import type { Context, Data, Runtime } from '../flow/kernel/context.ts';
import type { PartyState } from '../flow/party-watch.ts';
import type { SecretState } from '../secrets/kept-secret.ts';
import { owed } from '../store/outbox-owed.ts';
import { refuseReadOnly } from '../store/postgres/database.ts';
import { openProvisioningTroubles, type StoredProvisioningTrouble } from '../store/provisioning-troubles.ts';

export type Readiness = {
  /** The main job can be done: asked for in Slack, written in the IdP, carried to Anypoint, seen there. */
  ready: boolean;
  /** By what can be done, whether it can. */
  can: Record<string, boolean>;
  /** What can't, each with why and what to do next. */
  cannot: string[];
  database: boolean;
  openWork: number | null;
  /** Open work that failed at its last try, by fault; it is tried again until it succeeds. */
  failing: Record<string, number>;
  /** Whether the queue hands out work; where not, since when this process does what is due itself, and why. */
  queue: string;
  entitlements: Record<string, string>;
  /** Whether the canary makes its rounds, or why not. */
  canary: string;
  /** Fingerprint of the policy in force, and what is wrong with its files since. */
  policy: { inForce: string; mistakes: readonly string[] };
  /** How far each place has got that the audit is sent to, by its name. The main job does not need them. */
  siem: Record<string, string>;
  /** Secrets that can’t be read anew or whose newest version is refused, each with what to do; the work goes on. */
  secrets: string[];
  /** What does not work of how the audit is kept, each with what to do; the work goes on. */
  audit: string[];
};

/**
 * What `/readyz` answers. `mistakes`: what is wrong with the files of the policy.
 *
 * `ready` is about the main job. Only `database` says whether this process should be sent work (`acceptsWork`). Without
 * Slack, Okta or Anypoint, a click or a SCIM push is still stored. To turn it away would lose it.
 */
export async function readiness(
  context: Context,
  mistakes: readonly string[],
  parties: readonly PartyState[],
  secrets: readonly SecretState[] = [],
): Promise<Readiness> {
  const policy = { inForce: context.catalogue.rules().fingerprint, mistakes };
  const entitlements = statusesOf(context);
  const states = [...parties, offer(context, parties)];
  const told = (more: readonly PartyState[]) => {
    const all = [...more, ...states];
    return {
      ready: all.every(({ why }) => why === null),
      can: Object.fromEntries(all.map(({ does, why }) => [does, why === null])),
      cannot: all.flatMap(({ does, why }) => (why === null ? [] : [`${does}: ${why}`])),
    };
  };
  const either = {
    queue: queueStatusText(context),
    entitlements,
    policy,
    secrets: secrets.flatMap(({ name, trouble }) => (trouble === null ? [] : [`${name} ${trouble}`])),
  };
  try {
    await refuseReadOnly(context.db);
    const [{ open, failing }, unpushed, audit] = await Promise.all([
      owed(context.db),
      openProvisioningTroubles(context.db),
      auditTroublesInWords(context),
    ]);
    const stuck = Object.keys(failing).flatMap((name) => stuckFor(name, context, parties) ?? []);
    const canary = await canaryStatusText(context);
    const exports = await exportStatus(context.db, context.auditDestinations ?? []);
    return {
      ...told([
        { ...DATABASE, why: null },
        { ...OWED, why: stuck.length === 0 ? null : stuck.join('; ') },
        ...pushing(context, unpushed),
      ]),
      database: true,
      openWork: open,
      failing,
      canary: 'why' in canary ? `${canary.status}: ${canary.why}` : canary.status,
      audit,
      siem: Object.fromEntries(exports.map(({ destination: { called }, words }) => [called, words])),
      ...either,
    };
  } catch (error) {
    return {
      ...told([
        {
          ...DATABASE,
          why: `${error instanceof Fault ? error.message : 'PostgreSQL does not answer'}: see that it runs, and that DATABASE_URL is right`,
        },
      ]),
      database: false,
      openWork: null,
      failing: {},
      canary: 'unknown',
      audit: [],
      siem: {},
      ...either,
    };
  }
}

function statusesOf({ catalogue }: Data): Record<string, string> {
  return Object.fromEntries(
    catalogue.current().entitlements.map(({ key }) => {
      const status = catalogue.status(key);
      return [key, status.status === 'ready' ? 'ready' : `${status.status}: ${status.why}`];
    }),
  );
}

/** Whether each identity provider that carries groups to us by SCIM does so, as it was last asked. */
function pushing({ idps }: Context, troubles: readonly StoredProvisioningTrouble[]): PartyState[] {
  return idps.all.flatMap(({ name, system, provisioning }) => {
    if (provisioning == null) return [];
    const trouble = troubles.find(({ idp }) => idp === system);
    return [
      {
        party: name,
        does: `group changes from ${name}`,
        why: trouble === undefined ? null : `${name}: ${provisioningTroubleInWords(trouble)}`,
      },
    ];
  });
}

const DATABASE = { party: 'PostgreSQL', does: 'keeping what is asked and decided' };

const OWED = { party: 'work', does: 'the work that is owed' };

/** Why work with this fault (as `owed` names it) won't succeed before somebody mends something; null: it may. */
function stuckFor(name: string, context: Context, parties: readonly PartyState[]): string | null {
  const [, code, vendorCode] = /^(\S+)(?: \((.*)\))?$/.exec(name) ?? [];
  const fault = { code: code as FaultCode, vendorCode };
  return /\.(unauthorized|forbidden)$/.test(name.split(' ')[0] ?? '') || vendorCode === 'channel_not_found'
    ? (code ?? '').startsWith('idp.')
      ? atIdps(fault, context, parties)
      : `${faultInWords(fault)}: ${nextStepFor(fault)}`
    : null;
}

/** The outbox does not say at which identity provider: those that are not well, or any of them. */
function atIdps(fault: FaultName, { idps }: Context, parties: readonly PartyState[]): string {
  const unwell = idps.all.filter(({ name }) => parties.some((p) => p.party === name && p.why !== null));
  return (unwell.length === 0 ? idps.all : unwell)
    .map(({ name, advice }) => `${faultInWords(fault, { idp: name })}: ${nextStepFor(fault, advice)}`)
    .join('; or ');
}

/** Whether this process should be sent work. */
export function acceptsWork({ database }: Readiness): boolean {
  return database;
}

/** Something has to be there that somebody can ask for; the canary's own, say, nobody can. */
function offer({ catalogue }: Data, parties: readonly PartyState[]): PartyState {
  const offered = catalogue.current().entitlements.filter((e) => isForSomebody(e.requestableBy));
  const statuses = offered.map((e) => catalogue.status(e.key));
  const isReady = statuses.some(({ status }) => status === 'ready');
  const isFollowing =
    statuses.some(({ status }) => status === 'unchecked') && parties.some((p) => p.why !== null);
  return {
    party: 'the catalogue',
    does: 'something to ask for',
    why: isReady
      ? null
      : isFollowing
        ? 'the catalogue can’t be checked before the others work'
        : `none of the ${offered.length} entitlements of the catalogue can be offered: \`latchkey check\` says why, entitlement by entitlement`,
  };
}

function queueStatusText(context: Runtime): string {
  const away = context.queueAway();
  return away === null
    ? 'ready'
    : `away since ${away.since.toISOString()}: it ${away.why}; what is due is done in this process meanwhile`;
}
