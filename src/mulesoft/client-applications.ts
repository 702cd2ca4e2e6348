import { z } from 'zod';
import { Fault } from '../core/fault.ts';
import type { ApplicationContract, OwnedApplication } from '../ports/mulesoft.ts';
import { listed } from './pages.ts';
import { readAnswer, type Session } from './session.ts';

/** Largest page of API Platform lists (mulesoft-dx, apis/api-platform/api.yaml). */
const PAGE_LIMIT = 250;

/** The answer carries the client secret too; it ends here, for only the fields named are kept. */
const applicationSchema = z.object({
  id: z.int(),
  name: z.string(),
  clientId: z.string().nullish(),
  coreServicesId: z.string().nullish(),
  owners: z.array(z.object({ id: z.string().min(1), entityType: z.string().nullish() })),
});
type ApplicationRow = z.infer<typeof applicationSchema>;

const contractSchema = z.object({
  id: z.int(),
  status: z.string(),
  apiVersion: z
    .object({
      id: z.int(),
      organizationId: z.string().min(1),
      environmentId: z.string().min(1),
      productVersion: z.string().nullish(),
      api: z.object({ name: z.string(), exchangeAssetName: z.string().nullish() }),
    })
    .nullish(),
  groupInstance: z.object({ name: z.string().nullish() }).nullish(),
});
type ContractRow = z.infer<typeof contractSchema>;

/** "View Client Applications" and what includes it; `full` is every scope there is. */
const SIGHT = /^((read|view|manage|edit|admin):client_applications|full)$/;
const scopesSchema = z.object({ data: z.array(z.object({ scope: z.string() })) });

const environmentsSchema = z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })) });
const assetSchema = z.object({ contactEmail: z.string().nullish() });

/** Names and contacts that many contracts share; each is asked for once. */
type Looked = { environments: Map<string, Map<string, string>>; contacts: Map<string, string | null> };

/**
 * Exchange's client applications. Published by MuleSoft (mulesoft-dx @32e2b58):
 * - apis/api-platform: the lists, `owners` POST and DELETE
 * - apis/exchange-experience: the asset and the deletion
 * - apis/api-manager: the deletion of contracts
 *
 * Met in the field alone: the rows of the two lists, with `owners` and `apiVersion`, and the actions under `xapi`. The
 * docs (remove-client-app-latest-task) say: "Before you delete a contract, you must first revoke it". Inferred: a
 * contract that waits is rejected before its deletion; 409 is "already so"; 404 is "already gone".
 */
export class ClientApplications {
  readonly #session: Session;
  readonly #applications: string;
  readonly #exchange: string;
  readonly #ownScopes: string;

  constructor(session: Session, orgId: string, ownClientId: string) {
    this.#session = session;
    const organization = encodeURIComponent(orgId);
    this.#ownScopes = `/accounts/api/organizations/${organization}/connectedApplications/${encodeURIComponent(ownClientId)}/scopes`;
    this.#applications = `/apiplatform/repository/v2/organizations/${organization}/applications`;
    this.#exchange = `/exchange/api/v2/organizations/${organization}/applications`;
  }

