import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import type { OwnedApplication } from '../ports/mulesoft.ts';
import { gone } from './client-applications.ts';
import { listed } from './pages.ts';
import { readAnswer, type Session } from './session.ts';

/** Largest page of connected apps (mulesoft-dx, apis/access-management/api.yaml), far below the other lists'. */
const PAGE_LIMIT = 20;

/** The answer carries the client secret too; it ends here, for only the fields named are kept. */
const appSchema = z.object({
  client_id: z.string().min(1),
  client_name: z.string().nullish(),
  /** Null: an app without an owner, which can't be given one. */
  owner_user_id: z.string().nullish(),
});
type AppRow = z.infer<typeof appSchema>;

/**
 * Connected apps of Access Management. Published by MuleSoft (mulesoft-dx @32e2b58, apis/access-management): all calls,
 * and that only an organisation administrator may own one. Met in the field alone: `owner_user_id` in answers. Nothing
 * says whether tokens outlive the deletion of their app, so they are revoked before it. Nothing says when an app was
 * last used either (`last_used` is of users' grants to apps).
 */
export class ConnectedApps {
  readonly #session: Session;
  readonly #apps: string;
  readonly #ownClientId: string;

  constructor(session: Session, orgId: string, ownClientId: string) {
    this.#session = session;
    this.#apps = `/accounts/api/organizations/${encodeURIComponent(orgId)}/connectedApplications`;
    this.#ownClientId = ownClientId;
  }

  async ownedBy(userIds: ReadonlySet<string>): Promise<OwnedApplication[]> {
    const found = new Map<string, OwnedApplication>();
    const list = {
      path: '/accounts/api/connectedApplications',
      query: { includeUsage: 'false', ascending: 'true' },
      limit: PAGE_LIMIT,
      schema: z.object({ data: z.array(appSchema), total: z.number().optional() }),
      rows: (page: { data: AppRow[]; total?: number | undefined }) => ({
        rows: page.data,
        total: page.total,
      }),
    };
    for await (const listedRow of listed(this.#session, list)) {
      // The published example of the list leaves the owner out; an app must not be overlooked for that.
      const row = listedRow.owner_user_id === undefined ? await this.#row(listedRow.client_id) : listedRow;
      if (row?.owner_user_id != null && userIds.has(row.owner_user_id))
        found.set(row.client_id, this.#inWords(row));
    }
    return [...found.values()];
  }

  async read(id: string): Promise<OwnedApplication | null> {
    const row = await this.#row(id);
    return row === null ? null : this.#inWords(row);
  }

  async revoke(id: string): Promise<void> {
    if (id === this.#ownClientId)
      throw new Fault('mulesoft.invalid', 'Latchkey does not revoke the connected app it signs in with', {
        retryable: false,
      });
    // Switched off first: no new token comes between the end of the old ones and the deletion.
    const off = await this.#session.call(
      { method: 'PATCH', path: this.#pathOf(id), body: { enabled: false } },
      [404],
    );
    if (off.status === 404) return;
    await this.#session.call({ method: 'DELETE', path: `${this.#pathOf(id)}/revoke` }, [404]);
    await this.#session.call({ method: 'DELETE', path: this.#pathOf(id) }, [404]);
  }

  async transfer(id: string, from: ReadonlySet<string>, to: string): Promise<void> {
    const row = await this.#row(id);
    if (row === null) throw gone(`connected app ${id}`);
    if (row.owner_user_id == null || row.owner_user_id === to || !from.has(row.owner_user_id)) return;
    await this.#session.call({ method: 'PATCH', path: this.#pathOf(id), body: { owner_user_id: to } });
  }

  #pathOf(id: string): string {
    return `${this.#apps}/${encodeURIComponent(id)}`;
  }

  async #row(id: string): Promise<AppRow | null> {
    const path = this.#pathOf(id);
    const answer = await this.#session.call({ method: 'GET', path, query: { includeUsage: 'false' } }, [404]);
    return answer.status === 404 ? null : readAnswer(appSchema, answer, path);
  }

  #inWords(row: AppRow): OwnedApplication {
    return {
      kind: 'connectedApp',
      id: row.client_id,
      name: row.client_name ?? row.client_id,
      clientId: row.client_id,
      ownerUserIds: row.owner_user_id == null ? [] : [row.owner_user_id],
      ownerTeamIds: [],
      contracts: [],
      isOurOwn: row.client_id === this.#ownClientId,
    };
  }
}
