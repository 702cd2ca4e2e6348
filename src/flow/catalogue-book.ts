import type { Logger } from 'pino';
import type { Catalogue, Entitlement, EntitlementStatus, Target } from '../core/catalogue.ts';
import { Fault } from '../core/fault.ts';
import type { IdentityProvider, MuleSoft } from './ports.ts';

/** The catalogue in force, with what IdP and Anypoint say of each entitlement. */
export type CatalogueBook = {
  current(): Catalogue;
  entitlement(key: string): Entitlement | null;
  status(key: string): EntitlementStatus;
  /** Names of all groups whose membership gives this team. */
  groupsOfTeam(teamId: string): string[];
  /** The IdP's ids of the group with this name, as far as it carries an entitlement. */
  groupIdsNamed(groupName: string): string[];
  /** Teams that membership of this group gives. */
  teamsOfGroup(groupName: string): string[];
  /** Asks IdP and Anypoint about every entitlement not yet ready; safe to repeat. */
  check(): Promise<void>;
};

/**
 * Checks each entitlement where it has to work: its IdP group exists and can be written, its team exists.
 * What can't be checked yet (IdP down) is not offered and is checked again later; nothing is assumed.
 */
export function createCatalogueBook(
  catalogue: Catalogue,
  idp: IdentityProvider,
  mulesoft: MuleSoft,
  /** Called for a target that is about to be ready; what it throws keeps the entitlement unchecked. */
  beforeReady: (target: Target) => Promise<void>,
  log: Logger,
): CatalogueBook {
  const statuses = new Map<string, EntitlementStatus>();

  async function checkOne(entitlement: Entitlement): Promise<EntitlementStatus> {
    try {
      const group = await idp.findGroup(entitlement.idpGroup);
      if (group === null)
        return { status: 'refused', why: `the group ${entitlement.idpGroup} does not exist in ${idp.name}` };
      if (!group.writable)
        return { status: 'refused', why: `the group ${group.name} can’t be written: ${group.reason}` };
      const team = await mulesoft.findTeam(entitlement.team);
      if (team === null)
        return { status: 'refused', why: `the team ${entitlement.team} does not exist in Anypoint` };
      const target = { groupId: group.id, groupName: group.name, teamId: team.id, teamName: team.name };
      await beforeReady(target);
      return { status: 'ready', target };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { status: 'unchecked', why: `${error.code}: not checked yet` };
    }
  }

  function targetsOf(groupName: string): Target[] {
    return catalogue.entitlements
      .filter((e) => e.idpGroup === groupName)
      .map((e) => book.status(e.key))
      .flatMap((status) => (status.status === 'ready' ? [status.target] : []));
  }

  const book: CatalogueBook = {
    current: () => catalogue,
    entitlement: (key) => catalogue.entitlements.find((e) => e.key === key) ?? null,
    status: (key) => statuses.get(key) ?? { status: 'unchecked', why: 'not checked yet' },
    groupsOfTeam: (teamId) =>
      catalogue.entitlements
        .filter((e) => {
          const status = book.status(e.key);
          return status.status === 'ready' && status.target.teamId === teamId;
        })
        .map((e) => e.idpGroup),
    groupIdsNamed: (groupName) => [...new Set(targetsOf(groupName).map((target) => target.groupId))],
    teamsOfGroup: (groupName) => [...new Set(targetsOf(groupName).map((target) => target.teamId))],
    async check() {
      await Promise.all(
        catalogue.entitlements.map(async (e) => {
          const before = book.status(e.key);
          if (before.status === 'ready') return;
          const status = await checkOne(e);
          statuses.set(e.key, status);
          if (status.status === 'refused' && before.status !== 'refused')
            log.warn(
              { entitlement: e.key, why: status.why },
              'entitlement refused: it is not offered until the catalogue is mended',
            );
        }),
      );
    },
  };
  return book;
}
