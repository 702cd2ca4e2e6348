import type { Catalogue, Entitlement } from '../src/core/policy/catalogue.ts';
import type { Stage } from './stage.ts';

/** Puts another catalogue in force, as an edit of the file would. */
export async function changeCatalogue(
  stage: Stage,
  change: (catalogue: Catalogue) => Catalogue,
): Promise<void> {
  const { catalogue } = stage.latchkey.context;
  catalogue.swap({ catalogue: change(catalogue.current()), rules: catalogue.rules() });
  await catalogue.check();
}

export const changing =
  (key: string, rest: Partial<Entitlement>) =>
  (catalogue: Catalogue): Catalogue => ({
    ...catalogue,
    entitlements: catalogue.entitlements.map((e) => (e.key === key ? { ...e, ...rest } : e)),
  });
