/** Texts that come this often are prepared; what is written for one occasion alone is not. */
const COMES_AGAIN = 2;
/** More than the store has. Texts whose length depends on what is asked would fill every connection. */
const NAMES_MAX = 400;
const TEXT_MAX = 6_000;

const seen = new Map<string, { times: number; name: string | null }>();
let names = 0;

/**
 * The name under which each connection prepares this text at its first use there: PostgreSQL parses and plans it once.
 * Undefined: not prepared.
 */
export function nameOf(text: string): string | undefined {
  const known = seen.get(text);
  if (known !== undefined) {
    known.times += 1;
    if (known.name === null && known.times >= COMES_AGAIN && names < NAMES_MAX) {
      names += 1;
      known.name = `s${names}`;
    }
    return known.name ?? undefined;
  }
  if (names < NAMES_MAX && text.length <= TEXT_MAX && seen.size < NAMES_MAX * 4)
    seen.set(text, { times: 1, name: null });
  return undefined;
}

/**
 * A migration by a newer replica has changed what the statement answers with. Each connection prepares it anew, under
 * another name.
 */
export function prepareAnew(text: string): void {
  const known = seen.get(text);
  if (known === undefined || known.name === null) return;
  names += 1;
  known.name = `s${names}`;
}

/** PostgreSQL: feature_not_supported, here "cached plan must not change result type". */
export function isOutdated(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return code === '0A000' && routine === 'RevalidateCachedQuery';
}
