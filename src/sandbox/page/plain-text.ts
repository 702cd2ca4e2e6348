/**
 * How Slack shows a `plain_text` object [docs.slack.dev/reference/block-kit/composition-objects/text-object]: letter by
 * letter. No markup, mention, link or date comes of it. `:name:` is an emoji unless `emoji` is false. The three
 * entities that Slack asks for, `&amp;` `&lt;` `&gt;`, are read as the characters that they stand for.
 */
type Raw = Record<string, unknown>;

/** Emoji that stand in plain texts; the ones in mrkdwn are drawn by the package. */
const emoji: Record<string, string> = {
  white_check_mark: '✅',
  heavy_check_mark: '✔️',
  x: '❌',
  no_entry: '⛔',
  key: '🔑',
  closed_lock_with_key: '🔐',
  lock: '🔒',
  unlock: '🔓',
  warning: '⚠️',
  rotating_light: '🚨',
  hourglass: '⌛',
  hourglass_flowing_sand: '⏳',
  bell: '🔔',
  eyes: '👀',
  mag: '🔍',
  question: '❓',
  speech_balloon: '💬',
  wave: '👋',
  bulb: '💡',
  gear: '⚙️',
  clipboard: '📋',
  house: '🏠',
  zap: '⚡',
  robot_face: '🤖',
};
const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

export function isPlainText(value: unknown): value is { type: 'plain_text'; text: string; emoji?: boolean } {
  const { type, text } = (value ?? {}) as Raw;
  return type === 'plain_text' && typeof text === 'string';
}

/** The characters that a person sees; not HTML yet. A missing text is an empty one. */
export function plainText(value: unknown): string {
  const { text, emoji: isDrawn } = (typeof value === 'string' ? { text: value } : (value ?? {})) as Raw;
  if (typeof text !== 'string') return '';
  const read = text.replace(/&(?:amp|lt|gt);/g, (one) => entities[one] ?? one);
  return isDrawn === false
    ? read
    : read.replace(/:([a-z0-9_+-]+):/g, (all, name: string) => emoji[name] ?? all);
}
