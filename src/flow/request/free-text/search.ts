import MiniSearch from 'minisearch';

/** What titles say for what people say. */
const same: Record<string, string> = {
  production: 'prod',
  productive: 'prod',
  produktion: 'prod',
  producción: 'prod',
  deploying: 'deploy',
  deployment: 'deploy',
  deploys: 'deploy',
  release: 'deploy',
  reading: 'read',
  view: 'read',
  see: 'read',
  lesen: 'read',
  lire: 'read',
  leer: 'read',
  admin: 'administration',
  administrator: 'administration',
  order: 'orders',
  payment: 'payments',
  log: 'logs',
};
const stopwords = new Set(
  'a an the to for in of on and or i me my we need want please access api until'.split(' '),
);

function term(word: string): string | null {
  const low = word.normalize('NFKC').toLowerCase();
  return stopwords.has(low) ? null : (same[low] ?? low);
}

/** Those of these entitlements that somebody's words are about, best first; none when no word fits. */
export function findEntitlements<E extends { key: string; title: string; gives: string; team?: string }>(
  words: string,
  among: readonly E[],
  max: number,
): E[] {
  const index = new MiniSearch<{ id: number; title: string; gives: string; key: string; team: string }>({
    fields: ['title', 'gives', 'key', 'team'],
    processTerm: term,
    searchOptions: {
      boost: { title: 2 },
      prefix: (t) => t.length > 2,
      fuzzy: (t) => (t.length > 4 ? 0.2 : 0),
    },
  });
  index.addAll(among.map(({ title, gives, key, team = '' }, id) => ({ id, title, gives, key, team })));
  return index
    .search(words)
    .slice(0, max)
    .flatMap((hit) => among[hit.id] ?? []);
}
