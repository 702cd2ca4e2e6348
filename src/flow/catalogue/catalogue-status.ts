import type { Logger } from 'pino';
import { Fault } from '../../core/fault.ts';
import { faultInWords, nextStepFor } from '../../core/fault-words.ts';
import type { EntitlementKey } from '../../core/ids.ts';
import {
  type Catalogue,
  type Entitlement,
  type EntitlementStatus,
  isSameGroupName,
  type Target,
} from '../../core/policy/catalogue.ts';
import type { Policy } from '../../core/policy/policy.ts';
import type { Rules } from '../../core/policy/verdict.ts';
import type { MuleSoft } from '../../ports/mulesoft.ts';
import { type Idps, idpName } from '../idps/idps.ts';
import { type CanaryStatus, canaryStatus } from './canary-status.ts';
import { claimTrouble } from './claim-trouble.ts';
import { Statuses, targetIn } from './statuses.ts';

/** The catalogue in force, with what IdP and Anypoint say of each entitlement. */
export type CatalogueBook = {
  current(): Catalogue;
  /** The rules that were loaded with it. */
  rules(): Rules;
  /** Puts another policy in force, whole; what it changed is checked anew. */
  swap(policy: Policy): void;
  /** Entitlements whose teams stand above this one's in Anypoint, so that its members have their roles too. */
  brings(key: string): EntitlementKey[];
  entitlement(key: string): Entitlement | null;
  status(key: string): EntitlementStatus;
  /**
   * Everything whose membership gives this team, also what is not offered (its group still gives it).
   * `unchecked`: some entitlement was never checked, so the answer is not known.
   */
  targetsOfTeam(teamId: string): Target[] | 'unchecked';
  /**
   * Whether an entitlement carried by this group (or, without a name, any) was never checked, so that its team is not
   * known. `idp`: `system` of the only IdP that counts.
   */
  isUnchecked(groupName?: string, idp?: string): boolean;
  /** The IdP's ids of the group with this name, in any case, as far as it carries an entitlement. */
  groupIdsNamed(groupName: string, idp?: string): string[];
  /** Teams that membership of the group with this IdP id gives. */
  teamsOfGroupId(groupId: string): string[];
  /** Every group that carries an entitlement, once, with its team; also what is not offered. */
  targets(): readonly Target[];
  /**
   * Anypoint says now that no sign-in would give this team: it is not offered until `check` finds it mended. Answers
   * whether it was offered until now.
   */
  unmapped(target: Target, why: string): boolean;
  /**
   * The group or team of this id is not there any more: what names it is checked anew, and may find another of the same
   * name.
   */
  gone(kind: 'group' | 'team', id: string): void;
  /** Whether the canary can make its rounds, as the IdP said when it was last asked. */
  canary(): CanaryStatus;
  /** Asks the IdP about the canary anew. */
  checkCanary(): Promise<CanaryStatus>;
  /** Asks IdP and Anypoint about every entitlement not yet ready, and about the canary; safe to repeat. */
  check(): Promise<void>;
};

/** Entitlements asked about at once: each first look at a group reads all its members, and holds a lock. */
const CHECKED_AT_ONCE = 8;

/**
 * Checks each entitlement where it has to work: its IdP group exists and can be written, its team exists. An
 * entitlement that can't be checked yet (IdP down) is not offered, and is checked again later. Nothing is assumed.
 */
