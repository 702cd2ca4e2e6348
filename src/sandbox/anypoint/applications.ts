import { randomBytes } from 'node:crypto';
import type { World } from '../emulator.ts';
import { anypointApis, clientApplications, connectedApps } from '../seed.ts';
import type { Organization } from './state.ts';

/** `REVOKED` and `REJECTED` contracts may be deleted, the others may not. */
export type ContractStatus = 'APPROVED' | 'PENDING' | 'REJECTED' | 'REVOKED';

export type Contract = {
  id: number;
  /** Id of the API instance in API Manager. */
  apiId: number;
  status: ContractStatus;
  createdAt: number;
  updatedAt: number;
};

export type ClientApplication = {
  id: number;
  name: string;
  clientId: string;
  clientSecret: string;
  /** Ids of users. */
  owners: string[];
  contracts: Contract[];
  createdAt: number;
  updatedAt: number;
};

export type ConnectedApp = {
  clientId: string;
  clientSecret: string;
  name: string;
  enabled: boolean;
  scopes: string[];
  /** Id of a user; null: an app without an owner. */
  owner: string | null;
};

export type Api = (typeof anypointApis)[number];

type Saved = { clientApplications: ClientApplication[]; connectedApps: ConnectedApp[]; nextId: number };

/** Credentials in Anypoint and who owns them. A user who is switched off or deleted goes on owning them. */
export class Applications {
  readonly #world: World;
  readonly #organization: Organization;
  #clients: ClientApplication[] = [];
  #connected: ConnectedApp[] = [];
  #nextId = 2_400_000;

  constructor(world: World, organization: Organization) {
    this.#world = world;
    this.#organization = organization;
    const userId = (key: string) => organization.userOfPerson(key)?.id ?? null;
    const now = Date.now();
    for (const { owner, api, ...application } of clientApplications)
      this.#clients.push({
        ...application,
        owners: [userId(owner)].filter((id) => id !== null),
        contracts: [this.#newContract(this.api(api) as Api, 'APPROVED')],
        createdAt: now,
        updatedAt: now,
      });
    for (const { owner, scopes, ...app } of connectedApps)
      this.#connected.push({ ...app, enabled: true, scopes: [...scopes], owner: userId(owner) });
  }

  apis(): readonly Api[] {
    return anypointApis;
  }

  /** By id of the instance or of the Exchange asset. */
  api(idOrAsset: number | string): Api | null {
    return anypointApis.find((api) => api.id === Number(idOrAsset) || api.assetId === idOrAsset) ?? null;
  }

  clients(): readonly ClientApplication[] {
    return this.#clients;
  }

  client(id: number | string): ClientApplication | null {
    return this.#clients.find((application) => application.id === Number(id)) ?? null;
  }

  addClient(
    name: string,
    owners: string[],
    contracts: { api: Api; status: ContractStatus }[],
  ): ClientApplication {
    const now = Date.now();
    const application: ClientApplication = {
      id: this.#takeId(),
      name,
      clientId: randomBytes(16).toString('hex'),
      clientSecret: randomBytes(16).toString('hex'),
      owners,
      contracts: contracts.map(({ api, status }) => this.#newContract(api, status)),
      createdAt: now,
      updatedAt: now,
    };
    this.#clients.push(application);
    this.#world.changed();
    return application;
  }

  changeClient(application: ClientApplication, change: Partial<Pick<ClientApplication, 'owners'>>): void {
    Object.assign(application, change, { updatedAt: Date.now() });
    this.#world.changed();
  }

  deleteClient(id: number): void {
    this.#clients = this.#clients.filter((application) => application.id !== id);
    this.#world.changed();
  }

  contract(
    apiId: number,
    id: number | string,
  ): { contract: Contract; application: ClientApplication } | null {
    for (const application of this.#clients)
      for (const contract of application.contracts)
        if (contract.apiId === apiId && contract.id === Number(id)) return { contract, application };
    return null;
  }

  addContract(application: ClientApplication, api: Api, status: ContractStatus): Contract {
    const contract = this.#newContract(api, status);
    application.contracts.push(contract);
    this.#world.changed();
    return contract;
  }

  setStatus(contract: Contract, status: ContractStatus): void {
    Object.assign(contract, { status, updatedAt: Date.now() });
    this.#world.changed();
  }

  deleteContract(application: ClientApplication, id: number): void {
    application.contracts = application.contracts.filter((contract) => contract.id !== id);
    this.#world.changed();
  }

  connectedApps(): readonly ConnectedApp[] {
    return this.#connected;
  }

  connectedApp(clientId: string): ConnectedApp | null {
    return this.#connected.find((app) => app.clientId === clientId) ?? null;
  }

  addConnectedApp(name: string, owner: string | null): ConnectedApp {
    const app: ConnectedApp = {
      clientId: randomBytes(16).toString('hex'),
      clientSecret: randomBytes(16).toString('hex'),
      name,
      enabled: true,
      scopes: [],
      owner,
    };
    this.#connected.push(app);
    this.#world.changed();
    return app;
  }

  changeConnectedApp(
    app: ConnectedApp,
    change: Partial<Pick<ConnectedApp, 'enabled' | 'owner' | 'name' | 'scopes'>>,
  ): void {
    Object.assign(app, change);
    this.#world.changed();
  }

  deleteConnectedApp(clientId: string): void {
    this.#connected = this.#connected.filter((app) => app.clientId !== clientId);
    this.#world.changed();
  }

  /** Whether the gateway in front of an API lets these credentials in: known, right, and under an approved contract. */
  opens(api: Api, clientId: string, clientSecret: string): boolean {
    return this.#clients.some(
      (application) =>
        application.clientId === clientId &&
        application.clientSecret === clientSecret &&
        application.contracts.some(({ apiId, status }) => apiId === api.id && status === 'APPROVED'),
    );
  }

  /** Only organisation administrators may own a connected app. */
  mayOwnConnectedApp(userId: string): boolean {
    return this.#organization
      .teams()
      .some(
        (team) =>
          team.roles.some((role) => role.name === 'Organization Administrator') &&
          this.#organization.member(team.id, userId) !== null,
      );
  }

  #newContract(api: Api, status: ContractStatus): Contract {
    const now = Date.now();
    return { id: this.#takeId(), apiId: api.id, status, createdAt: now, updatedAt: now };
  }

  #takeId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  snapshot(): Saved {
    return structuredClone({
      clientApplications: this.#clients,
      connectedApps: this.#connected,
      nextId: this.#nextId,
    });
  }

  restore(saved: Saved): void {
    const copy = structuredClone(saved);
    this.#clients = copy.clientApplications;
    this.#connected = copy.connectedApps;
    this.#nextId = copy.nextId;
  }
}
