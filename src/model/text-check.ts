/** What a text of the model may draw on, taken apart once. */
export type Source = {
  /** Numbers as written: `14`, `2026-11-24`, `10:00`. */
  numbers: ReadonlySet<string>;
  /** Words in lower case. */
  words: ReadonlySet<string>;
  /** E-mail addresses in lower case, from trusted text only. */
  emails: ReadonlySet<string>;
};

export type TextFault =
  | 'empty'
  | 'too long'
  | 'hidden characters'
  | 'link'
  | 'mention'
  | 'markup'
  | 'number'
  | 'name';

// Control, format (bidi, zero width, tags), private use and unassigned characters; line and paragraph separators.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]|\p{M}{3}/u;
const LINK = /http|www\.|:\/\/|\/\/|mailto:|[\p{L}\p{N}]\.\p{L}/iu;
const ABBREVIATION = /\b(?:e\.g|i\.e)\./giu;
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gu;
// Slack's mrkdwn, Markdown and HTML; underscores only where they would format.
const MARKUP =
  /[<>`*~|[\]{}\\#]|&\w*;|&#|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:[a-z_+-][\w+-]*:|\p{Extended_Pictographic}/iu;
const NUMBER = /\p{N}+(?:[.,:/-]\p{N}+)*/gu;
const WORD = /[\p{L}\p{M}]+/gu;
const SENTENCE_START = /(?:^|[.!?:]\s+)["'“‘(]?(?=[\p{L}\p{M}])/gu;

/** Written-out numbers; `one` is left out, for it is mostly no number. */
const NUMBER_WORDS: Readonly<Record<string, string>> = {
  zero: '0',
  two: '2',
  twice: '2',
  three: '3',
  thrice: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
  ten: '10',
  eleven: '11',
  twelve: '12',
  dozen: '12',
  thirteen: '13',
  fourteen: '14',
  fifteen: '15',
  sixteen: '16',
  seventeen: '17',
  eighteen: '18',
  nineteen: '19',
  twenty: '20',
  thirty: '30',
  forty: '40',
  fifty: '50',
  sixty: '60',
  seventy: '70',
  eighty: '80',
  ninety: '90',
  hundred: '100',
  thousand: '1000',
  million: '1000000',
};

/** Capitalised words that name no person and may stand anywhere. */
const FREE_WORDS: ReadonlySet<string> = new Set([
  'API',
  'APIs',
  'Anypoint',
  'MuleSoft',
  'Okta',
  'Entra',
  'Slack',
  'IdP',
  'SSO',
  'SCIM',
  'I',
]);

/** One spelling for wide letters, ligatures, superscripts and the like, which would slip past the patterns here. */
export function plainForm(text: string): string {
  return text.normalize('NFKC').trim();
}

/** Takes apart what a text may draw on. Untrusted text lends its numbers and words, but no addresses. */
export function sourceOf(texts: readonly { text: string; untrusted: boolean }[]): Source {
  const all = texts.map(({ text }) => plainForm(text)).join('\n');
  const trusted = texts.flatMap(({ text, untrusted }) => (untrusted ? [] : [plainForm(text)])).join('\n');
  return {
    numbers: new Set(all.match(NUMBER) ?? []),
    words: new Set((all.match(WORD) ?? []).map((word) => word.toLowerCase())),
    emails: new Set((trusted.match(EMAIL) ?? []).map((email) => email.toLowerCase())),
  };
}

/** The first thing wrong with a text of the model in its plain form, or null. `elsewhere` holds the names of the whole sheet. */
export function faultOf(
  text: string,
  maxLength: number,
  source: Source,
  elsewhere: ReadonlySet<string>,
): TextFault | null {
  if (text === '') return 'empty';
  if (text.length > maxLength) return 'too long';
  if (HIDDEN.test(text)) return 'hidden characters';
  // Known addresses are fine and would look like links and mentions: judge the text without them.
  const plain = text
    .replace(EMAIL, (email) => (source.emails.has(email.toLowerCase()) ? ' ' : email))
    .replace(ABBREVIATION, ' ');
  if (LINK.test(plain)) return 'link';
  if (plain.includes('@')) return 'mention';
  if (MARKUP.test(plain)) return 'markup';
  if (hasForeignNumber(plain, source)) return 'number';
  if (hasForeignName(plain, source, elsewhere)) return 'name';
  return null;
}

function hasForeignNumber(text: string, source: Source): boolean {
  for (const number of text.match(NUMBER) ?? []) if (!source.numbers.has(number)) return true;
  for (const word of text.toLowerCase().match(WORD) ?? []) {
    const digits = NUMBER_WORDS[word];
    if (digits !== undefined && !source.numbers.has(digits) && !source.words.has(word)) return true;
  }
  return false;
}

/**
 * A word with a capital is taken for a name unless it begins a sentence; at a sentence's start it is one when the
 * sheet writes it with a capital. Scripts without capitals and other alphabets can't be told apart from names.
 */
function hasForeignName(text: string, source: Source, elsewhere: ReadonlySet<string>): boolean {
  const starts = new Set([...text.matchAll(SENTENCE_START)].map((m) => m.index + m[0].length));
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    if (source.words.has(word.toLowerCase()) || FREE_WORDS.has(word)) continue;
    if (!/^[\p{Script=Latin}\p{M}]+$/u.test(word)) return true;
    if (!/[\p{Lu}\p{Lt}]/u.test(word)) continue;
    const onlyFirstIsCapital = /^\p{Lu}[^\p{Lu}\p{Lt}]*$/u.test(word);
    if (starts.has(match.index) && onlyFirstIsCapital && !elsewhere.has(word)) continue;
    return true;
  }
  return false;
}

/** Words that a text writes with a capital, as they stand. */
export function capitalisedWords(text: string): string[] {
  return (text.match(WORD) ?? []).filter((word) => /^\p{Lu}/u.test(word));
}
