/** Who is provisioned: memberships are `groups * perGroup`. */
export type Plan = { users: number; groups: number; perGroup: number };

/** The sandbox's groups that carry entitlements and that its Okta has pushed already. */
export const MANAGED = [
  'anypoint-orders-read',
  'anypoint-orders-deploy',
  'anypoint-payments-read',
  'anypoint-platform-admin',
];

/** As Okta writes its ids. */
export const externalIdOf = (n: number) => `00usync${String(n).padStart(13, '0')}`;

/** Managed groups have the first people, the others come round. */
export function memberAt(plan: Plan, g: number, i: number): number {
  return g < MANAGED.length ? i : (g * plan.perGroup + i) % plan.users;
}
