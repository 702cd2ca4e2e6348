import type { Absence } from '../../../src/core/delegation/delegates.ts';
import type { ApproverSlot } from '../../../src/core/policy/routing.ts';
import { approver, later, person, T0 } from '../given.ts';

export const since = T0.toISOString();
export const until = later(86_400).toISOString();

export const slot = (source: string, ...names: string[]): ApproverSlot => ({
  source,
  people: names.map(approver),
  pinged: true,
});

export const away = (who: string, delegate: string, rest: Partial<Absence> = {}): Absence => ({
  person: person(who),
  since,
  until,
  delegate: approver(delegate),
  whyNot: null,
  ...rest,
});
