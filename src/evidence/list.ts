import { type Cell, csvHead, csvLine } from '../core/csv.ts';
import type { ListName } from '../core/evidence/controls.ts';
import { timeInWords } from '../core/evidence/words.ts';
import type { Folder } from './folder.ts';

export type Row = Record<string, Cell | Date>;

/** A list as it is described in the pack. */
export type WrittenList = {
  name: ListName;
  title: string;
  /** The query that made it, with its values; null: it is drawn from others here. */
  query: string | null;
  /** Counted by a query of its own, at the same moment; null: there is none. */
  counted: number | null;
  written: number;
  columns: readonly string[];
  /** The first rows, for reading; the files have all. */
  first: Record<string, Cell>[];
  /** Of a list with a column `kind`: how many rows of each. */
  kinds: ReadonlyMap<string, number>;
};

/** So many rows of a list stand in the page; all of them are in its files. */
const SHOWN = 200;
const BATCH = 200;

/** `draw`: a sample is drawn of its rows while they are written. */
export type ListSpec = Pick<WrittenList, 'name' | 'title' | 'query' | 'counted' | 'columns'> & {
  draw?: { see(row: Row): void } | undefined;
};

export type OpenList = { add(row: Row): Promise<void>; end(): Promise<WrittenList> };

/** Writes a list as CSV and as JSON at once, row by row. Times are written in UTC (ISO 8601). */
export async function openList(folder: Folder, { draw, ...spec }: ListSpec): Promise<OpenList> {
  const csv = folder.open(`${spec.name}.csv`);
  const json = folder.open(`${spec.name}.json`);
  await csv.write(csvHead(spec.columns));
  await json.write('[');
  const first: Record<string, Cell>[] = [];
  const kinds = new Map<string, number>();
  let written = 0;
  let waiting: { csv: string[]; json: string[] } = { csv: [], json: [] };
  const flush = async () => {
    const { csv: lines, json: objects } = waiting;
    waiting = { csv: [], json: [] };
    if (lines.length === 0) return;
    await csv.write(lines.join(''));
    await json.write(objects.join(''));
  };
  return {
    async add(row) {
      draw?.see(row);
      const cells: Record<string, Cell> = {};
      const inCsv: Cell[] = [];
      for (const column of spec.columns) {
        const value = row[column] ?? null;
        const isTime = value instanceof Date;
        const cell = isTime ? value.toISOString() : value;
        cells[column] = cell;
        // A spreadsheet takes no text with a T, a Z or parts of a second for a time. JSON has all of it.
        inCsv.push(isTime || typeof cell === 'string' ? timeInWords(cell as string) : cell);
      }
      waiting.csv.push(csvLine(inCsv));
      waiting.json.push(`${written === 0 ? '\n' : ',\n'}${JSON.stringify(cells)}`);
      written += 1;
      if (first.length < SHOWN) first.push(cells);
      if (typeof cells.kind === 'string') kinds.set(cells.kind, (kinds.get(cells.kind) ?? 0) + 1);
      if (waiting.csv.length === BATCH) await flush();
    },
    async end() {
      await flush();
      await json.write('\n]\n');
      await csv.end();
      await json.end();
      return { ...spec, written, first, kinds };
    },
  };
}
