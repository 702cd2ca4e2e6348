import { seenWords } from '../core/storable.ts';

const MENTION = /<@([A-Z0-9]+)>/g;

/** The accounts that are mentioned without a name. */
export function mentionedIn(text: string): string[] {
  return [...new Set([...text.matchAll(MENTION)].flatMap(([, id]) => id ?? []))];
}

/**
 * Pure: what a person wrote in a message, as words: Slack sends mentions and links as `<…>` and escapes three
 * characters. Nothing of it is a mention, a link or an escape any more. `names`: whom a mention names, by account.
 */
export function wordsFromMrkdwn(text: string, names: ReadonlyMap<string, string> = new Map()): string {
  const words = text
    .replace(/<(?:@|!subteam\^)[A-Z0-9]+\|@?([^<>]*)>/g, '@$1')
    .replace(MENTION, (_, id: string) => `@${names.get(id) ?? id}`)
    .replace(/<#[A-Z0-9]+\|([^<>]*)>/g, '#$1')
    .replace(/<!([a-z]+)(?:\|[^<>]*)?>/g, '@$1')
    .replace(/<!date\^[^<>|]*\|([^<>]*)>/g, '$1')
    .replace(/<((?:https?|mailto|tel):[^<>|]*)\|([^<>]*)>/g, (_, url: string, label: string) =>
      url.endsWith(label) ? label : `${label} (${url})`,
    )
    .replace(/<((?:https?|mailto|tel):[^<>|]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  return seenWords(words).trim();
}
