/** The part of a Slack profile that says what somebody is doing. */
export type StatusProfile = {
  status_text?: string;
  status_emoji?: string;
  /** Seconds since 1970; 0: it stays until it is changed. */
  status_expiration?: number;
};

/**
 * Emoji of a status that says "not here":
 * - Slack's own `Vacationing` and `Out sick`
 * - those that calendar apps set for an out-of-office event
 * - those that people take for the same
 */
const AWAY_EMOJI = new Set([
  ':palm_tree:',
  ':face_with_thermometer:',
  ':airplane:',
  ':airplane_departure:',
  ':beach_with_umbrella:',
  ':desert_island:',
  ':beach:',
  ':no_entry:',
  ':out-of-office:',
  ':ooo:',
]);
const AWAY_WORDS =
  /\b(?:ooo|oof|out of (?:the )?office|vacation(?:ing)?|on leave|parental leave|annual leave|sick|on holiday|holidays?|pto|urlaub|krank|cong[eé]s?|vacaciones)\b/i;
/** At work all the same: these win over a word or an emoji of the above. */
const HERE_WORDS = /\b(?:back from|meeting|commuting|remote(?:ly)?|lunch|focus|until lunch|working)\b/i;
/**
 * Pure: whether a status says that somebody is away, and until when; null: it does not. `until` null: it says no end.
 */
export function awayIn(profile: StatusProfile | undefined): { until: Date | null } | null {
  const {
    status_text: text = '',
    status_emoji: emoji = '',
    status_expiration: expiration = 0,
  } = profile ?? {};
  const saysAway = AWAY_EMOJI.has(emoji) || AWAY_WORDS.test(text);
  if (!saysAway || HERE_WORDS.test(text)) return null;
  return { until: expiration > 0 ? new Date(expiration * 1_000) : null };
}
