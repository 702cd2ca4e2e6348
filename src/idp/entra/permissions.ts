import type { Checked } from '../../core/checked.ts';

export const CONSENT = 'in Entra, App registrations, API permissions, and grant admin consent';
/** Good for the enterprise apps that the app registration owns, and no others. */
const OWNED = 'Application.ReadWrite.OwnedBy';

/** An application permission that Latchkey needs, or another that has it in it, and what for. */
export type Need = { permission: string; orElse?: readonly string[]; why: string; isOptional?: boolean };

/** Of an Entra that is an identity provider. */
export const always: readonly Need[] = [
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
/** Of one that provisions to Latchkey as well. */
export const toProvision: readonly Need[] = [
  {
    permission: 'Synchronization.ReadWrite.All',
    // Where the app registration owns the enterprise app, this is less.
    orElse: [OWNED],
    why: 'to have memberships provisioned at once',
  },
  {
    permission: 'Application.Read.All',
    orElse: [OWNED, 'Application.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
    why: 'to see which groups are assigned to the enterprise app',
  },
];
/** Of one that tells by change notifications: for a subscription Graph wants this one, and no right to write has it in it. */
export const toBeNotified: readonly Need[] = [
  {
    permission: 'Group.Read.All',
    orElse: ['Directory.Read.All'],
    why: 'to be told at once of what is done in a group, and not within 30 seconds',
    isOptional: true,
  },
];
/** Of an Entra beside another identity provider, which only tells. */
export const besideIdp: readonly Need[] = [
  { permission: 'Group.Read.All', orElse: ['Directory.Read.All'], why: 'to be told of groups' },
  { permission: 'User.Read.All', orElse: ['Directory.Read.All'], why: 'to be told of people' },
];
/** Covered by those above, so of no harm. */
const HARMLESS = ['GroupMember.Read.All', 'Group.Read.All', 'User.ReadBasic.All', 'Synchronization.Read.All'];

/** `held`: those in the token; null: it does not show them. */
export function checkPermissions(
  name: string,
  held: readonly string[] | null,
  needs: readonly Need[],
): Checked[] {
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
  const stands = (one: string) =>
    one === OWNED && needs.some((need) => need.orElse?.includes(one) && !held.includes(need.permission));
  const needless = held.filter(
    (one) => !HARMLESS.includes(one) && !needs.some(({ permission }) => permission === one) && !stands(one),
  );
  if (needless.length > 0)
    lines.push({
      name,
      trouble: `Latchkey does not need ${needless.join(', ')}: ${insteadOf(needless, held, needs)} ${CONSENT.replace(', and grant admin consent', '')}`,
      isOptional: true,
    });
  return lines.length === 0 ? [{ name, trouble: null }] : lines;
}

/** What to do about permissions that are too much, without what Latchkey needs being lost with them. */
function insteadOf(needless: readonly string[], held: readonly string[], needs: readonly Need[]): string {
  if (needless.every((one) => toProvision.some(({ permission }) => permission === one)))
    return 'set ENTRA_PROVISIONING_APP, which they are for, or take them away';
  const lesser = needs
    .filter(
      ({ permission, orElse }) => !held.includes(permission) && orElse?.some((one) => needless.includes(one)),
    )
    .map(({ permission }) => permission);
  const first = lesser.length === 0 ? '' : `add ${lesser.join(' and ')}, which is enough, and then `;
  return `${first}take ${needless.length === 1 ? 'it' : 'them'} away`;
}
