import { z } from 'zod';
import { oneLine } from '../../core/storable.ts';
import type { IdpPerson, IdpPersonStatus } from '../../ports/identity-provider.ts';

/** The parts of Graph's answers that we use. Everything else in them may change without our noticing. */
export const userSchema = z.object({
  id: z.string().min(1),
  userPrincipalName: z.string().min(1),
  mail: z.string().nullish(),
  proxyAddresses: z.array(z.string()).nullish(),
  displayName: z.string().nullish(),
  jobTitle: z.string().nullish(),
  department: z.string().nullish(),
  /** Without the right to read it, it is null. Then it must not look as if somebody were switched off. */
  accountEnabled: z.boolean(),
  /** `Member` or `Guest`; null for accounts from before there were guests. */
  userType: z.string().nullish(),
  createdDateTime: z.iso.datetime({ offset: true }).nullish(),
  manager: z.object({ userPrincipalName: z.string().nullish(), mail: z.string().nullish() }).nullish(),
});
export type EntraUser = z.infer<typeof userSchema>;
/** What is kept of a deleted user is less. */
export const deletedUserSchema = userSchema.omit({ accountEnabled: true, manager: true });

/** Graph gives only a few properties unasked. Each of these is in every answer of which a person is made. */
export const USER_QUERY =
  '$select=id,userPrincipalName,mail,proxyAddresses,displayName,jobTitle,department,accountEnabled,userType,createdDateTime&$expand=manager($select=id,userPrincipalName,mail)';
/** Of a deleted user, whose relations are gone. */
export const DELETED_USER_QUERY = USER_QUERY.split('&$expand')[0];

export const groupSchema = z.object({
  id: z.string().min(1),
  displayName: z.string().nullish(),
  description: z.string().nullish(),
  groupTypes: z.array(z.string()).nullish(),
  mailEnabled: z.boolean().nullish(),
  securityEnabled: z.boolean().nullish(),
  onPremisesSyncEnabled: z.boolean().nullish(),
  isAssignableToRole: z.boolean().nullish(),
  isManagementRestricted: z.boolean().nullish(),
  visibility: z.string().nullish(),
});
export type EntraGroup = z.infer<typeof groupSchema>;

export const GROUP_QUERY =
  '$select=id,displayName,description,groupTypes,mailEnabled,securityEnabled,onPremisesSyncEnabled,isAssignableToRole,isManagementRestricted,visibility';

/** Members and memberships are of several kinds; with `$select=id` this is all there is of one. */
export const directoryObjectSchema = z.object({
  '@odata.type': z.string().optional(),
  id: z.string().min(1),
  displayName: z.string().nullish(),
});

export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() });
}

/** Whether a directory object is of this kind, e.g. `user`. */
export function isA(kind: string, { '@odata.type': type }: z.infer<typeof directoryObjectSchema>): boolean {
  return type === `#microsoft.graph.${kind}`;
}

export function personOf(user: EntraUser): IdpPerson {
  return asPerson(user, statusOf(user));
}

type Described = Omit<EntraUser, 'accountEnabled'>;

function asPerson(user: Described, status: IdpPersonStatus): IdpPerson {
  return {
    id: user.id,
    login: user.userPrincipalName,
    email: given(user.mail) ?? user.userPrincipalName,
    displayName: named(user.displayName) ?? user.userPrincipalName,
    status,
    title: named(user.jobTitle),
    department: named(user.department),
    manager: given(user.manager?.userPrincipalName) ?? given(user.manager?.mail),
    // Only the mailbox knows it, under the name that Windows has for it.
    timeZone: null,
    ...(user.createdDateTime == null ? {} : { since: new Date(user.createdDateTime) }),
  };
}

/**
 * Whoever is deleted can be restored for 30 days, and is then who they were. Until then they are as good as gone. Entra
 * puts their id in front of their name meanwhile.
 */
export function deletedPersonOf(user: Described): IdpPerson {
  const mark = user.id.replaceAll('-', '');
  const name = user.userPrincipalName;
  const userPrincipalName =
    name.startsWith(mark) && name.length > mark.length ? name.slice(mark.length) : name;
  return asPerson({ ...user, userPrincipalName }, 'deprovisioned');
}

/**
 * A guest is somebody whom another organisation answers for, or nobody: such an account may neither ask nor decide. The
 * address of a guest is what whoever invited them wrote.
 */
function statusOf({ accountEnabled, userType }: EntraUser): IdpPersonStatus {
  if (!accountEnabled) return 'suspended';
  return userType?.toLowerCase() === 'guest' ? 'inactive' : 'active';
}

/**
 * Whether this is one of the person's own addresses: `mail`, the name to sign in with, or an alias of the mailbox
 * (`smtp:…`). All three are the tenant's to give. `otherMails` is not looked at: people write into it what they like.
 */
export function hasAddress(user: EntraUser, email: string): boolean {
  const wanted = email.toLowerCase();
  const aliases = (user.proxyAddresses ?? []).flatMap((address) =>
    /^smtp:/i.test(address) ? [address.slice('smtp:'.length)] : [],
  );
  return [user.mail ?? '', user.userPrincipalName, ...aliases].some((one) => one.toLowerCase() === wanted);
}

function given(value: string | null | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

/** What is only read by people, as one line. */
function named(value: string | null | undefined): string | null {
  return given(oneLine(value ?? ''));
}

/** As text in a `$filter`: a quote in it is doubled (OData 4.01 part 2, section 5.1.1.14.1). */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
