import { sameEmail } from '../policy/catalogue.ts';
import { inTheirName } from '../policy/routing.ts';
import type { By, ItemDecision, OffboardingItem } from './offboarding.ts';

/** One word on handing an application over. */
export type HandOverWord = {
  by: By;
  email: string;
  to: NonNullable<ItemDecision['to']>;
  at: Date;
  clickId: string;
};

export type Say = {
  /** E-mails. */
  admins: readonly string[];
  /** `owner`: e-mail; null: the admins are. */
  apis: readonly { api: string; owner: string | null }[];
};

/**
 * Whether these words hand it over. An admin's word does. Otherwise the owner of every API that it calls has to agree.
 * The person who is to get it never decides alone: they would give themselves the access that its contracts open.
 */
export function isHandedOver(
  words: readonly HandOverWord[],
  to: NonNullable<ItemDecision['to']>,
  { admins, apis }: Say,
): boolean {
  const said = words.filter((word) => word.to.anypointUserId === to.anypointUserId);
  const others = said.filter((word) => word.by.id !== to.id);
  const isOf = (email: string | null) => (word: HandOverWord) =>
    email !== null && sameEmail(word.email, email);
  if (others.some((word) => admins.some((admin) => isOf(admin)(word)))) return true;
  return (
    others.some((word) => apis.some(({ owner }) => isOf(owner)(word))) &&
    apis.every(({ owner }) => said.some(isOf(owner)))
  );
}

/** `Nadia Haddad (for Sam Whitaker)`. */
export function byInWords(by: By | null, { safe }: { safe: (text: string) => string }): string {
  return by === null ? 'an admin' : inTheirName(by.name, by.insteadOf, safe);
}

/** `Olga would hand it to Erik; that needs Sam (Payments API v1) too, or an admin`. `owner` names one by e-mail. */
export function agreedInWords(
  { contracts }: Pick<OffboardingItem, 'contracts'>,
  agreed: readonly HandOverWord[],
  { safe, owner: named = safe }: { safe: (text: string) => string; owner?: (email: string) => string },
): string {
  const said = agreed.map(({ by, to }) => `${byInWords(by, { safe })} would hand it to ${safe(to.name)}`);
  const missing = contracts.filter(
    ({ owner }) => owner != null && !agreed.some((word) => sameEmail(word.email, owner)),
  );
  const others = missing.map(({ api, owner }) => `${named(owner ?? '')} (${safe(api)})`);
  // The person who would get it may be the only one who has said so.
  return `${said.join('; ')}; that needs ${others.length === 0 ? 'an admin' : `${[...new Set(others)].join(' and ')} too, or an admin`}`;
}
