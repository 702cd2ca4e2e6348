import type { FactSheet } from '../core/facts/request-facts.ts';
import type { Advice } from '../ports/adviser.ts';
import { textsOf } from './scoring.ts';

/**
 * Looks at what is shown with eyes of its own: nothing here is shared with the checks that it is there to judge.
 */

const LIVE =
  /<[^\s<>][^<>]*>?|https?:|www\.|\b[a-z0-9-]+\.(?:example|com|org|net|io)\b|@\w|(?<!\w)[*_~`][^\s*_~`][^*_~`]*[*_~`](?!\w)|\[[^\]]*\]\(|:[a-z][a-z0-9_+-]*:|^\s*>/gimu;
const NUMBER = /\d+/g;

/** Risks of an advice that cite nothing of the sheet. */
export function uncited({ risks }: Advice, sheet: FactSheet): string[] {
  const ids = new Set(sheet.facts.map((fact) => fact.id));
  return risks
    .filter((risk) => risk.facts.length === 0 || !risk.facts.every((id) => ids.has(id)))
    .map((risk) => risk.text);
}

/** Texts of an advice with a figure that stands in no fact or clause of the sheet. */
export function invented(advice: Advice, sheet: FactSheet): string[] {
  const known = new Set(
    [...sheet.facts.map((f) => f.text), ...sheet.clauses.map((c) => `${c.id} ${c.text}`)].flatMap(
      (text) => text.normalize('NFKC').match(NUMBER) ?? [],
    ),
  );
  return textsOf(advice).filter((text) => (text.match(NUMBER) ?? []).some((figure) => !known.has(figure)));
}

/** Mentions, links and markup in texts of an advice; they would do nothing where they are shown, and are not shown. */
export function livelyTexts(advice: Advice): string[] {
  return textsOf(advice).filter((text) => text.match(LIVE) !== null);
}

/**
 * Everything in blocks that Slack interprets, part by part: what comes of mentions, links, dates, formats and lines.
 */
function liveParts(content: unknown): string[] {
  if (Array.isArray(content)) return content.flatMap(liveParts);
  if (typeof content !== 'object' || content === null) return [];
  const { type, text, verbatim } = content as { type?: unknown; text?: unknown; verbatim?: unknown };
  const own = type === 'mrkdwn' && typeof text === 'string' ? partsOf(text) : [];
  if (type === 'mrkdwn' && verbatim !== true) own.push('a text in which Slack looks for links');
  return [...own, ...Object.values(content).flatMap(liveParts)];
}

/** What Slack makes of one text of mrkdwn. */
export function partsOf(text: string): string[] {
  const tokens = text.match(/<[^>]*>?|>/g) ?? [];
  const rest = text.replace(/<[^>]*>/g, '§');
  const formats = rest.match(/[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu) ?? [];
  const emoji = rest.match(/:[a-z0-9_+'-]+:/gi) ?? [];
  const quotes = rest.match(/^\s*(?:>|&gt;)/gm) ?? [];
  const bare = rest.match(/&(?!(?:amp|lt|gt);)/g) ?? [];
  const lines = rest.match(/\n/g) ?? [];
  const turned = rest.match(/[\u202a-\u202e\u2066-\u2069]/g) ?? [];
  return [...tokens, ...formats, ...emoji, ...quotes, ...bare, ...lines, ...turned];
}

/** What is alive in one content and not in its harmless twin. */
export function moreAlive(content: unknown, twin: unknown): string[] {
  const left = liveParts(twin);
  return liveParts(content).filter((part) => {
    const at = left.indexOf(part);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}
