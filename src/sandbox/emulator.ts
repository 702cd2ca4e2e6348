import type { FastifyInstance } from 'fastify';
import type { FaultPlan } from './fault-plan.ts';
import type { Person } from './seed.ts';

/** What every emulator of the sandbox is built from. */
export type World = {
  people: readonly Person[];
  faults: FaultPlan;
  /** Tells whoever looks at the sandbox page that something changed. */
  changed(): void;
  /** Where Latchkey listens, and its SCIM token: the settings one would type into the vendor's console. */
  latchkey(): { url: string; scimToken: string } | null;
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
