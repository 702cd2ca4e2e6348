/**
 * Whether a message mentions this account, as Slack reads it: in mrkdwn, and by a `user` element of rich text. What
 * stands in plain text, or as text in rich text, mentions nobody.
 */
export function isMentioned(content: { text: string; blocks?: unknown }, userId: string): boolean {
  return content.text.includes(`<@${userId}>`) || isNamedIn(content.blocks, userId);
}

function isNamedIn(value: unknown, userId: string): boolean {
  if (Array.isArray(value)) return value.some((one) => isNamedIn(one, userId));
  if (typeof value !== 'object' || value === null) return false;
  const { type, text, user_id } = value as Record<string, unknown>;
  if (type === 'user' && user_id === userId) return true;
  if (type === 'mrkdwn' && typeof text === 'string') return text.includes(`<@${userId}>`);
  return Object.values(value).some((one) => isNamedIn(one, userId));
}
