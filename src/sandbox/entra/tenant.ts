import type { World } from '../emulator.ts';
import { oktaGroups } from '../seed.ts';

export type EntraUser = {
  id: string;
  key: string;
  displayName: string;
  mail: string;
  userPrincipalName: string;
};
export type EntraGroup = { id: string; displayName: string; members: Set<string> };

/** What happened to a directory object. */
export type Happening =
  | { of: 'user'; id: string; changeType: 'updated' | 'deleted' }
  | { of: 'group'; id: string; changeType: 'updated'; memberId: string; isRemoved: boolean };

/** The directory: the company's people, and groups of the same names as in Okta. */
export class Tenant {
  readonly users = new Map<string, EntraUser>();
  readonly groups = new Map<string, EntraGroup>();
  /** Told of everything that happens. */
  listener: (happening: Happening) => void = () => {};

  constructor(world: World) {
    world.people.forEach(({ key, name, email }, i) => {
      const id = guid('e', i + 1);
      this.users.set(id, { id, key, displayName: name, mail: email, userPrincipalName: email });
    });
    oktaGroups.forEach(({ name }, i) => {
      const id = guid('f', i + 1);
      this.groups.set(id, { id, displayName: name, members: new Set() });
    });
  }

  userKeyed(key: string): EntraUser | null {
    return [...this.users.values()].find((user) => user.key === key) ?? null;
  }

  groupNamed(name: string): EntraGroup | null {
    return [...this.groups.values()].find((group) => group.displayName === name) ?? null;
  }

  setMember(group: EntraGroup, userId: string, isMember: boolean): void {
    if (group.members.has(userId) === isMember) return;
    if (isMember) group.members.add(userId);
    else group.members.delete(userId);
    this.listener({
      of: 'group',
      id: group.id,
      changeType: 'updated',
      memberId: userId,
      isRemoved: !isMember,
    });
  }

  touchUser(id: string): void {
    this.listener({ of: 'user', id, changeType: 'updated' });
  }

  deleteUser(id: string): void {
    this.users.delete(id);
    this.listener({ of: 'user', id, changeType: 'deleted' });
  }
}

function guid(first: string, n: number): string {
  return `${first}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}
