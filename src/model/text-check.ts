import type { FactSheet } from '../core/facts/request-facts.ts';
import { knownWords } from './known-words.ts';

/** What a text of the model may draw on, taken apart once. */
export type Source = {
  /** Numbers as written: `14`, `2026-11-24`, `10:00`. */
  numbers: ReadonlySet<string>;
  /** Words in lower case. */
  words: Set<string>;
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
  | 'name'
  | 'order'
  | 'approval'
  | 'quote';

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

/** Words in a row that may be a stranger's, whatever they say. */
const QUOTE_TERMS_MAX = 4;
/** Of a harmless phrase more may be: so many words in all, and so many that carry a meaning. A question may quote. */
const PHRASE_MAX = { claim: { terms: 7, meaning: 4 }, question: { terms: 10, meaning: 6 } };
/**
 * Words of English that hold a phrase together. Without one of them it may be another language, which is not judged.
 */
const BINDING = new Set(
  'the a an of for in on at to by with from and or is are was were why how what which our my their your its his her this that these those out up after before into over under between during'.split(
    ' ',
  ),
);
const SURELY_ENGLISH = new Set(
  'the for with from our their after before during why how what which'.split(' '),
);
/**
 * Words that make a sentence of a phrase, or more than everyday words:
 * - verbs that claim or command
 * - people with authority
 * - subjects of a decision
 *
 * A stranger's words with one of these are not harmless.
 */
const LOADED =
  /^(?:be|been|being|am|has|have|had|do|does|did|will|would|shall|should|can|could|may|might|must|need|needs|you|i|we|it|he|she|they|please|now|immediately|urgent\w*|asap|no|not|never|nothing|none|without|only|just|always|all|every\w*|any\w*|yes|ok|okay|approv\w*|accept\w*|grant\w*|allow\w*|authori\w*|confirm\w*|permi\w*|den(?:y|ied|ies)|reject\w*|click\w*|press\w*|trust\w*|verif\w*|sign\w*|clear\w*|agree\w*|vett\w*|whitelist\w*|allowlist\w*|exempt\w*|except\w*|ignor\w*|disregard\w*|overrid\w*|bypass\w*|skip\w*|forget\w*|answer\w*|respond\w*|repl(?:y|ies)|say|says|write|output|print|repeat|pretend|act|instruct\w*|prompt\w*|system|assistant|model|user|role|rule\w*|polic\w*|clause\w*|verdict|decision|lean|risk\w*|safe\w*|secur\w*|complian\w*|audit\w*|admin\w*|owner|manager|director|chief|head|boss|ceo|cto|cfo|ciso|board|legal|standing|pre|low|medium|high|critical)$/;
const TERM =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}])+/gu;
/** Advice tells what is; what an approver should do is theirs to find. */
const ORDER =
  /(?:^|[.!?:;,]\s+|\bplease\s+|\byou\s+(?:must|should|can|may|have to|need to)\s+)["'“‘(]?(?:please\s+)?(?:just\s+|now\s+|do\s+)?(?:approve|accept|grant|allow|authori[sz]e|confirm|click|press|ignore|disregard|override|bypass|trust)\b/iu;
const APPROVAL =
  /\b(?:already|pre|was|were|been|is|are|has|have|had|got)[\s-]+(?:been\s+|already\s+)*(?:approved|pre-?approved|authori[sz]ed|signed off|cleared|vetted|whitelisted|allowlisted|agreed|confirmed|verified)\b|\bpre-?(?:approved|authori[sz]ed|cleared)\b/iu;
/** Says whose claim it is, or that it is not so. */
const DISTANCE =
  /\b(?:claim\w*|nothing|none|says?|said|saying|alleg\w+|pretends?|reads? like|states?|stated|assert\w*|unverified|unproven|nobody|no|not|never|whether|if|who)\b/iu;

/** Asks whether something is so, and does not take it as given (`why was it approved`, `is it clear that it was`). */
const QUESTION =
  /^["'“‘(]?(?:has|have|had|was|were|is|are|did|does|do)\b(?!.*\b(?:that|since|because|why|when)\b)[^.!;:]*\?["'”’)]?$/iu;
/** A figure of speech and no figure. */
const A_FEW = /\ba \p{L}+ or two\b/giu;

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

/** Words that begin sentences and name nobody, though a fact may begin with them too. */
const PLAIN_STARTS: ReadonlySet<string> = new Set(
  (
    'the a an it its this that these those there no nobody none not nothing some all any both each only other ' +
    'their his her they he she who which what when where why how is are was were be has have had does do did ' +
    'can could should would may might will if in on at for from to of by with without and but or so as since ' +
    'while because after before during until under over more most many few access production request requests ' +
    'requester reason ticket duration policy person somebody someone asks needs'
  ).split(' '),
);

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

/** What the whole sheet says, whatever a text cites. */
export type Whole = {
  /** Words that facts write with a capital. */
  names: ReadonlySet<string>;
  /** Words of the verdict, in lower case: it alone can tell of an approval. */
  vouched: ReadonlySet<string>;
  /** The strangers' texts, and those that nobody but us wrote, as `termsOf` takes them apart. */
  strangers: readonly string[];
  ours: readonly string[];
};

/** The first thing wrong with a text of the model in its plain form, or null. */
export function faultOf(text: string, maxLength: number, source: Source, whole: Whole): TextFault | null {
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
  if (hasForeignName(plain, source, whole.names)) return 'name';
  if (ORDER.test(plain)) return 'order';
  if (claimsApproval(plain, whole.vouched)) return 'approval';
  if (isBorrowed(plain, whole)) return 'quote';
  return null;
}

/** An approval that no fact of ours tells of, said as if it were one. */
function claimsApproval(text: string, vouched: ReadonlySet<string>): boolean {
  return text
    .split(/(?<=[.!?;])\s/u)
    .some(
      (sentence) =>
        APPROVAL.test(sentence) &&
        !vouched.has('approved') &&
        !DISTANCE.test(sentence) &&
        !QUESTION.test(sentence),
    );
}

/**
 * A stranger's sentence in the model's text. It stands in an untrusted text and in none of ours. It may be all of the
 * text, or more of its words in a row than a harmless phrase has.
 */
function isBorrowed(text: string, { strangers, ours }: Whole): boolean {
  const terms = termsOf(text).trim().split(' ');
  const standsIn = (texts: readonly string[], from: number, to: number) => {
    const run = ` ${terms.slice(from, to).join(' ')} `;
    return texts.some((s) => s.includes(run));
  };
  if (standsIn(strangers, 0, terms.length) && !standsIn(ours, 0, terms.length)) return true;
  const most = text.endsWith('?') ? PHRASE_MAX.question : PHRASE_MAX.claim;
  let judged = 0;
  for (let at = 0; at < terms.length; at += 1) {
    let end = at;
    while (end < terms.length && standsIn(strangers, at, end + 1)) end += 1;
    // The rest of a run that was judged says no more than it.
    const isLong = end > judged && end - at > QUOTE_TERMS_MAX;
    if (isLong && !standsIn(ours, at, end) && !isHarmless(terms.slice(at, end), most)) return true;
    judged = Math.max(judged, end);
  }
  return false;
}

/** Everyday words in a row, such as name a thing and say nothing of it: `the stuck orders of last night`. */
function isHarmless(terms: readonly string[], most: { terms: number; meaning: number }): boolean {
  return (
    terms.length <= most.terms &&
    terms.filter((term) => !BINDING.has(term)).length <= most.meaning &&
    terms.some((term) => SURELY_ENGLISH.has(term)) &&
    terms.every((term) => /^[a-z0-9]+$/.test(term) && !LOADED.test(term))
  );
}

/** Words in lower case with a space around each; scripts that put none between words are taken letter by letter. */
function termsOf(text: string): string {
  const terms = plainForm(text).toLowerCase().match(TERM) ?? [];
  return ` ${terms.join(' ')} `;
}

function hasForeignNumber(text: string, source: Source): boolean {
  for (const number of text.match(NUMBER) ?? []) if (!source.numbers.has(number)) return true;
  for (const word of text.toLowerCase().replace(A_FEW, ' ').match(WORD) ?? []) {
    const digits = NUMBER_WORDS[word];
    if (digits !== undefined && !source.numbers.has(digits) && !source.words.has(word)) return true;
  }
  return false;
}

/**
 * A word with a capital is taken for a name, unless it begins a sentence. At a sentence's start it is a name when the
 * sheet writes it with a capital. Scripts without capitals and other alphabets can't be told apart from names. Letters
 * of two alphabets in one word are a disguise.
 */
function hasForeignName(text: string, source: Source, elsewhere: ReadonlySet<string>): boolean {
  const starts = new Set([...text.matchAll(SENTENCE_START)].map((m) => m.index + m[0].length));
  for (const match of text.matchAll(WORD)) {
    const [word] = match;
    if (/\p{Script=Latin}/u.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word)) return true;
    if (source.words.has(word.toLowerCase()) || knownWords.has(word)) continue;
    if (!/^[\p{Script=Latin}\p{M}]+$/u.test(word)) return true;
    if (!/[\p{Lu}\p{Lt}]/u.test(word)) continue;
    const onlyFirstIsCapital = /^\p{Lu}[^\p{Lu}\p{Lt}]*$/u.test(word);
    const mayBeName = elsewhere.has(word) && !PLAIN_STARTS.has(word.toLowerCase());
    if (starts.has(match.index) && onlyFirstIsCapital && !mayBeName) continue;
    return true;
  }
  return false;
}

/** What all of a sheet says. Clauses are prose of the policy: they name nobody, and vouch for nothing that happened. */
export function wholeOf(sheet: FactSheet): Whole {
  const trusted = sheet.facts.filter((fact) => !fact.untrusted).map((fact) => fact.text);
  const verdicts = sheet.facts.filter((fact) => fact.label === 'verdict').map((fact) => fact.text);
  return {
    names: new Set(sheet.facts.flatMap(({ text }) => capitalisedWords(text))),
    vouched: new Set(
      verdicts.flatMap((text) => (plainForm(text).match(WORD) ?? []).map((word) => word.toLowerCase())),
    ),
    strangers: sheet.facts.filter((fact) => fact.untrusted).map((fact) => termsOf(fact.text)),
    ours: [...trusted, ...sheet.clauses.map((clause) => clause.text)].map(termsOf),
  };
}

/** Words that a text writes with a capital, as they stand. */
function capitalisedWords(text: string): string[] {
  return (text.match(WORD) ?? []).filter((word) => /^\p{Lu}/u.test(word));
}
