import type { Person } from '../seed.ts';

/**
 * Whether a message mentions this account, as Slack reads it: in mrkdwn, and by a `user` element of rich text. A name
 * in plain text, or as text in rich text, mentions nobody.
 */
export function isMentioned(content: { text: string; blocks?: unknown }, userId: string): boolean {
  return content.text.includes(`<@${userId}>`) || isNamedIn(content.blocks, userId);
}

/**
 * The text that Slack sends for words that somebody typed. `@ines` or `@Ines Moreau` is the mention that their client
 * offers. The handle stands beside the id, as `should_escape` has it. The name of a person who is not there stays a
 * word.
 */
export function withMentions(text: string, people: readonly Person[]): string {
  const called = people
    .flatMap((p) => [p.name, p.key].map((name) => ({ name, is: `<@${p.slackId}|${p.key}>` })))
    .sort((a, b) => b.name.length - a.name.length);
  return text.replace(/(?<![\p{L}\p{N}<])@([\p{L}\p{N}].*)/gu, (_all, rest: string) => {
    const found = called.find(
      ({ name }) =>
        rest.toLowerCase().startsWith(name.toLowerCase()) && !/^[\p{L}\p{N}]/u.test(rest.slice(name.length)),
    );
    if (found === undefined) return `@${withMentions(rest, people)}`;
    return `${found.is}${withMentions(rest.slice(found.name.length), people)}`;
  });
}

function isNamedIn(value: unknown, userId: string): boolean {
  if (Array.isArray(value)) return value.some((one) => isNamedIn(one, userId));
  if (typeof value !== 'object' || value === null) return false;
  const { type, text, user_id } = value as Record<string, unknown>;
  if (type === 'user' && user_id === userId) return true;
  if (type === 'mrkdwn' && typeof text === 'string') return text.includes(`<@${userId}>`);
  return Object.values(value).some((one) => isNamedIn(one, userId));
}
