import type { z } from 'zod';
import type { Checked } from '../core/checked.ts';
import type { Observation } from '../core/drift/observation.ts';
import type { IdentityProvider, RecentWrites } from '../ports/identity-provider.ts';
import type { GivenSecret, Secret } from '../secrets/secret.ts';
import type { Graph } from './entra/graph.ts';
import type { SignInWay } from './sign-in-way.ts';

/** One setting in the environment. */
export type IdpSetting = {
  shape: z.ZodType;
  /** What it is and where it is found, for whoever has not set it. */
  hint: string;
  /** It may say where its value is, as every secret. */
  secret?: {
    /** Its value may be a JSON object as a whole. */
    isJson?: boolean;
    /** Why a value does not fit, in words without it; null: it fits. Left out: `shape` says so. */
    whyUnfit?: (value: string) => string | null;
  };
};

/** The environment, as a vendor reads its own settings. */
export type GivenSettings = {
  isGiven(name: string): boolean;
  /** As its shape made it; undefined: it is not given. */
  value(name: string): unknown;
  /** A text that has to be there. One that is not is told of, with its hint. */
  need(name: string): string;
  /** A secret that has to be there. */
  needSecret(name: string): GivenSecret;
  /** The secret of a setting that says where its value is; null: it is the value itself, or not given. */
  secret(name: string): Secret | null;
};

/** A product that can be an identity provider: its folder, and its line in vendors.ts. */
export type IdpVendor = {
  /** As in the store, in the catalogue's `provider` and in the figures. */
  readonly system: string;
  /** In sentences. */
  readonly name: string;
  /** Its settings, by name. With any of them set it is one of ours. The first says which one it is. */
  readonly settings: Readonly<Record<string, IdpSetting>>;
  read(given: GivenSettings): ConnectedIdp;
};

/** An identity provider whose settings are there. Nothing has been asked of it. */
export type ConnectedIdp = {
  readonly system: string;
  readonly name: string;
  /** As they were read. */
  readonly settings: object;
  /** Which one it is, in words, for a database that belongs to just this one. */
  readonly place: string;
  /** Where its API is. */
  readonly url: string;
  /** `recent`: what Latchkey's processes wrote to it; left out: each knows its own writes alone. */
  connect(recent?: RecentWrites): IdentityProvider;
  /** Tries what Latchkey needs of it; only reads. */
  check(at: CheckedAt): Promise<Checked[]>;
  /** Whether its people sign in at this OIDC issuer. */
  signsInAt(issuer: string): boolean;
  readonly signInWay: SignInWay;
  /** Null: it does not call us. */
  readonly hook: EventHook | null;
  /** What has to be entered in its console, beside the address for SCIM. */
  addresses(latchkeyUrl: string): string[];
  /** Change notifications of Microsoft Graph, to which Latchkey subscribes; null: it has none. */
  readonly notifications: (() => Graph) | null;
};

export type CheckedAt = {
  /** Where Latchkey is reached, without a slash at its end. */
  address: string;
  /** Whether others reach it there from outside of this machine. */
  isPublic: boolean;
  /** Of the entitlements that are its own. */
  groupNames: readonly string[];
};

/** An identity provider calls an address of ours at once when something happens, with a secret. */
export type EventHook = {
  path: string;
  eventSource: `${string}Hook`;
  /**
   * The values that it may send as its Authorization header. There are several while one takes over from another.
   * One that is read from elsewhere may itself hold several, with a comma between.
   */
  secrets: readonly GivenSecret[];
  /** What proves once that the address is ours. `wants`: the header that is not there. */
  prove(headers: Readonly<Record<string, unknown>>): { answer: object } | { wants: string };
  /** What a delivery says; null: it is none. */
  read(body: unknown): HookDelivery | null;
};

export type HookDelivery = {
  id: string | null;
  observations: Observation[];
  unread: readonly { event: string; why: string }[];
};