  async ownedBy(userIds: ReadonlySet<string>): Promise<OwnedApplication[]> {
    const found = new Map<number, ApplicationRow>();
    // Without `targetAdminSite` the answer holds what the caller owns itself, which is nothing.
    const list = {
      path: this.#applications,
      query: { targetAdminSite: 'true', sort: 'id', ascending: 'true' },
      limit: PAGE_LIMIT,
      schema: z.object({ applications: z.array(applicationSchema), total: z.number().optional() }),
      rows: (page: { applications: ApplicationRow[]; total?: number | undefined }) => ({
        rows: page.applications,
        total: page.total,
      }),
    };
    let seen = 0;
    for await (const row of listed(this.#session, list)) {
      seen += 1;
      if (usersOf(row).some((id) => userIds.has(id))) found.set(row.id, row);
    }
    if (seen === 0) await this.#requireSight();
    const looked: Looked = { environments: new Map(), contacts: new Map() };
    const owned: OwnedApplication[] = [];
    for (const row of found.values()) owned.push(await this.#inWords(row, looked));
    return owned;
  }

  async read(id: string): Promise<OwnedApplication | null> {
    const row = await this.#row(id);
    return row === null ? null : this.#inWords(row, { environments: new Map(), contacts: new Map() });
  }

  async revoke(id: string): Promise<void> {
    // A contract with an API group has no published way to be revoked; it ends with the application.
    const contracts = (await this.#contracts(id)).flatMap((row) =>
      row.apiVersion == null ? [] : [{ status: row.status, path: contractPath(row.id, row.apiVersion) }],
    );
    let refused: Fault | null = null;
    for (const { status, path } of contracts) {
      const action = { APPROVED: 'revoke', PENDING: 'reject' }[status];
      if (action === undefined) continue;
      try {
        await this.#session.call(
          { method: 'POST', path: `/apimanager/xapi/v1${path}/${action}` },
          [404, 409],
        );
      } catch (error) {
        if (!(error instanceof Fault) || error.retryable) throw error;
        // One API that we may not touch must not keep the others open.
        refused ??= error;
      }
    }
    if (refused !== null) throw refused;
    for (const { path } of contracts)
      await this.#session.call({ method: 'DELETE', path: `/apimanager/api/v1${path}` }, [404]);
    const path = `${this.#exchange}/${encodeURIComponent(id)}`;
    await this.#session.call({ method: 'DELETE', path }, [404]);
  }

  async transfer(id: string, from: ReadonlySet<string>, to: string): Promise<void> {
    const row = await this.#row(id);
    if (row === null) throw gone(`client application ${id}`);
    const owners = usersOf(row);
    const leaving = owners.filter((owner) => owner !== to && from.has(owner));
    if (leaving.length === 0) return;
    const path = `${this.#applications}/${encodeURIComponent(id)}/owners`;
    // In this order the application is never without an owner.
    if (!owners.includes(to)) await this.#session.call({ method: 'POST', path, body: { id: to } }, [409]);
    for (const owner of leaving)
      await this.#session.call({ method: 'DELETE', path: `${path}/${encodeURIComponent(owner)}` }, [404]);
  }

  /** Without the scope for it the list is empty and no error (KB 005385409): that must not read as "owns nothing". */
  async #requireSight(): Promise<void> {
    const path = this.#ownScopes;
    const { data } = readAnswer(scopesSchema, await this.#session.call({ method: 'GET', path }), path);
    if (data.some(({ scope }) => SIGHT.test(scope))) return;
    throw new Fault(
      'mulesoft.forbidden',
      'The connected app lacks the scope "View Client Applications": Anypoint shows it none, whoever owns some',
      { retryable: false },
    );
  }

  async #row(id: string): Promise<ApplicationRow | null> {
    const path = `${this.#applications}/${encodeURIComponent(id)}`;
    const answer = await this.#session.call({ method: 'GET', path, query: { ignoreOwners: 'false' } }, [404]);
    return answer.status === 404 ? null : readAnswer(applicationSchema, answer, path);
  }

  /** None when the application went away meanwhile. */
  async #contracts(id: string): Promise<ContractRow[]> {
    const list = {
      path: `${this.#applications}/${encodeURIComponent(id)}/contracts`,
      query: { sort: 'id', ascending: 'true' },
      limit: PAGE_LIMIT,
      schema: z.array(contractSchema),
      rows: (page: ContractRow[]) => ({ rows: page }),
    };
    const rows = new Map<number, ContractRow>();
    try {
      for await (const row of listed(this.#session, list)) {
        // This list knows no total: one that starts again is one that doesn't know `offset` either.
        if (rows.has(row.id)) break;
        rows.set(row.id, row);
      }
    } catch (error) {
      if (error instanceof Fault && error.code === 'mulesoft.not_found') return [];
      throw error;
    }
    return [...rows.values()];
  }

