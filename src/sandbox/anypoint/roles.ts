import { company } from '../seed.ts';

export type TeamRole = { role_id: string; name: string; context_params: { org?: string; envId?: string } };

export const environments = [
  { id: 'e4444444-0000-4000-8000-000000000001', name: 'Production', isProduction: true, type: 'production' },
  { id: 'e4444444-0000-4000-8000-000000000002', name: 'Sandbox', isProduction: false, type: 'sandbox' },
] as const;

/** Permissions that the seeded teams carry (`roles` in the API's words). */
export const knownRoles = [
  { id: 'f5555555-0000-4000-8000-000000000001', name: 'View APIs Configuration' },
  { id: 'f5555555-0000-4000-8000-000000000002', name: 'Deploy API Proxies' },
  { id: 'f5555555-0000-4000-8000-000000000003', name: 'Organization Administrator' },
] as const;

export function seededRoles(teamName: string): TeamRole[] {
  const role = teamName.includes('admin')
    ? knownRoles[2]
    : teamName.includes('deploy')
      ? knownRoles[1]
      : knownRoles[0];
  const org = company.anypointOrgId;
  return [
    {
      role_id: role.id,
      name: role.name,
      context_params: role === knownRoles[2] ? { org } : { org, envId: environments[0].id },
    },
  ];
}