export function createCatalogueBook(
  policy: Policy,
  { idps, mulesoft, log }: { idps: Idps; mulesoft: MuleSoft; log: Logger },
  /** Called for a target that is about to be ready; what it throws keeps the entitlement unchecked. */
  beforeReady: (target: Target) => Promise<void>,
): CatalogueBook {
  let { catalogue, rules } = policy;
  const statuses = new Statuses();
  /** Ids of the teams above each team that was found. */
  const teamsAbove = new Map<string, readonly string[]>();
  let canary: CanaryStatus | null = null;

  async function checkOne(entitlement: Entitlement): Promise<EntitlementStatus> {
    const system = systemOf(entitlement);
    try {
      const idp = idps.find(system);
      if (idp === null)
        return {
          status: 'refused',
          why: `${system} is not connected: its settings are not there`,
          target: null,
        };
      const group = await idp.findGroup(entitlement.idpGroup);
      if (group === null)
        return {
          status: 'refused',
          why: `the group ${entitlement.idpGroup} does not exist in ${idp.name}`,
          target: null,
        };
      const team = await mulesoft.findTeam(entitlement.team);
      if (team !== null) teamsAbove.set(team.id, team.ancestorIds);
      const target =
        team === null
          ? null
          : {
              idp: system,
              groupId: group.id,
              groupName: group.name,
              teamId: team.id,
              teamName: team.name,
              ...(entitlement.delivery === undefined ? {} : { delivery: entitlement.delivery }),
            };
      const isCarriedElsewhere = entitlement.delivery !== undefined;
      if (!group.writable && !(isCarriedElsewhere && group.isUnpushed === true))
        return {
          status: 'refused',
          why: `the group ${group.name} can’t be written: ${group.reason}`,
          target,
        };
      if (target === null)
        return { status: 'refused', why: `the team ${entitlement.team} does not exist in Anypoint`, target };
      const unmapped = await mappingOf(target);
      if (unmapped !== null) return { status: 'refused', why: unmapped, target };
      await beforeReady(target);
      return { status: 'ready', target };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return {
        status: 'unchecked',
        why: `not checked yet, as ${faultInWords(error, { idp: idpName({ idps }, { idp: system }) })}`,
      };
    }
  }

  /** Why no sign-in would give it. What Anypoint refuses to tell, and would refuse again, is for somebody to mend. */
  async function mappingOf(target: Target): Promise<string | null> {
    try {
      return await claimTrouble({ mulesoft, idps }, target);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'mulesoft.forbidden') throw error;
      return `whether a sign-in gives the team ${target.teamName} can’t be known, as ${faultInWords(error)}: ${nextStepFor(error)}`;
    }
  }

  async function checkAgain(entitlement: Entitlement): Promise<void> {
    const before = book.status(entitlement.key);
    const status = await checkOne(entitlement);
    // Another policy came into force meanwhile, and it says something else.
    if (book.entitlement(entitlement.key) !== entitlement) return;
    // A refused entitlement stays refused until it is seen mended. Not being able to look again changes nothing.
    if (status.status === 'unchecked' && before.status === 'refused') return;
    statuses.set(entitlement.key, status);
    if (status.status === 'refused' && before.status !== 'refused')
      log.warn(
        { entitlement: entitlement.key, why: status.why },
        'entitlement refused: it is not offered until the catalogue is mended',
      );
  }

  const systemOf = ({ idp }: Pick<Entitlement, 'idp'>) => idp ?? idps.first.system;

  function targetsOf(groupName: string, idp?: string): Target[] {
    return catalogue.entitlements
      .filter((e) => isSameGroupName(e.idpGroup, groupName) && (idp === undefined || systemOf(e) === idp))
      .map((e) => book.status(e.key))
      .flatMap((status) => targetIn(status) ?? []);
  }

  const book: CatalogueBook = {
    current: () => catalogue,
    rules: () => rules,
    swap(next) {
      for (const before of catalogue.entitlements) {
        const after = next.catalogue.entitlements.find((e) => e.key === before.key);
        const places = ['idpGroup', 'idp', 'team', 'delivery'] as const;
        if (places.some((place) => after?.[place] !== before[place])) statuses.delete(before.key);
      }
      if (next.catalogue.canary?.person !== catalogue.canary?.person) canary = null;
      ({ catalogue, rules } = next);
    },
    brings(key) {
      const mine = targetIn(book.status(key));
      const above = mine === null ? [] : (teamsAbove.get(mine.teamId) ?? []);
      return catalogue.entitlements
        .filter((e) => e.key !== key && above.includes(targetIn(book.status(e.key))?.teamId ?? ''))
        .map((e) => e.key);
    },
    entitlement: (key) => catalogue.entitlements.find((e) => e.key === key) ?? null,
    status: (key) => statuses.of(key),
    targetsOfTeam: (teamId) => {
      const { isWhole, byTeam } = statuses.found(catalogue);
      return isWhole ? [...(byTeam.get(teamId) ?? [])] : 'unchecked';
    },
    isUnchecked: (groupName, idp) =>
      catalogue.entitlements.some(
        (e) =>
          (idp === undefined || systemOf(e) === idp) &&
          (groupName === undefined || isSameGroupName(e.idpGroup, groupName)) &&
          book.status(e.key).status === 'unchecked',
      ),
    groupIdsNamed: (groupName, idp) => [
      ...new Set(targetsOf(groupName, idp).map((target) => target.groupId)),
    ],
    teamsOfGroupId: (groupId) => [
      ...new Set((statuses.found(catalogue).byGroup.get(groupId) ?? []).map((target) => target.teamId)),
    ],
    targets: () => statuses.found(catalogue).targets,
    gone(kind, id) {
      for (const { key, idpGroup } of catalogue.entitlements) {
        const target = targetIn(book.status(key));
        if (target === null || (kind === 'group' ? target.groupId : target.teamId) !== id) continue;
        log.warn({ entitlement: key, group: idpGroup, gone: kind }, 'no longer there: checked anew');
        statuses.delete(key);
      }
    },
    unmapped(target, why) {
      let wasOffered = false;
      for (const { key } of catalogue.entitlements) {
        const status = book.status(key);
        const is = targetIn(status);
        if (is?.groupId !== target.groupId || is.teamId !== target.teamId || is.delivery !== 'claim')
          continue;
        if (status.status === 'ready') {
          wasOffered = true;
          log.warn({ entitlement: key, why }, 'entitlement refused: it is not offered until that is mended');
        }
        statuses.set(key, { status: 'refused', why, target: is });
      }
      return wasOffered;
    },
    canary: () =>
      catalogue.canary === null
        ? { status: 'off' }
        : (canary ?? { status: 'unchecked', why: 'not checked yet' }),
    async checkCanary() {
      const before = book.canary();
      if (catalogue.canary === null) return before;
      const carrier = book.entitlement(catalogue.canary.entitlement);
      const idp = idps.find(systemOf(carrier ?? {})) ?? idps.first;
      canary = await canaryStatus(catalogue.canary, book.status(catalogue.canary.entitlement), idp, before);
      if (canary.status === 'refused' && before.status !== 'refused')
        log.warn({ why: canary.why }, 'the canary makes no rounds until that is mended');
      return canary;
    },
    async check() {
      const left = catalogue.entitlements.filter((e) => book.status(e.key).status !== 'ready');
      await Promise.all(
        Array.from({ length: CHECKED_AT_ONCE }, async () => {
          for (let e = left.shift(); e !== undefined; e = left.shift()) await checkAgain(e);
        }),
      );
      if (book.canary().status !== 'ready') await book.checkCanary();
    },
  };
  return book;
}
