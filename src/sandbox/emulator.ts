import type { FastifyInstance } from 'fastify';
import type { FaultPlan } from './fault-plan.ts';
import type { Keys, Person } from './seed.ts';

/** Latchkey as this world knows it. */
/** The identity providers of the sandbox. */
export const systems = ['okta', 'entra'] as const;
export type System = (typeof systems)[number];

export type Installation = {
  url: string;
  scimToken: string;
  /** Entra's own, where it provisions too. */
  entraScimToken?: string;
  /** The value that Okta's event hook sends as Authorization; without one there is no hook. */
  hookSecret?: string;
  /** Whose groups give access there; Okta's unless told. */
  systems?: readonly System[];
  /** Lets the sandbox page read Latchkey's own view of its changes. */
  readToken?: string;
};

/** What every emulator of the sandbox is built from. */
export type World = {
  people: readonly Person[];
  faults: FaultPlan;
  /** What the vendors take from Latchkey, and send to it, at this moment. */
  keys: Keys;
  /** Tells whoever looks at the sandbox page that something changed. */
  changed(): void;
  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void;
  /** Where Latchkey listens, and its SCIM token: the settings one would type into the vendor's console. */
  latchkey(): Installation | null;
  /**
   * The group claim that one would send of somebody, by key, if they signed in to Anypoint now; `idp`: the names of groups
   * of all that are Latchkey's. Undefined: none at all.
   */
  claimOf?(key: string, by: 'okta' | 'entra' | 'idp'): string[] | undefined;
  /** The world's own base address, without a trailing slash; known once it listens. */
  url(): string;
};

/** One vendor. Its routes live under its own prefix; its state can be saved and brought back. */
export type Emulator = {
  /** Registers the vendor's public API and, under `/sim`, what people do in that vendor's own console. */
  routes(app: FastifyInstance): Promise<void>;
  snapshot(): unknown;
  restore(saved: unknown): void;
  close(): Promise<void>;
};
