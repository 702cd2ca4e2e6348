import type { ListName } from '../core/evidence/controls.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Folder } from './folder.ts';
import type { WrittenList } from './list.ts';
import type { PackParts, PackPlan } from './plan.ts';

/** What every list of a pack is written with. */
export type Writing = {
  tx: Tx;
  folder: Folder;
  plan: PackPlan;
  parts: PackParts;
  lists: Map<ListName, WrittenList>;
  /** Of each change that was drawn, and of the revoke that ended it: what was out of the ordinary about it. */
  noted: ReadonlyMap<string, string[]>;
};
