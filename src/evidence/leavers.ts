import { rowsOf } from '../store/evidence/cursor.ts';
import {
  type Deactivation,
  type DeactivationMatch,
  deactivations,
  deactivationsKept,
} from '../store/evidence/deactivations.ts';
import type { PackFacts } from './plan.ts';
import { openQueried, type Writing } from './writing.ts';

const columns = ['at', 'source', 'happening', 'person', 'email', 'madeBy', 'matched', 'heldThen', 'case'];

const happeningInWords: Record<Deactivation['happening'], string> = {
  switchedOff: 'its account for MuleSoft was switched off',
  suspended: 'suspended: it may be for a while',
  deprovisioned: 'deactivated',
  deleted: 'deleted',
};

const matchedWith: Record<DeactivationMatch, string> = {
  termination: 'a leaver’s case',
  'other account': 'another identity provider goes on having them',
  suspended: 'no leaver: out of the teams while it lasts',
  back: 'active again within a day',
  nobody: 'nobody whom Latchkey knows',
};

/** Leavers, held against every deactivation that the identity provider told of. */
export async function writeDeactivations(writing: Writing): Promise<PackFacts['deactivations']> {
  const { tx, plan, lists, exceptions } = writing;
  const query = deactivations(plan);
  const list = await openQueried(writing, 'deactivations', query, columns);
  const counts = new Map<string, number>();
  for await (const one of rowsOf(tx, query)) {
    const { matched, at, source, person, email, heldThen } = one;
    const said = matched === null ? NONE : matchedWith[matched];
    const happening = happeningInWords[one.happening];
    counts.set(said, (counts.get(said) ?? 0) + 1);
    await list.add({ ...one, happening, matched: said });
    if (matched === null)
      await exceptions.add({
        kind: 'deactivated, and no leaver’s case',
        at,
        person,
        email,
        what: `${happening}, as ${source} tells; ${heldThen === 0 ? 'they held nothing of Latchkey’s then' : `accesses that they held then: ${heldThen}`}`,
      });
  }
  lists.set('deactivations', await list.end());
  return { since: await deactivationsKept(tx), by: [...counts].map(([what, count]) => ({ what, count })) };
}

const NONE = 'no leaver’s case';
