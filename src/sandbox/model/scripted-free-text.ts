import { z } from 'zod';

const freeTextSchema = z.object({
  text: z.string(),
  candidates: z.array(z.object({ key: z.string(), title: z.string(), gives: z.string() })),
});
export type FreeTextAsked = z.infer<typeof freeTextSchema>;

export type ScriptedFreeText = {
  entitlement: string | null;
  when: string | null;
  reason: string | null;
  ticket: string | null;
};

/** A person's text, and the candidates, out of the user's message; null when it is no such message. */
export function readFreeText(message: string): FreeTextAsked | null {
  try {
    const parsed = freeTextSchema.safeParse(JSON.parse(message));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const SMALL = new Set(
  'a an the to for in of on and or i me my we us need needs want would like please get give access api team can you have with at by is it this that ich brauche zugriff auf je veux'.split(
    ' ',
  ),
);
/** What people say for what titles say. */
const SAME: Record<string, string> = {
  production: 'prod',
  log: 'logs',
  message: 'messages',
  reading: 'read',
  view: 'read',
  see: 'read',
  look: 'read',
  lesen: 'read',
  lire: 'read',
  leer: 'read',
  deploying: 'deploy',
  deployment: 'deploy',
  release: 'deploy',
  ship: 'deploy',
  admin: 'administration',
  administer: 'administration',
  administrator: 'administration',
  order: 'orders',
  payment: 'payments',
};

const WHEN = new RegExp(
  [
    String.raw`\b(?:until|till|til|through|bis|hasta|jusqu.au)\s+(?:the\s+)?(?:end of (?:the )?(?:day|week)|next \w+|tomorrow|tonight|\w+day\b|morgen|freitag|\d{1,2} \w+|\w+ \d{1,2}(?:st|nd|rd|th)?|\d{4}-\d\d-\d\d|\d{1,2}(?::\d\d)?\s?(?:am|pm)?)`,
    String.raw`\bfor (?:the next |about )?(?:\d+|an?|one|two|three|four|five|six|seven|eight) (?:minute|hour|day|week)s?\b`,
    String.raw`\b\d+\s?(?:h|hrs?|hours?|d|days?|min|minutes?|w|weeks?)\b`,
    String.raw`\b(?:today|tonight|this (?:afternoon|week))\b`,
  ].join('|'),
  'i',
);

/** The scripted model's reading of a person's words: the candidate whose words it shares, if one stands out. */
export function scriptedFreeText({ text, candidates }: FreeTextAsked): ScriptedFreeText {
  const asked = words(text);
  const scored = candidates
    .map((c) => ({ key: c.key, score: overlap(asked, words(c.title)) * 2 + overlap(asked, words(c.gives)) }))
    .sort((a, b) => b.score - a.score);
  const [best, second] = scored;
  const isClear = best !== undefined && best.score >= 3 && best.score > (second?.score ?? 0);
  return {
    entitlement: isClear ? best.key : null,
    when: WHEN.exec(text)?.[0] ?? null,
    reason:
      /\b(?:because|so that|in order to|to (?=find|fix|look|check|see|debug|investigate|trace))[\s\S]*$/i
        .exec(text)?.[0]
        .trim() ?? null,
    ticket: /\b[A-Z]{2,6}-\d+\b/.exec(text)?.[0] ?? null,
  };
}

function words(text: string): Set<string> {
  const found = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return new Set(found.filter((word) => !SMALL.has(word)).map((word) => SAME[word] ?? word));
}

function overlap(a: Set<string>, b: Set<string>): number {
  return [...a].filter((word) => b.has(word)).length;
}
