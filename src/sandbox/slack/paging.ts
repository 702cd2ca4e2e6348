import type { Args } from './call.ts';

/** One page of a list, and the cursor of the next; `''` on the last page, as Slack writes it. */
export function page<T>(
  items: readonly T[],
  args: Args,
  usual: number,
  most: number,
): { items: T[]; nextCursor: string } {
  const decoded = Buffer.from(args.text('cursor') ?? '', 'base64url').toString();
  const from = Math.max(0, Number(decoded.replace(/^offset:/, '')) || 0);
  const limit = args.count('limit', usual, most);
  const to = from + limit;
  return {
    items: items.slice(from, to),
    nextCursor: to < items.length ? Buffer.from(`offset:${to}`).toString('base64url') : '',
  };
}
