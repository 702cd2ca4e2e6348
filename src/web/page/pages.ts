import type { Reader, RouteRule, Sight } from '../../core/page/reader.ts';
import type { Context } from '../../flow/kernel/context.ts';
import type { Listed, Portion } from '../../store/page/sight.ts';
import type { Html } from '../html.ts';
import type { Readiness } from '../readiness.ts';
import type { CursorIds, Filter, Query } from './filters.ts';
import type { Column, Shown } from './table.ts';

/** What pages are made from. `report`: whether the main job can be done, as `/readyz` says it. */
export type Sources = { context: Context; report: () => Promise<Readiness> };

/** A question about what is in somebody's sight. */
export type Asked = Sources & { sight: Sight; query: Query };

/** A question of somebody who looks at the page. */
export type AskedByReader = Asked & {
  reader: Reader;
  as: Shown;
  /** The database's clock. */
  now: Date;
  params: Readonly<Record<string, string>>;
};

/** A list: a page with filters, the same as CSV beneath `.csv`, and the same as JSON beneath `/api`. */
export type ListPage<Row = never> = {
  is: 'list';
  path: string;
  title: string;
  /** One sentence on what the list is. */
  about: string;
  rule: RouteRule;
  inMenu: boolean;
  filters: (context: Pick<Context, 'catalogue' | 'idps'>) => readonly Filter[];
  columns: readonly Column<Row>[];
  read: (asked: Asked, portion: Portion) => Promise<Listed<Row>>;
  /** Above the filters. */
  above?: (asked: AskedByReader) => Promise<Html | null>;
  /** Where there is nothing: why, and what to do. */
  empty: (asked: AskedByReader) => Html;
  /** Who reads it goes on record. */
  isOnRecord?: true;
  /** A row as JSON, where that says more than the columns; left out: the columns. */
  json?: (context: Context, row: Row) => Promise<object>;
  /** What ids its rows have; left out: UUIDs. */
  ids?: CursorIds;
  /** JSON of its name is made elsewhere. */
  hasOwnJson?: true;
};

/** A page of its own kind. Null: there is nothing of that name in this reader's sight. */
export type OtherPage = {
  is: 'page';
  path: string;
  title: string;
  rule: RouteRule;
  inMenu: boolean;
  html: (asked: AskedByReader) => Promise<{ title: string; body: Html; refreshSeconds?: number } | null>;
  isOnRecord?: true;
};

/** A text to download. Null: there is none of that name. */
export type FilePage = {
  is: 'file';
  path: string;
  title: string;
  rule: RouteRule;
  inMenu: false;
  file: (asked: AskedByReader) => Promise<{ name: string; type: string; text: string } | null>;
  isOnRecord?: true;
};

/** A list of rows of any kind: which it is matters to itself alone. */
export function list<Row>(page: Omit<ListPage<Row>, 'is'>): ListPage {
  return { is: 'list', ...page } as unknown as ListPage;
}

export type AnyPage = ListPage | OtherPage | FilePage;

/** Rows that JSON gives at once, at most. */
export const LIMIT_MAX = 500;

/** The name of the rows in JSON: `/review-lines` are `reviewLines`. */
export function nameOf({ path }: Pick<ListPage, 'path'>): string {
  return path.slice(1).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** What a token has to be for to ask for this list: the end of its address. */
export function scopeOf({ path }: Pick<ListPage, 'path'>): string {
  return path.slice(1);
}
