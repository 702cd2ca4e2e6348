import type { WebClient } from '@slack/web-api';
import { Fault } from '../core/fault.ts';
import { slackCall } from './api/call.ts';
import { installationOf } from './api/installation.ts';

/** Both methods are Tier 2, some 20 calls a minute: members are read four times a minute at most. */
const MEMBERS_MS = 15_000;
/** Which group goes by which handle changes seldom. */
const ID_MS = 600_000;

/** `members` null: there is no such group, or it is switched off. */
type Reading = { id: GroupId | null; idUntil: number; members: readonly string[] | null };
/** `team` where it has to be named. */
type GroupId = { usergroup: string; team_id?: string };

export type UserGroups = {
  /** Account ids; null: there is no group with this handle, or it is switched off. */
  membersOf(handle: string): Promise<readonly string[] | null>;
};

/**
 * Members of Slack's user groups; scope `usergroups:read`. A reading is good for a few seconds. Others who ask
 * meanwhile wait for the same answer. Slack is left alone while it asks to wait. Faults `slack.*`.
 */
export function createUserGroups(client: WebClient): UserGroups {
  const installation = installationOf(client);
  const readings = new Map<string, { until: number; reading: Promise<Reading> }>();
  let restUntil = 0;

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    const waitMs = restUntil - performance.now();
    if (waitMs > 0)
      throw new Fault('slack.throttled', 'Slack asked to wait', { retryable: true, retryAfterMs: waitMs });
    try {
      return await slackCall(false, work);
    } catch (error) {
      if (error instanceof Fault && error.retryAfterMs !== undefined)
        restUntil = performance.now() + error.retryAfterMs;
      throw error;
    }
  }

  /** An installation for a whole organisation has to say in which workspace. */
  async function idOf(handle: string): Promise<GroupId | null> {
    const teams = await installation.workspaces();
    for (const at of teams.length === 0 ? [{}] : teams.map((team_id) => ({ team_id }))) {
      const { usergroups = [] } = await ask(() => client.usergroups.list(at));
      const id = usergroups.find((group) => group.handle === handle)?.id;
      if (id !== undefined) return { usergroup: id, ...at };
    }
    return null;
  }

  async function membersById(id: GroupId): Promise<readonly string[] | null> {
    try {
      return (await ask(() => client.usergroups.users.list(id))).users ?? [];
    } catch (error) {
      if (error instanceof Fault && error.code === 'slack.not_found') return null;
      throw error;
    }
  }

  async function read(handle: string, before: Reading | null): Promise<Reading> {
    if (before !== null && before.id !== null && before.idUntil > performance.now()) {
      const members = await membersById(before.id);
      if (members !== null) return { ...before, members };
    }
    const id = await idOf(handle);
    const members = id === null ? null : await membersById(id);
    return { id, idUntil: performance.now() + ID_MS, members };
  }

  return {
    async membersOf(handle) {
      const known = readings.get(handle);
      if (known !== undefined && known.until > performance.now()) return (await known.reading).members;
      const before = (await known?.reading.catch(() => null)) ?? null;
      // Somebody else began to read while we looked.
      const newer = readings.get(handle);
      if (newer !== undefined && newer !== known) return (await newer.reading).members;
      const reading = read(handle, before);
      readings.set(handle, { until: performance.now() + MEMBERS_MS, reading });
      // What went wrong is not kept: the next one asks again.
      reading.catch(() => readings.get(handle)?.reading === reading && readings.delete(handle));
      return (await reading).members;
    },
  };
}
