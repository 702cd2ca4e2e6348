/** Privileged access: what changes or administers production. A tier that is not known is none. */
export function isPrivileged(tier: string | null): boolean {
  return tier === 'high' || tier === 'critical';
}
