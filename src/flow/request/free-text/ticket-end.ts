/** A key as trackers write them. */
const KEY = String.raw`(?<key>[A-Za-z][A-Za-z0-9]{1,11}-?\d{1,10})`;
/** Without a key of its own it is the one ticket that the words name. */
const WHICH = String.raw`(?:(?:the |my |our |its? |das |der |die |le |la |el )?(?:tickets?|incidents?|issue|change|vorfall|störung|incidente|vorgang)\s*)?`;
const DONE =
  'closed|resolved|done|fixed|solved|finished|completed?|geschlossen|gelöst|erledigt|behoben|fermée?|clos|résolue?|terminée?|cerrad[ao]|resuelt[ao]';
/** One or the other words between the ticket and what becomes of it, and no sentence's end. */
const IS = String.raw`(?:\s+(?:is|has been|was|gets|will be|has|ist|wird|est|soit|sera|esté|está|sea)){0,2}`;
const IT =
  '(?:(?:the|that|this|my|our|das|der|die|le|la|el)\\s+)?(?:it|ticket|incident|issue|change|vorfall|störung|incidente)';
const UNTIL = String.raw`(?<![\p{L}])(?:until|til|till|bis|jusqu['’]à ce que|hasta que)\s+%${IS}\s+(?:${DONE})(?![\p{L}])`;
const WHILE = String.raw`(?<![\p{L}])(?:while|as long as|so long as|solange|tant que|siempre que)\s+%${IS}\s+(?:still |noch |encore |todavía )?(?:open|unresolved|offen|ouverte?|abiert[ao])(?![\p{L}])`;
const CLOSING = String.raw`(?<![\p{L}])(?:until (?:the )?(?:closing|closure|resolution) of|jusqu['’]à la (?:clôture|fermeture|résolution) d[eu]|hasta el cierre de|bis zum (?:abschluss|ende) von)\s+%`;
const ways = [UNTIL, WHILE, CLOSING].flatMap((way) => [
  new RegExp(way.replace('%', `${WHICH}${KEY}`), 'iu'),
  new RegExp(way.replace('%', IT), 'iu'),
]);
/** What it begins with is no end. */
const NOT = /(?:\b(?:not|never|nicht|erst|pas|no)|n['’]t)[^.;,]{0,40}$/iu;

/**
 * Pure: whether somebody wants it until a ticket is closed. `ticket`: the one that they name there; null: they only say
 * which with a word, like *until it is closed*.
 */
export function ticketEndSaid(words: string): { ticket: string | null } | null {
  for (const way of ways) {
    const found = way.exec(words);
    if (found === null || NOT.test(words.slice(0, found.index))) continue;
    return { ticket: found.groups?.key ?? null };
  }
  return null;
}
