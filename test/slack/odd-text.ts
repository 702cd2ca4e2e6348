import fc from 'fast-check';

/** Texts that people (and attackers) put into fields: markup, mentions, links, entities, endless and odd characters. */
const pieces = [
  '<!channel>',
  '<!here|all>',
  '<@U0000001>',
  '<#C0000001>',
  '<https://evil.example|Approve>',
  '<!date^1^{date}|x>',
  '&lt;!channel&gt;',
  '&amp;',
  '<',
  '>',
  '&',
  '*bold*',
  '_it_ ~no~ `code`',
  '```\nblock\n```',
  '> quote',
  ':rotating_light:',
  '\u202eevil',
  '\u0000',
  '👩‍👩‍👧',
  '𝒳',
  '\n\n',
  '\t',
  '"quoted"',
  "it's",
  '\\',
  '{"change":"x"}',
] as const;

/** Text of at most `max` characters, none of it to be trusted; of at least one visible character. */
export function oddText(max: number): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.string({ maxLength: Math.min(max, 60), unit: 'binary' }),
      fc
        .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })), { maxLength: 30 })
        .map((p) => p.join('')),
      fc.constantFrom('&', '<', '>', 'x', '𝒳').map((c) => c.repeat(max)),
    )
    .map((text) => `x${text}`.slice(0, max));
}

/** Slack's own constructs, of the kinds that we write ourselves. */
const ours =
  /<@U[A-Z0-9]+>|<https:\/\/[\w.]*anypoint\.mulesoft\.com\/login>|<!date\^\d+\^[^<>|^]+\|[^<>|]+>/g;

/** What Slack would interpret in these texts that Latchkey did not mean. */
export function unmeantMarkup(text: string): string[] {
  const rest = text.replaceAll(ours, '');
  return [...(rest.match(/[<>].{0,20}/gs) ?? []), ...(rest.match(/&(?!(?:amp|lt|gt);).{0,6}/gs) ?? [])];
}

/** Every text that Slack interprets: mrkdwn objects and the fallback text. */
export function interpretedTexts(content: unknown): string[] {
  if (Array.isArray(content)) return content.flatMap(interpretedTexts);
  if (typeof content !== 'object' || content === null) return [];
  const { type, text } = content as { type?: unknown; text?: unknown };
  const own = type === 'mrkdwn' && typeof text === 'string' ? [text] : [];
  return [...own, ...Object.values(content).flatMap(interpretedTexts)];
}

/** Every mrkdwn object is told to make no links or mentions out of bare text. */
export function isVerbatim(content: unknown): boolean {
  if (Array.isArray(content)) return content.every(isVerbatim);
  if (typeof content !== 'object' || content === null) return true;
  const { type, verbatim } = content as { type?: unknown; verbatim?: unknown };
  return (type !== 'mrkdwn' || verbatim === true) && Object.values(content).every(isVerbatim);
}
