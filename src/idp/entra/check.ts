import { X509Certificate } from 'node:crypto';
import { type Checked, guardedAll, troubleOf } from '../../core/checked.ts';
import type { Fault } from '../../core/fault.ts';
import { provisioningTroubleInWords } from '../../core/provisioning-trouble.ts';
import type { Provisioning } from '../../ports/identity-provider.ts';
import { secretOf } from '../../secrets/secret.ts';
import type { EntraAuth } from './credentials.ts';
import { createEntra, type EntraSettings } from './entra.ts';
import { createGraph } from './graph.ts';
import { checkSubscriptions } from './graph-check.ts';
import { GraphSession } from './graph-session.ts';
import { always, CONSENT, checkPermissions, toBeNotified, toProvision } from './permissions.ts';
import { checkWorkloadToken } from './workload-token.ts';

/** A certificate that runs out sooner is told of. */
const CERTIFICATE_DAYS = 30;
const DAY_MS = 24 * 3_600_000;

/** What Latchkey subscribes to, and where it is told. */
type Notified = { groupNames: readonly string[]; notificationUrl: string };

/**
 * Tries in turn what Latchkey needs of Entra as its identity provider. Only reads. `notified`: left out where Graph does
 * not reach Latchkey, which then looks by itself.
 */
export async function checkEntra(settings: EntraSettings, notified?: Notified): Promise<Checked[]> {
  return await guardedAll('Entra', () => checkAll(settings, notified));
}

async function checkAll(settings: EntraSettings, notified: Notified | undefined): Promise<Checked[]> {
  const graph = new GraphSession(settings);
  let permissions: readonly string[] | null = null;
  const token = await troubleOf(async () => {
    permissions = await graph.permissions();
  }, nextOf);
  if (token !== null) return [{ name: 'Entra', trouble: token }, ...(await checkCredential(settings.auth))];

  const needs = [
    ...always,
    ...(settings.provisioning == null ? [] : toProvision),
    ...(notified === undefined ? [] : toBeNotified),
  ];
  const idp = createEntra(settings);
  const log = await troubleOf(() => idp.log?.check() ?? Promise.resolve(), nextOf);
  return [
    { name: 'Entra', trouble: await troubleOf(() => idp.check(), nextOf) },
    ...(await checkCredential(settings.auth)),
    ...checkPermissions('Entra permissions', permissions, needs),
    ...(log === null ? [] : [{ name: 'Entra changes', trouble: log }]),
    ...(idp.provisioning == null ? [] : [await checkProvisioning(idp.provisioning)]),
    ...(notified === undefined ? [] : await checkNotifications(settings, notified)),
  ];
}

async function checkNotifications(settings: EntraSettings, notified: Notified): Promise<Checked[]> {
  let line: Checked | null = null;
  const name = 'Entra notifications';
  const trouble = await troubleOf(async () => {
    line = await checkSubscriptions(createGraph(settings), notified, name);
  }, nextOf);
  return [{ isOptional: true, ...(line ?? { name, trouble }) }];
}

async function checkProvisioning(provisioning: Pick<Provisioning, 'trouble'>): Promise<Checked> {
  let trouble: string | null = null;
  const fault = await troubleOf(
    async () => {
      const found = await provisioning.trouble();
      trouble = found === null ? null : provisioningTroubleInWords(found);
    },
    () => 'see the line above on permissions',
  );
  return { name: 'Entra provisioning', trouble: fault ?? trouble };
}

/** What the credential itself says of it; of a secret there is nothing to see. */
async function checkCredential(auth: EntraAuth): Promise<Checked[]> {
  if ('federatedTokenFile' in auth) return await checkWorkloadToken(auth.federatedTokenFile);
  if (!('certificate' in auth)) return [];
  const name = 'Entra certificate';
  const until = new Date(new X509Certificate(secretOf(auth.certificate).current()).validTo);
  const date = until.toISOString().slice(0, 10);
  const next = 'make a new one and add it in Entra, App registrations, Certificates & secrets';
  if (until.getTime() < Date.now()) return [{ name, trouble: `it ran out on ${date}: ${next}` }];
  if (until.getTime() < Date.now() + CERTIFICATE_DAYS * DAY_MS)
    return [{ name, trouble: `it runs out on ${date}: ${next}`, isOptional: true }];
  return [{ name, trouble: null, detail: `good until ${date}` }];
}

function nextOf({ code, vendorCode }: Fault): string {
  switch (code) {
    case 'idp.unauthorized':
      return vendorCode === 'federated_token_file'
        ? 'set ENTRA_FEDERATED_TOKEN_FILE to where the platform puts the workload’s token'
        : 'set ENTRA_TENANT_ID and ENTRA_CLIENT_ID to those of the app registration, and its secret, certificate or federated credential to one that it has (Certificates & secrets)';
    case 'idp.forbidden':
      return `add the application permissions GroupMember.ReadWrite.All and User.Read.All ${CONSENT}`;
    case 'idp.throttled':
      return 'check again in a few minutes';
    default:
      return 'see that this machine reaches Graph (a proxy, a national cloud’s address), and check again';
  }
}
