import { ScimFailure } from '../scim-wire.ts';
import type { OktaOrg } from './org.ts';
import type { PushTask } from './push-queue.ts';
import type { OktaGroup, OktaUser } from './records.ts';
import type { ScimTarget } from './scim-client.ts';
import * as scim from './scim-client.ts';

/** The SCIM provider's ids of our users and groups, by Okta id. */
export type RemoteIds = { users: Record<string, string>; groups: Record<string, string> };

/** Carries one task to the SCIM provider, looking up or creating there what it needs. */
export class Provisioning {
  readonly remote: RemoteIds;
  /** People being looked up or created right now, so that two groups don't create the same person twice. */
  readonly #arriving = new Map<string, Promise<string>>();
  readonly #org: OktaOrg;

  constructor(org: OktaOrg, remote: RemoteIds) {
    this.#org = org;
    this.remote = remote;
  }

  /**
   * May turn a `member` task into a `group` task, so that a repeat goes on with the whole group.
   * `coversGroup` is called at the moment the whole membership is read.
   * @throws ScimFailure
   */
  async push(target: ScimTarget, task: PushTask, coversGroup: (groupId: string) => void): Promise<void> {
    if (task.kind === 'account') return this.#pushAccount(target, task);
    if (task.kind === 'profile') return this.#pushProfile(target, task.userId);
    const group = this.#org.groups.get(task.groupId);
    if (group === undefined || !group.pushed) return;
    const remoteId = this.remote.groups[group.id];
    if (task.kind === 'rename') {
      // One that was never pushed goes under its new name when it is.
      if (remoteId === undefined) return;
      await this.#forgettingOn404(group, [], () => scim.renameGroup(target, remoteId, group.profile.name));
      return;
    }
    if (task.kind === 'member' && remoteId !== undefined) {
      const user = this.#org.users.get(task.userId);
      if (user !== undefined) await this.#pushMember(target, task, user, { group, remoteId });
      return;
    }
    Object.assign(task, { kind: 'group' });
    await this.#pushGroup(target, group, () => coversGroup(group.id));
  }

  async #pushMember(
    target: ScimTarget,
    task: PushTask & { kind: 'member' },
    user: OktaUser,
    { group, remoteId }: { group: OktaGroup; remoteId: string },
  ): Promise<void> {
    if (!task.isPatched) {
      const isProvisioned = this.#org.isProvisioned(user);
      if (task.op === 'add' && !isProvisioned) return;
      // Nobody is created only to be removed.
      if (task.op === 'remove' && !isProvisioned && this.remote.users[user.id] === undefined) return;
      const value = await this.#userId(target, user);
      await this.#forgettingOn404(group, [user], () =>
        scim.changeMembers(target, remoteId, [{ op: task.op, value, display: user.profile.login }]),
      );
      task.isPatched = true;
    }
    await this.#forgettingOn404(group, [], () => scim.renameGroup(target, remoteId, group.profile.name));
  }

  async #pushGroup(target: ScimTarget, group: OktaGroup, covers: () => void): Promise<void> {
    const { name } = group.profile;
    let remoteId = this.remote.groups[group.id];
    let isNew = false;
    if (remoteId === undefined) {
      const found = await scim.findGroup(target, name);
      isNew = found === null;
      remoteId = (found ?? (await scim.createGroup(target, name))).id;
      this.remote.groups[group.id] = remoteId;
    }
    const id = remoteId;
    const users = [...group.members]
      .map((userId) => this.#org.users.get(userId))
      .filter((user) => user !== undefined && this.#org.isProvisioned(user)) as OktaUser[];
    covers();
    const members: { value: string; display: string }[] = [];
    for (const user of users)
      members.push({ value: await this.#userId(target, user), display: user.profile.login });
    await this.#forgettingOn404(group, users, async () => {
      if (!isNew) await scim.replaceMembers(target, id, members);
      else if (members.length > 0)
        await scim.changeMembers(
          target,
          id,
          members.map((m) => ({ op: 'add', ...m })),
        );
      else return;
      await scim.renameGroup(target, id, name);
    });
  }

  async #pushAccount(target: ScimTarget, task: PushTask & { kind: 'account' }): Promise<void> {
    const { userId, active } = task;
    const remembered = this.remote.users[userId];
    if (remembered !== undefined) {
      await this.#forgettingOn404(null, [{ id: userId }], () => scim.setActive(target, remembered, active));
      return;
    }
    const user = this.#org.users.get(userId);
    if (user === undefined) return;
    if (active) {
      await this.#userId(target, user);
      return;
    }
    // Somebody who was never pushed has nothing to lose; a repeat comes after a 404, so the id may have changed.
    if (task.retries === 0) return;
    const found = await scim.findUser(target, user.profile.login);
    if (found === null) return;
    this.remote.users[userId] = found.id;
    await scim.setActive(target, found.id, false);
  }

  /** Somebody who was never pushed goes there with their new profile when they are. */
  async #pushProfile(target: ScimTarget, userId: string): Promise<void> {
    const user = this.#org.users.get(userId);
    const remembered = this.remote.users[userId];
    if (user === undefined || remembered === undefined) return;
    await this.#forgettingOn404(null, [user], () => scim.changeProfile(target, remembered, user));
  }

  /** The person's id at the provider: remembered, looked up by user name, or created. */
  #userId(target: ScimTarget, user: OktaUser): Promise<string> {
    const remembered = this.remote.users[user.id];
    if (remembered !== undefined) return Promise.resolve(remembered);
    const arriving = this.#arriving.get(user.id);
    if (arriving !== undefined) return arriving;
    const arrival = this.#linkOrCreate(target, user).finally(() => this.#arriving.delete(user.id));
    this.#arriving.set(user.id, arrival);
    return arrival;
  }

  async #linkOrCreate(target: ScimTarget, user: OktaUser): Promise<string> {
    const active = this.#org.isProvisioned(user);
    const found = await scim.findUser(target, user.profile.login);
    const linked = found ?? (await this.#createUser(target, user, active));
    this.remote.users[user.id] = linked.id;
    if (found?.active === false && active) await scim.setActive(target, found.id, true);
    return linked.id;
  }

  async #createUser(target: ScimTarget, user: OktaUser, active: boolean): Promise<{ id: string }> {
    try {
      return await scim.createUser(target, user, active);
    } catch (error) {
      if (!(error instanceof ScimFailure) || error.status !== 409) throw error;
      const taken = await scim.findUser(target, user.profile.login);
      if (taken === null) throw error;
      return taken;
    }
  }

  /**
   * A 404 means that an id we remember is gone at the provider; which one, it does not say. Where a group is
   * gone its people may be too, so all of them are looked up again.
   */
  async #forgettingOn404(
    group: OktaGroup | null,
    users: readonly Pick<OktaUser, 'id'>[],
    push: () => Promise<void>,
  ): Promise<void> {
    try {
      await push();
    } catch (error) {
      if (error instanceof ScimFailure && error.status === 404) {
        for (const user of users) delete this.remote.users[user.id];
        if (group !== null) {
          delete this.remote.groups[group.id];
          for (const userId of group.members) delete this.remote.users[userId];
        }
      }
      throw error;
    }
  }
}
