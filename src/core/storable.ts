/**
 * Whether a text can be kept as it is: PostgreSQL holds no NUL character, and half a surrogate pair is no character
 * at all in UTF-8. Neither can be typed; somebody pasted it, or sent it past the form.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
