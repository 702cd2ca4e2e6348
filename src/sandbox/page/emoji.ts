/** The emoji that Latchkey writes, as small pictures: a machine without an emoji font shows an empty box instead. */
const shapes: Record<string, { name: string; tone: string; path: string }> = {
  '✅': { name: 'done', tone: 'good', path: '<path d="M5 12.5 10 17.5 19 7"/>' },
  '⛔': { name: 'refused', tone: 'bad', path: '<circle cx="12" cy="12" r="8.5"/><path d="M7.5 12h9"/>' },
  '🚨': {
    name: 'alarm',
    tone: 'bad',
    path: '<path d="M12 3.5 21.5 20h-19Z"/><path d="M12 10v4.5M12 17.2v.3"/>',
  },
  '⏳': {
    name: 'waiting',
    tone: 'waiting',
    path: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2.5"/>',
  },
  '⌛': {
    name: 'ends soon',
    tone: 'waiting',
    path: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2.5"/>',
  },
  '🔄': {
    name: 'on its way',
    tone: 'moving',
    path: '<path d="M19.5 9A8 8 0 0 0 5 8.5M4.5 15A8 8 0 0 0 19 15.5M5 4v4.5h4.5M19 20v-4.5h-4.5"/>',
  },
  '🔒': {
    name: 'needs more',
    tone: 'waiting',
    path: '<rect x="5.5" y="11" width="13" height="9" rx="1.5"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
  },
  '⚖️': {
    name: 'separation of duties',
    tone: 'waiting',
    path: '<path d="M12 4v16M7 20h10M5 7h14M5 7l-2.5 6h5ZM19 7l-2.5 6h5Z"/>',
  },
  '⚠️': {
    name: 'to judge',
    tone: 'waiting',
    path: '<path d="M12 3.5 21.5 20h-19Z"/><path d="M12 10v4.5M12 17.2v.3"/>',
  },
  '🚫': {
    name: 'not asked',
    tone: 'bad',
    path: '<circle cx="12" cy="12" r="8.5"/><path d="m6.5 6.5 11 11"/>',
  },
  '🔍': {
    name: 'worth a look',
    tone: 'waiting',
    path: '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5.5 5.5"/>',
  },
  '↩️': {
    name: 'may take it away',
    tone: 'over',
    path: '<path d="M9 5 4 10l5 5M4 10h10a5 5 0 0 1 0 10h-3"/>',
  },
  '❔': {
    name: 'not known',
    tone: 'waiting',
    path: '<path d="M8.5 8.5a3.5 3.5 0 1 1 5 3.2c-1 .5-1.5 1.2-1.5 2.8M12 18.2v.3"/>',
  },
  '⏰': {
    name: 'due',
    tone: 'waiting',
    path: '<circle cx="12" cy="13" r="7.5"/><path d="M12 9v4l2.5 2M3.5 6.5 7 3.5M20.5 6.5 17 3.5"/>',
  },
  '⬆️': { name: 'handed up', tone: 'moving', path: '<path d="M12 20V5M6 11l6-6 6 6"/>' },
  '☑️': {
    name: 'counted',
    tone: 'good',
    path: '<rect x="4" y="4" width="16" height="16" rx="2"/><path d="m8 12.5 3 3 5.5-6.5"/>',
  },
  '🔔': {
    name: 'reminded',
    tone: 'waiting',
    path: '<path d="M5 17h14l-2-3v-4a5 5 0 0 0-10 0v4ZM10.5 20h3"/>',
  },
  '🌴': {
    name: 'away',
    tone: 'over',
    path: '<path d="M12 21c0-5 0-8 1-12M13 9c-4-3-7-2-9 1M13 9c-2-4-5-5-8-4M13 9c3-3 6-2 8 1M13 9c1-3 4-4 6-3"/>',
  },
  '💬': { name: 'said', tone: 'moving', path: '<path d="M4 5h16v11h-9l-5 4v-4H4Z"/>' },
  '🤖': {
    name: 'maybe no person',
    tone: 'waiting',
    path: '<rect x="5" y="8" width="14" height="11" rx="2"/><path d="M12 8V4M9 13v.3M15 13v.3M9.5 16.5h5"/>',
  },
  '💤': { name: 'not used', tone: 'over', path: '<path d="M5 9h8l-8 10h8M15 4h5l-5 6h5"/>' },
  '📜': {
    name: 'by rule',
    tone: 'moving',
    path: '<path d="M6 3.5h9l3.5 3.5v13.5H6ZM9 11h6.5M9 15h6.5"/>',
  },
  '🔹': { name: 'nothing stands out', tone: 'moving', path: '<path d="m12 7 5 5-5 5-5-5Z"/>' },
  '🏁': { name: 'over', tone: 'over', path: '<path d="M6 21V4h12l-3 4.5 3 4.5H6"/>' },
};

/** In drawn HTML, where the package has put the characters. */
export function withDrawnEmoji(drawn: string): string {
  return drawn.replace(/<span class="slack_emoji">([^<]*)<\/span>/gu, (all, emoji: string) => {
    const shape = shapes[emoji];
    return shape === undefined
      ? all
      : `<svg class="emoji tone-${shape.tone}" viewBox="0 0 24 24" role="img" aria-label="${shape.name}" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">${shape.path}</svg>`;
  });
}
