/** Bodies that come from outside nest no deeper; SCIM has a stricter bound of its own. */
export const JSON_DEPTH_MAX = 64;

/**
 * Whether objects and lists nest deeper than this in a JSON text. Looked for before parsing, so that a hostile body
 * never becomes objects.
 */
export function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}
