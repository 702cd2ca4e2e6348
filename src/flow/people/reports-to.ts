import { Fault } from '../../core/fault.ts';
import { peopleNamed } from '../../store/birthrights.ts';
import { type Person, rememberPerson } from '../../store/people.ts';
import type { AtIdp } from '../idps/idps.ts';
import type { Data } from '../kernel/context.ts';

/**
 * What somebody's manager is called, to be shown. The directory names them by login or e-mail; whom it can't tell is
 * shown by that. Identifies nobody: who decides is looked up anew (approvers.ts).
 */
export async function managerName(
  { db, idp }: Data & AtIdp,
  { manager }: Pick<Person, 'manager'>,
): Promise<string | null> {
  if (manager === null) return null;
  const [known, ...others] = await peopleNamed(db, manager);
  if (known !== undefined) return others.length > 0 ? manager : known.name;
  try {
    const found = await idp.readPerson(manager);
    return found === null ? manager : (await rememberPerson(db, idp.system, found)).name;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return manager;
  }
}
