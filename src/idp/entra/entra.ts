import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';
import type {
  IdentityProvider,
  IdpGroup,
  IdpPerson,
  RecentWrites,
  SignIn,
} from '../../ports/identity-provider.ts';
import type { Page } from '../../ports/page.ts';
import { entraAdvice } from './advice.ts';
import { isA } from './answers.ts';
import { graphFault } from './faults.ts';
import { GraphSession, type GraphSettings } from './graph-session.ts';
import { entraGroupClaim } from './group-claim.ts';
import { EntraGroups } from './groups.ts';
import { EntraLog } from './log.ts';
import { isGuid, memberReference } from './member-reference.ts';
import { EntraPeople } from './people.ts';
import { EntraProvisioner, type EntraProvisioning } from './provisioning.ts';
import { recentWritesHere } from './recent-writes.ts';
import { lastSignIn } from './sign-ins.ts';

export type EntraSettings = GraphSettings & {
  /** How long a write may take to be seen, in milliseconds; Entra answers from copies that lag. */
  settleMs?: number;
  /** The enterprise app that provisions to Latchkey; null or left out: Entra does not. */
  provisioning?: EntraProvisioning | null;
};

/** Copies usually agree within seconds; a job that ran out of this is repeated later. */
const DEFAULT_SETTLE_MS = 15_000;
/** Between two looks: the first, and the longest. */
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 2_000;
/** A refusal may mean that somebody is in already. That long it is looked for before it is believed. */
const REFUSED_LOOK_MS = 3_000;

/**
 * Microsoft Entra ID as the identity provider, by Graph v1.0. The least application permissions are
 * `GroupMember.ReadWrite.All` and `User.Read.All`; with `AuditLog.Read.All` it can say where somebody signed in.
 *
 * Entra answers from copies that agree after a while. So each write is read back until it is seen. What Latchkey wrote a
 * moment ago is not taken back by an older copy. `recent`: what its processes know of that; left out: only this one.
 *
 * Faults, with Graph's error code as `vendorCode`:
 * - `idp.unauthorized`: 401, or a secret, certificate or token that Entra refuses
 * - `idp.forbidden`: 403
 * - `idp.not_found`
 * - `idp.throttled`, with `retryAfterMs`
 * - `idp.unavailable`: 5xx, no connection, or a write that is not seen yet
 * - `idp.timeout`
 * - `idp.invalid`
 * - `idp.bad_answer`
 *
 * @throws config.invalid when the certificate or its key is none
 */
export function createEntra(
  settings: EntraSettings,
  recent: RecentWrites = recentWritesHere(),
): IdentityProvider {
  return new Entra(settings, recent);
}

