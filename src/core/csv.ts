/** What a cell of a table holds. Several are written with semicolons between. */
export type Cell = string | number | boolean | null | readonly string[];

/** Excel takes a file without this mark for the encoding of its machine, and shows `’` as `â€™`. */
const UTF8_MARK = '\ufeff';

/** What a file of CSV begins with: the mark that it is UTF-8, and the names of its columns. */
export function csvHead(columns: readonly string[]): string {
  return `${UTF8_MARK}${csvLine(columns)}`;
}

/**
 * A row of CSV (RFC 4180) with its line break. A cell that a spreadsheet would take for a formula is kept from being
 * one.
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellInCsv).join(',')}\r\n`;
}

/** What a spreadsheet takes for the beginning of a formula, also in full width and after blanks. */
const FORMULA = /^[\s\ufeff]*[=+\-@|\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;
/** A semicolon and a tab separate cells in some countries. */
const QUOTED = /[",;\t\r\n]/;

function cellInCsv(value: Cell): string {
  if (value === null) return '';
  const text = Array.isArray(value) ? value.join('; ') : String(value);
  const safe = typeof value !== 'number' && FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
