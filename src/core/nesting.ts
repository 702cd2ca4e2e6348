/** Bodies that come from outside nest no deeper; SCIM has a stricter bound of its own. */
export const JSON_DEPTH_MAX = 64;

const [QUOTE, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Whether objects and lists nest deeper than this in a JSON text. Looked for before parsing, so that a hostile body
 * never becomes objects.
 */
export function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (isInString) {
      if (character === BACKSLASH) at += 1;
      else if (character === QUOTE) isInString = false;
    } else if (character === QUOTE) isInString = true;
    else if (character === BRACE || character === BRACKET) {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === BRACE_END || character === BRACKET_END) depth -= 1;
  }
  return false;
}
