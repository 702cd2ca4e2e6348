/** At most so many characters, with a sign where it was cut; no character is cut in two. */
export function clipped(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** The text as a sentence: with a full stop, unless it ends with a sign of its own. */
export function stopped(text: string): string {
  return /[.?!…]$/u.test(text) ? text : `${text}.`;
}

/** The text as the beginning of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