  async #inWords(row: ApplicationRow, looked: Looked): Promise<OwnedApplication> {
    const contracts: ApplicationContract[] = [];
    for (const contract of await this.#contracts(String(row.id)))
      contracts.push(await this.#contractInWords(contract, looked));
    return {
      kind: 'clientApplication',
      id: String(row.id),
      name: row.name,
      clientId: row.clientId ?? row.coreServicesId ?? '',
      ownerUserIds: usersOf(row),
      ownerTeamIds: row.owners.filter(isTeam).map((owner) => owner.id),
      contracts,
      isOurOwn: false,
    };
  }

  async #contractInWords(row: ContractRow, looked: Looked): Promise<ApplicationContract> {
    const base = { id: String(row.id), status: row.status };
    const { apiVersion } = row;
    if (apiVersion == null)
      return {
        ...base,
        api: row.groupInstance?.name ?? 'API group',
        environment: 'unknown',
        apiOwnerEmail: null,
      };
    const asset = assetOf(apiVersion.api.name);
    const name = apiVersion.api.exchangeAssetName ?? asset?.assetId ?? apiVersion.api.name;
    return {
      ...base,
      api: [name, apiVersion.productVersion ?? ''].join(' ').trim(),
      environment: await this.#environmentName(apiVersion, looked),
      ...(asset === null ? {} : { asset }),
      apiOwnerEmail: asset === null ? null : await this.#contact(asset, looked),
    };
  }

  /** The id where we may not read the name. */
  async #environmentName(
    at: { organizationId: string; environmentId: string },
    { environments }: Looked,
  ): Promise<string> {
    let names = environments.get(at.organizationId);
    if (names === undefined) {
      const path = `/accounts/api/organizations/${encodeURIComponent(at.organizationId)}/environments`;
      const answer = await this.#session.call({ method: 'GET', path }, [403, 404]);
      const data = answer.status >= 400 ? [] : readAnswer(environmentsSchema, answer, path).data;
      names = new Map(data.map(({ id, name }) => [id, name]));
      environments.set(at.organizationId, names);
    }
    return names.get(at.environmentId) ?? at.environmentId;
  }

  /** The contact of the Exchange asset: any editor of it can write anybody there, so it is shown and not believed. */
  async #contact(asset: { groupId: string; assetId: string }, { contacts }: Looked): Promise<string | null> {
    const path = `/exchange/api/v2/assets/${encodeURIComponent(asset.groupId)}/${encodeURIComponent(asset.assetId)}/asset`;
    const known = contacts.get(path);
    if (known !== undefined) return known;
    const answer = await this.#session.call({ method: 'GET', path }, [403, 404]);
    const email = answer.status >= 400 ? null : readAnswer(assetSchema, answer, path).contactEmail?.trim();
    contacts.set(path, email || null);
    return email || null;
  }
}

/** Below `/api/v1` and `/xapi/v1` of API Manager. The API may live in another business group than the application. */
function contractPath(id: number, api: NonNullable<ContractRow['apiVersion']>): string {
  const environment = `/organizations/${encodeURIComponent(api.organizationId)}/environments/${encodeURIComponent(api.environmentId)}`;
  return `${environment}/apis/${api.id}/contracts/${id}`;
}

function isTeam(owner: ApplicationRow['owners'][number]): boolean {
  return owner.entityType === 'team';
}

function usersOf(row: ApplicationRow): string[] {
  return row.owners.filter((owner) => !isTeam(owner)).map((owner) => owner.id);
}

/** API Platform names an API by its Exchange asset: `groupId:<id>:assetId:<id>`. */
function assetOf(name: string): { groupId: string; assetId: string } | null {
  const [, groupId, assetId] = /^groupId:(.+):assetId:(.+)$/.exec(name) ?? [];
  return groupId === undefined || assetId === undefined ? null : { groupId, assetId };
}

export function gone(what: string): Fault {
  return new Fault('mulesoft.not_found', `There is no ${what} in Anypoint any more`, { retryable: false });
}
