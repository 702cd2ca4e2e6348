/**
 * Slack's limits as its reference publishes them, apart from the emulator's own checks:
 * docs.slack.dev/reference/block-kit (blocks, block-elements, composition-objects), /reference/views, and what
 * chat.postMessage says of `text`.
 */
type Raw = Record<string, unknown>;

const text: Record<string, number> = { header: 150, section: 3_000, input: 2_000 };
const lists: Record<string, [field: string, most: number]> = {
  section: ['fields', 10],
  context: ['elements', 10],
  actions: ['elements', 25],
};
const options: Record<string, number> = { overflow: 5, checkboxes: 10, radio_buttons: 10 };
const ids = ['block_id', 'action_id'];

/** What is over a limit, with where; empty: nothing. */
export function overLimits(blocks: unknown, most: 50 | 100): string[] {
  const found: string[] = [];
  const say = (at: string, length: number, max: number) => {
    if (length > max) found.push(`${at}: ${length} of ${max}`);
  };
  const long = (value: unknown, at: string, max: number) => say(at, textOf(value).length, max);
  const element = (one: Raw, at: string) => {
    const type = String(one.type);
    if (type === 'button') {
      long(one.text, `${at}.text`, 75);
      long(one.value, `${at}.value`, 2_000);
      long(one.url, `${at}.url`, 3_000);
      long(one.accessibility_label, `${at}.accessibility_label`, 75);
    }
    long(one.placeholder, `${at}.placeholder`, 150);
    long(one.initial_value, `${at}.initial_value`, 3_000);
    const offered = listOf(one.options);
    say(`${at}.options`, offered.length, options[type] ?? 100);
    for (const [i, option] of offered.entries()) {
      long(option.text, `${at}.options.${i}.text`, 75);
      long(option.value, `${at}.options.${i}.value`, 150);
      long(option.description, `${at}.options.${i}.description`, 75);
    }
    const confirm = one.confirm as Raw | undefined;
    long(confirm?.title, `${at}.confirm.title`, 100);
    long(confirm?.text, `${at}.confirm.text`, 300);
    long(confirm?.confirm, `${at}.confirm.confirm`, 30);
    long(confirm?.deny, `${at}.confirm.deny`, 30);
  };
  const all = listOf(blocks);
  say('blocks', all.length, most);
  const seen = new Set<unknown>();
  for (const [i, block] of all.entries()) {
    const at = `${i} ${String(block.type)}`;
    if (block.block_id !== undefined && seen.has(block.block_id)) found.push(`${at}: block_id twice`);
    seen.add(block.block_id);
    long(block.text ?? block.label, at, text[String(block.type)] ?? 3_000);
    long(block.hint, `${at}.hint`, 2_000);
    const [field, max] = lists[String(block.type)] ?? ['', 0];
    if (field !== '') say(`${at}.${field}`, listOf(block[field]).length, max);
    for (const [n, one] of listOf(block.fields).entries()) long(one, `${at}.fields.${n}`, 2_000);
    for (const one of [block, ...listOf(block.elements), block.element, block.accessory])
      for (const id of ids) long((one as Raw | undefined)?.[id], `${at}.${id}`, 255);
    for (const one of [
      ...(block.type === 'rich_text' ? [] : listOf(block.elements)),
      block.element,
      block.accessory,
    ])
      if (one !== undefined) element(one as Raw, at);
  }
  return found;
}

/** Of a form: its head, its buttons, what it carries, and its blocks. */
export function viewOverLimits(view: Raw): string[] {
  const most: [string, number][] = [
    ['title', 24],
    ['submit', 24],
    ['close', 24],
    ['private_metadata', 3_000],
    ['callback_id', 255],
  ];
  return [
    ...most
      .filter(([field, max]) => textOf(view[field]).length > max)
      .map(([field]) => `${field}: ${textOf(view[field]).length}`),
    ...overLimits(view.blocks, 100),
  ];
}

function listOf(value: unknown): Raw[] {
  return Array.isArray(value) ? (value as Raw[]) : [];
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const inner = (value as Raw | undefined)?.text;
  return typeof inner === 'string' ? inner : '';
}
