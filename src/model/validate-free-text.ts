import type { FreeText, FreeTextSheet } from '../ports/adviser.ts';
import type { RawFreeText } from './free-text-schema.ts';
import { plainForm } from './text-check.ts';

const WHEN_MAX = 80;
/** A key as trackers write them: `INC-4711`, `#4711`, `CHG0034567`. */
const TICKET = /^(?:[\p{L}]{1,12}[-_ ]?\d[\w-]{0,20}|#\d{1,12})$/u;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu;

export type ValidatedFreeText = {
  freeText: FreeText /** Fields thrown away, whatever for. */;
  droppedClaims: number;
};

/**
 * Pure. Keeps only the parts of the model's reading that the person wrote. The entitlement must be one of the
 * candidates. Every text must stand in the person's own words, word for word and in one piece.
 */
export function validateFreeText(raw: RawFreeText, sheet: FreeTextSheet): ValidatedFreeText {
  let droppedClaims = 0;
  const keep = (given: string | null, isGood: (value: string) => boolean): string | null => {
    const value = given === null ? '' : given.trim();
    if (value === '') return null;
    if (isGood(value)) return value;
    droppedClaims += 1;
    return null;
  };
  const written = flat(sheet.text);
  const stands = (value: string) => standsIn(flat(value), written);
  const entitlementKey = keep(raw.entitlement, (key) => sheet.candidates.some((c) => c.key === key));
  const when = keep(raw.when, (value) => value.length <= WHEN_MAX && stands(value));
  const reason = keep(raw.reason, stands);
  const ticket = keep(raw.ticket, (value) => TICKET.test(value) && stands(value));
  return { freeText: { entitlementKey, when, reason, ticket }, droppedClaims };
}

/** One spelling: width, case and blanks do not tell two texts apart; what nobody sees is not there. */
function flat(text: string): string {
  return plainForm(text).replace(HIDDEN, ' ').replace(/\s+/g, ' ').trim().toLowerCase();
}

/** As whole words: `prod` does not stand in `production`. */
function standsIn(part: string, whole: string): boolean {
  if (part === '') return false;
  for (let at = whole.indexOf(part); at !== -1; at = whole.indexOf(part, at + 1)) {
    const isWordBefore = /[\p{L}\p{N}]$/u.test(whole.slice(0, at)) && /^[\p{L}\p{N}]/u.test(part);
    const isWordAfter = /^[\p{L}\p{N}]/u.test(whole.slice(at + part.length)) && /[\p{L}\p{N}]$/u.test(part);
    if (!isWordBefore && !isWordAfter) return true;
  }
  return false;
}