class Entra implements IdentityProvider {
  readonly system = 'entra';
  readonly name = 'Entra';
  readonly carriesMembersAlone = true;
  readonly advice = entraAdvice;
  readonly groupClaim = entraGroupClaim((personId) => this.#groups.countOf(personId));
  readonly provisioning: EntraProvisioner | null;
  readonly log: EntraLog;
  readonly #graph: GraphSession;
  readonly #people: EntraPeople;
  readonly #groups: EntraGroups;
  readonly #settleMs: number;
  readonly #recent: RecentWrites;

  constructor(settings: EntraSettings, recent: RecentWrites) {
    this.#recent = recent;
    this.#graph = new GraphSession(settings);
    this.#people = new EntraPeople(this.#graph);
    this.log = new EntraLog(this.#graph, this.#people);
    const provisioner =
      settings.provisioning == null ? null : new EntraProvisioner(this.#graph, settings.provisioning);
    this.provisioning = provisioner;
    this.#groups = new EntraGroups(
      this.#graph,
      provisioner === null ? null : (groupId) => provisioner.isAssigned(groupId),
    );
    this.#settleMs = settings.settleMs ?? DEFAULT_SETTLE_MS;
  }

  findPeopleByEmail(email: string): Promise<IdpPerson[]> {
    return this.#people.byEmail(email);
  }

  readPerson(idOrLogin: string): Promise<IdpPerson | null> {
    return isGuid(idOrLogin) ? this.#people.byId(idOrLogin) : this.#people.byLogin(idOrLogin);
  }

  findGroup(idOrName: string): Promise<IdpGroup | null> {
    return this.#groups.find(idOrName);
  }

  async isMember(groupId: string, personId: string): Promise<boolean> {
    const [seen, wrote] = await Promise.all([
      this.#seenByOneCopy(groupId, personId),
      this.#recent.of(groupId, personId),
    ]);
    // Whoever is deleted was so after every write: no older copy says that.
    if (seen === 'deleted') return false;
    if (wrote === null || wrote === (seen === 'in')) return seen === 'in';
    if (await this.#settled({ groupId, personId }, wrote, this.#settleMs)) return wrote;
    // Somebody else has changed it since. That is not waited for again.
    await this.#recent.forget(groupId, personId, wrote);
    return !wrote;
  }

  /** The groups of a deleted person come back with them; until then there are none. */
  async #seenByOneCopy(groupId: string, personId: string): Promise<'in' | 'out' | 'deleted'> {
    if (!isGuid(personId)) throw notFound('read memberships');
    const ids = await this.#groups.idsOf(personId);
    if (ids !== null) return ids.includes(groupId) ? 'in' : 'out';
    const person = await this.#people.byId(personId);
    if (person === null) throw notFound('read memberships');
    return person.status === 'deprovisioned' ? 'deleted' : 'out';
  }

  async groupIdsOf(personId: string): Promise<string[]> {
    return isGuid(personId) ? ((await this.#groups.idsOf(personId)) ?? []) : [];
  }

  async *listMembers(groupId: string): AsyncGenerator<IdpPerson, void, undefined> {
    for await (const members of this.#groups.members(groupId)) yield* await this.#peopleAmong(members);
  }

  async pageOfMembers(groupId: string, from: string | null): Promise<Page<IdpPerson>> {
    const { members, next } = await this.#groups.pageOfMembers(groupId, from);
    return { rows: await this.#peopleAmong(members), next, easeMs: 0 };
  }

  /** Groups, devices and service principals among the members are not people. */
  #peopleAmong(members: readonly Parameters<typeof isA>[1][]): Promise<IdpPerson[]> {
    return this.#people.byIds(members.filter((member) => isA('user', member)).map(({ id }) => id));
  }

  readPeople(ids: readonly string[]): Promise<IdpPerson[]> {
    return this.#people.byIds(ids);
  }

  lastSignIn(personId: string, withinSeconds: number): Promise<SignIn | null> {
    return lastSignIn(this.#graph, personId, withinSeconds);
  }

  async addMember(groupId: string, personId: string): Promise<void> {
    const what = 'add a member';
    const pair = { groupId, personId };
    // Both ids are looked at before one of them is put into a path.
    const path = memberReference(groupId, personId).replace(`/${personId}/`, '/');
    const answer = await this.#graph.send('POST', path, what, {
      body: { '@odata.id': this.#graph.objectUrl(personId) },
      mayBeRefused: true,
    });
    if (answer.status === 400) {
      // Three refusals share one code, and only one of them means that somebody is in already: the membership tells.
      if (await this.#settled(pair, true, Math.min(REFUSED_LOOK_MS, this.#settleMs))) return;
      throw graphFault(answer, 'POST', what);
    }
    await this.#seen(pair, true, what);
  }

  async removeMember(groupId: string, personId: string): Promise<void> {
    const what = 'remove a member';
    const pair = { groupId, personId };
    const path = memberReference(groupId, personId);
    const until = performance.now() + this.#settleMs;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
      const answer = await this.#graph.send('DELETE', path, what, { mayBeAbsent: true });
      if (answer.status !== 404) return await this.#seen(pair, false, what);
      // Not a member, no such group, or a copy that does not know the membership yet: one answer for all three.
      const seen = await this.#seenByOneCopy(groupId, personId);
      if (seen === 'deleted') return;
      if (seen === 'out' && (await this.#recent.of(groupId, personId)) !== true) return;
      if (performance.now() + waitMs > until) throw notSeen(what, answer.status);
      await sleep(waitMs);
    }
  }

  async check(): Promise<void> {
    // One read for each right that we need to have.
    await this.#graph.send('GET', '/groups?$select=id&$top=1', 'check groups');
    await this.#graph.send('GET', '/users?$select=id&$top=1', 'check users');
  }

  async #seen(pair: Pair, isMember: boolean, what: string): Promise<void> {
    await this.#recent.note(pair.groupId, pair.personId, isMember);
    if (!(await this.#settled(pair, isMember, this.#settleMs))) throw notSeen(what, 204);
  }

  /** Whether this is how the membership is seen within so long. */
  async #settled({ groupId, personId }: Pair, isMember: boolean, forMs: number): Promise<boolean> {
    const until = performance.now() + forMs;
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
      if (((await this.#seenByOneCopy(groupId, personId)) === 'in') === isMember) return true;
      if (performance.now() + waitMs > until) return false;
      await sleep(waitMs);
    }
  }
}

type Pair = { groupId: string; personId: string };

function notSeen(what: string, status: number): Fault {
  return new Fault(
    'idp.unavailable',
    `Graph, ${what}: answered ${status}, and the membership is not so yet`,
    {
      retryable: true,
      outcomeUnknown: true,
      vendorCode: String(status),
    },
  );
}

function notFound(what: string): Fault {
  return new Fault('idp.not_found', `Graph, ${what}: there is no such person`, {
    retryable: false,
    vendorCode: 'Request_ResourceNotFound',
  });
}
