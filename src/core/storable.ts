/**
 * Whether a text can be kept as it is. PostgreSQL holds no NUL character. Half a surrogate pair is no character at all
 * in UTF-8. Neither can be typed; somebody pasted it, or sent it past the form.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** How JSON writes what can't be stored; a whole pair may be written so too. */
const MAYBE_UNSTORABLE = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * JSON of somebody who is asked, not of somebody who asks: a vendor's answer has names that people chose there. What of
 * it can't be stored becomes U+FFFD, as in text that is no UTF-8, so one odd name holds up nobody else. Throws
 * SyntaxError.
 */
export function parseStorable(json: string): unknown {
  return MAYBE_UNSTORABLE.test(json) ? JSON.parse(json, storablePart) : JSON.parse(json);
}

function storablePart(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every(isStorable)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [storableText(key), one]));
}

function storableText(text: string): string {
  return isStorable(text) ? text : text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

/** Most texts have none of what is looked for below. */
const PLAIN_LATIN = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff]*$/;
/** Every way to begin a new line that some program knows (UAX 14, BK, CR, LF, NL). */
const LINE_BREAK = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;
/** Blanks of any width are one blank. The Braille pattern without dots is drawn as nothing too. */
const BLANK = /[\t\p{Zs}\u2800]/gu;
/**
 * Joiners say how the letters beside them are written: Persian and Indic words need them, and emoji of several people.
 * A variation selector chooses the form of the one character before it. Anywhere else they only hide something.
 */
const JOINER_AT_WORK =
  /(?<=[\p{scx=Arab}\p{sc=Syrc}\p{sc=Mong}\p{sc=Nkoo}\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}\p{sc=Khmr}\p{sc=Mymr}])[\u200c\u200d](?=(?!\p{sc=Latn})[\p{L}\p{M}])/u;
const EMOJI_JOINED =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)\u200d(?=\p{Extended_Pictographic})/u;
const FORM_CHOSEN =
  /(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=\p{Script=Han})[\ufe00-\ufe02\u{e0100}-\u{e01ef}]|(?<=\p{Script=Mongolian})[\u180b-\u180d\u180f]/u;
/**
 * Characters that are not seen, or that turn, hide or join what is seen:
 * - control and format characters (direction marks, tags)
 * - characters that Unicode says to draw as nothing
 * - halves of pairs, private and impossible characters
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u{fff9}-\u{fffc}]/u;
const KEPT_OR_UNSEEN = new RegExp(
  `(${JOINER_AT_WORK.source}|${EMOJI_JOINED.source}|${FORM_CHOSEN.source})|${UNSEEN.source}`,
  'gu',
);
/** No script piles up more marks than this on one letter; more of them are drawn over the lines beside it. */
const PILED_MARKS = /(\p{M}{6})\p{M}+/gu;
/** At the head of a line a mark would be drawn onto what stands before it. */
const LOOSE_MARKS = /(^|\n)[\p{M} ]*\p{M}/gu;
const MANY_BREAKS = /\n[ \n]*\n[ \n]*\n/g;

/**
 * Another person's words, made safe to show. Every character is seen, and none has an effect. They have at most one
 * direction of their own. Lines end with `\n`. For texts of several lines; what is one line by its nature is `oneLine`.
 * Both go over a text where it comes in, and again where it is shown; a second time changes nothing.
 */
export function seenWords(text: string): string {
  if (PLAIN_LATIN.test(text)) return text;
  let seen = text.replace(LINE_BREAK, '\n').replace(BLANK, ' ');
  // One that is taken away may have been what another rested on.
  for (let before = ''; before !== seen; ) {
    before = seen;
    seen = seen
      .replace(KEPT_OR_UNSEEN, (one, kept: string | undefined) =>
        kept === undefined && one !== '\n' ? '' : one,
      )
      .replace(PILED_MARKS, '$1')
      .replace(LOOSE_MARKS, '$1')
      .replace(MANY_BREAKS, '\n\n');
  }
  return seen;
}

/** Most names: letters, digits and signs of ASCII, with single blanks between. Nothing of them is left out. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/** A name, a title, a ticket: one line, whatever it was, without blanks around it. May come out empty. */
export function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  return seenWords(text).replace(/\s+/g, ' ').trim();
}
