import { listTitles } from '../core/evidence/controls.ts';
import { exceptionColumns } from './change-rows.ts';
import type { Folder } from './folder.ts';
import { openList, type Row, type WrittenList } from './list.ts';
import { aroundException, type MadeAround } from './other-exceptions.ts';
import type { PackParts } from './plan.ts';

/** The exceptions of a pack, in the order of their times. */
export type Exceptions = {
  add(row: Row): Promise<void>;
  /** A membership change made around Latchkey, as one log has it. */
  addAround(event: MadeAround): Promise<void>;
  end(): Promise<WrittenList>;
};

/** So many are put in order at a time; more are in order within each part. Memory does not grow with the period. */
const AT_ONCE = 50_000;
/** What several logs tell of one happening lies so close together. */
const WITHIN_MS = 300_000;

type Waiting = { at: number; row: Row } | { at: number; around: MadeAround };

/** What several logs tell of one happening is one exception, which names them all. */
export async function openExceptions(
  folder: Folder,
  { entitlements }: Pick<PackParts, 'entitlements'>,
): Promise<Exceptions> {
  const name = 'exceptions';
  const list = await openList(folder, {
    name,
    title: listTitles[name],
    query: null,
    counted: null,
    columns: exceptionColumns,
  });
  // A group and the team that it gives are one access.
  const givenBy = new Map(
    entitlements.flatMap(({ key, idpGroup, team }) => [[idpGroup, key] as const, [team, key]]),
  );
  const aboutWhat = ({ entitlement, place }: MadeAround) =>
    entitlement ?? givenBy.get(place ?? '') ?? place ?? '';
  let waiting: Waiting[] = [];
  const flush = async () => {
    const all = inHappenings(
      waiting.toSorted((a, b) => a.at - b.at),
      aboutWhat,
    );
    waiting = [];
    for (const one of all) await list.add(Array.isArray(one) ? aroundException(one) : one);
  };
  const put = async (one: Waiting) => {
    waiting.push(one);
    if (waiting.length === AT_ONCE) await flush();
  };
  return {
    add: (row) => put({ at: row.at instanceof Date ? row.at.getTime() : Number.POSITIVE_INFINITY, row }),
    addAround: (around) => put({ at: around.occurredAt.getTime(), around }),
    async end() {
      await flush();
      return await list.end();
    },
  };
}

type Happening = [MadeAround, ...MadeAround[]];

/** Where a log tells the same again, it happened again. Of an account that nobody names, nothing is held together. */
function inHappenings(
  waiting: readonly Waiting[],
  aboutWhat: (event: MadeAround) => string,
): (Row | Happening)[] {
  const last = new Map<string, Happening>();
  return waiting.flatMap((one): (Row | Happening)[] => {
    if ('row' in one) return [one.row];
    const { around } = one;
    const who = around.email ?? around.account ?? null;
    const key = JSON.stringify([who, around.direction, aboutWhat(around)]);
    const open = who === null ? undefined : last.get(key);
    const isOfIt =
      open !== undefined &&
      one.at - open[0].occurredAt.getTime() <= WITHIN_MS &&
      open.every(({ source }) => source !== around.source);
    if (isOfIt) {
      open.push(around);
      return [];
    }
    const happening: Happening = [around];
    last.set(key, happening);
    return [happening];
  });
}
