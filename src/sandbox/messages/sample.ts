/**
 * Made-up states to draw every message from: of each thing that people are told of, and of each form. `/messages` shows
 * them, and a test holds each against Slack's limits. A capability adds its own in a file of its own, and names that in
 * all-samples.ts.
 */
import type { HomeView, ModalView } from '@slack/types';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import type { Catalogue, Entitlement } from '../../core/policy/catalogue.ts';
import type { Approver } from '../../core/policy/routing.ts';
import type { Views } from '../../flow/cards.ts';
import type { Named } from '../../flow/people/named.ts';
import { people } from '../seed.ts';

/** A state, by what is so in it; its messages are drawn by the functions that draw the real ones. */
export type Sample<V> = { title: string; view: V };

export type ViewSamples = { [S in keyof Views]: readonly Sample<Views[S]>[] };

/** A form or a Home tab as it is opened. */
export type FormSample = Sample<ModalView | HomeView>;

/** When the samples are: a Monday morning. */
export const T0 = new Date('2026-03-02T09:00:00Z');

export function after(seconds: number): Date {
  return new Date(T0.getTime() + seconds * 1_000);
}

export const changeId = '00000000-0000-4000-8000-00000000c0de' as ChangeId;
export const CHANNEL = 'access-requests';

export function personId(key: string): PersonId {
  const n = people.findIndex((p) => p.key === key) + 1;
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as PersonId;
}

function seeded(key: string) {
  const found = people.find((p) => p.key === key);
  if (found === undefined) throw new Error(`nobody in the sandbox is called ${key}`);
  return found;
}

export function nameOf(key: string): string {
  return seeded(key).name;
}

/** As messages name them: by mention. */
export function named(key: string): Named {
  const { name, slackId } = seeded(key);
  return { name, accountId: slackId };
}

export function approver(key: string): Approver {
  const { name, email } = seeded(key);
  return { id: personId(key), name, email };
}

export function entitlementIn(catalogue: Catalogue, key: string): Entitlement {
  const found = catalogue.entitlements.find((e) => e.key === key);
  if (found === undefined) throw new Error(`the example catalogue has no ${key}`);
  return found;
}
