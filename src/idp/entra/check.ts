import { X509Certificate } from 'node:crypto';
import { type Checked, troubleOf } from '../../core/checked.ts';
import type { Fault } from '../../core/fault.ts';
import { provisioningTroubleInWords } from '../../core/provisioning-trouble.ts';
import type { Provisioning } from '../../ports/identity-provider.ts';
import { secretOf } from '../../secrets/secret.ts';
import type { EntraAuth } from './credentials.ts';
import { createEntra, type EntraSettings } from './entra.ts';
import { GraphSession } from './graph-session.ts';

const CONSENT = 'in Entra, App registrations, API permissions, and grant admin consent';
/** A certificate that runs out sooner is told of. */
const CERTIFICATE_DAYS = 30;
const DAY_MS = 24 * 3_600_000;

/** An application permission that Latchkey needs, or another that has it in it, and what for. */
type Need = { permission: string; orElse?: readonly string[]; why: string; isOptional?: boolean };

const always: readonly Need[] = [
  {
    permission: 'GroupMember.ReadWrite.All',
    orElse: ['Group.ReadWrite.All', 'Directory.ReadWrite.All'],
    why: 'to change group members',
  },
  {
    permission: 'User.Read.All',
    orElse: ['User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    why: 'to know people and their managers',
  },
  {
    permission: 'AuditLog.Read.All',
    why: 'to say who changed a group and where somebody last signed in',
    isOptional: true,
  },
];
const toProvision: readonly Need[] = [
  { permission: 'Synchronization.ReadWrite.All', why: 'to have memberships provisioned at once' },
  {
    permission: 'Application.Read.All',
    orElse: ['Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    why: 'to see which groups are assigned to the enterprise app',
  },
];
/** Covered by those above, so of no harm. */
const HARMLESS = ['GroupMember.Read.All', 'Group.Read.All', 'User.ReadBasic.All', 'Synchronization.Read.All'];

/** Tries in turn what Latchkey needs of Entra as its identity provider. Only reads. */
export async function checkEntra(settings: EntraSettings): Promise<Checked[]> {
  const graph = new GraphSession(settings);
  let permissions: readonly string[] | null = null;
  const token = await troubleOf(async () => {
    permissions = await graph.permissions();
  }, nextOf);
  if (token !== null) return [{ name: 'Entra', trouble: token }, ...checkCertificate(settings.auth)];

  const needs = [...always, ...(settings.provisioning == null ? [] : toProvision)];
  const idp = createEntra(settings);
  return [
    { name: 'Entra', trouble: await troubleOf(() => idp.check(), nextOf) },
    ...checkCertificate(settings.auth),
    ...checkPermissions(permissions, needs),
    ...(idp.provisioning == null ? [] : [await checkProvisioning(idp.provisioning)]),
  ];
}

function checkPermissions(held: readonly string[] | null, needs: readonly Need[]): Checked[] {
  const name = 'Entra permissions';
  if (held === null)
    return [
      {
        name,
        trouble: 'the token does not show them: look whether they are those of the guide',
        isOptional: true,
      },
    ];
  const lines: Checked[] = [];
  const has = ({ permission, orElse = [] }: Need) =>
    [permission, ...orElse].some((one) => held.includes(one));
  for (const isOptional of [false, true]) {
    const missing = needs.filter((need) => !has(need) && (need.isOptional === true) === isOptional);
    if (missing.length === 0) continue;
    const named = missing.map(({ permission, why }) => `${permission} (${why})`).join(', ');
    lines.push({
      name,
      trouble: isOptional
        ? `without ${named} Latchkey goes on; to have it, add it ${CONSENT}`
        : `missing: ${named}; add it ${CONSENT}`,
      ...(isOptional ? { isOptional } : {}),
    });
  }
  const needless = held.filter(
    (one) => !HARMLESS.includes(one) && !needs.some(({ permission }) => permission === one),
  );
  if (needless.length > 0)
    lines.push({
      name,
      trouble: `Latchkey does not need ${needless.join(', ')}: take it away ${CONSENT.replace(', and grant admin consent', '')}`,
      isOptional: true,
    });
  return lines.length === 0 ? [{ name, trouble: null }] : lines;
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

function checkCertificate(auth: EntraAuth): Checked[] {
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
