/** An entitlement that is in no seed: a group, the team that it gives, and its key in the catalogue. */
export function areaOf(n: number) {
  const id = String(n).padStart(4, '0');
  return {
    key: `area-${id}`,
    group: `anypoint-area-${id}`,
    groupId: `00garea0000000${id}`,
    team: `Area ${id} readers`,
    teamId: `d3333333-0000-4000-8001-00000000${id}`,
  };
}

export function areas(count: number): ReturnType<typeof areaOf>[] {
  return Array.from({ length: count }, (_, n) => areaOf(n));
}
