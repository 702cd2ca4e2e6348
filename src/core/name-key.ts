/** U+3000 and the forms of halfwidth and fullwidth characters. */
const widths = /[\u3000\uff01-\uffef]+/gu;

/**
 * A key that is the same for two names that people take for the same. It is the user name profile UsernameCaseMapped of
 * RFC 8265 section 3.3, for which RFC 7644 section 5 asks. Width is mapped, then case, then the parts are composed
 * (NFC). A sigma at the end of a word counts as any other, so that a name and its capitals are one. Kept beside the
 * name in the database, because what PostgreSQL's `lower` does depends on its locale.
 */
export function nameKey(name: string): string {
  return name
    .replace(widths, (some) => some.normalize('NFKC'))
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFC');
}
