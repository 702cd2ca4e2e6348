import type { Call } from '../../src/outbound/call.ts';
import type { System } from '../../src/sandbox/emulator.ts';
import type { Person } from '../../src/sandbox/seed.ts';
import { entra } from './idp-entra.ts';
import { okta } from './idp-okta.ts';

/** The calls to an identity provider that a change makes. */
export type IdpKind = 'searchPeople' | 'readPerson' | 'readSignIn' | 'readGroups' | 'addToGroup';

/** Asks the world for something, as `Scene` has it. */
export type AskWorld = <T>(method: string, path: string, body?: unknown) => Promise<T>;
type Place = { worldUrl: string; world: AskWorld };

/** What a bench must know of an identity provider of the sandbox. */
export type BenchIdp = {
  system: System;
  /** The environment that makes it Latchkey's. */
  settings(worldUrl: string): Record<string, string>;
  /** What the world is told of whoever listens to its pushes at this address. */
  listener(url: string, scimToken: string): Record<string, unknown>;
  /** Its limits are off, and it pushes as soon as it can. */
  hurry(world: AskWorld): Promise<void>;
  /** Whether all that it has pushed so far has arrived. */
  hasPushed(world: AskWorld): Promise<boolean>;
  /** Method and path of each kind, as the world's record of requests shows them. */
  kinds: Record<IdpKind, readonly [string, RegExp]>;
  /** The calls of a step in the order in which Latchkey makes them. A list within it is made at once. */
  steps: Record<'consider' | 'settle' | 'apply', readonly (IdpKind | readonly IdpKind[])[]>;
  open(place: Place): Promise<IdpSession>;
  /** Whom it was told to add to a group since then, and when. Times are in milliseconds since 1970. */
  addsSince(place: Place, since: number): Promise<{ personId: string; at: number }[]>;
  /** Takes these people out of a group. Whoever listens now may be told of it. */
  takeOut(world: AskWorld, group: string, keys: readonly string[]): Promise<void>;
};

/** A program that may call it. */
export type IdpSession = {
  idOf(person: Person): string;
  /** @throws when there is no such group */
  groupId(name: string): string;
  /** `nth`: which one it is of those that are made at once. */
  request(kind: IdpKind, about: { person: Person; groupId: string; nth: number }): Omit<Call, 'timeoutMs'>;
};

export const benchIdps = { okta, entra } satisfies Record<System, BenchIdp>;
