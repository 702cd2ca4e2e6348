import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import type { MuleSoft } from '../ports/mulesoft.ts';
import { ClientApplications } from './client-applications.ts';
import { ConnectedApps } from './connected-apps.ts';
import { readAnswer, type Session } from './session.ts';

const ownerSchema = z.object({ enabled: z.boolean(), deleted: z.boolean().default(false) });

/**
 * What somebody owns in Anypoint and SCIM never takes away. Latchkey's own connected app needs four permissions in the
 * root business group: "View Client Applications", "Manage Client Applications", "Manage Contracts", "Exchange Viewer".
 * KB 005385409 and mulesoft-dx apis/api-manager say so. It must also be let read and change connected apps.
 */
export function createApplications(
  session: Session,
  { orgId, clientId }: { orgId: string; clientId: string },
): Pick<MuleSoft, 'listApplications' | 'readApplication' | 'revokeApplication' | 'transferApplication'> {
  const of = {
    clientApplication: new ClientApplications(session, orgId, clientId),
    connectedApp: new ConnectedApps(session, orgId, clientId),
  };

  async function requireOwnerToBe(userId: string): Promise<void> {
    const path = `/accounts/api/organizations/${encodeURIComponent(orgId)}/users/${encodeURIComponent(userId)}`;
    const { enabled, deleted } = readAnswer(ownerSchema, await session.call({ method: 'GET', path }), path);
    if (enabled && !deleted) return;
    throw new Fault('mulesoft.invalid', `${path}: a user who is switched off can't take an application`, {
      retryable: false,
    });
  }

  return {
    async listApplications(ownerUserIds) {
      const wanted = new Set(ownerUserIds);
      if (wanted.size === 0) return [];
      return [...(await of.clientApplication.ownedBy(wanted)), ...(await of.connectedApp.ownedBy(wanted))];
    },
    readApplication: ({ kind, id }) => of[kind].read(id),
    revokeApplication: ({ kind, id }) => of[kind].revoke(id),
    async transferApplication({ kind, id }, { from, to }) {
      await requireOwnerToBe(to);
      await of[kind].transfer(id, new Set(from), to);
    },
  };
}
