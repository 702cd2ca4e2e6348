import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '../postgres/database.ts';
import type { Period } from './populations.ts';

/** The texts of a policy that say what there is to be had. `catalogue` null: it is not kept. */
export type CatalogueTexts = { fingerprint: string; catalogue: string | null; policy: string | null };

const texts = sql`p.fingerprint, p.texts->>'catalogue.yaml' as catalogue, p.texts->>'policy.md' as policy`;

/** Of the policies that were in force in the period: as the audit has it, or by when they were kept first. */
export async function cataloguesOf(tx: Tx, { from, to }: Period): Promise<CatalogueTexts[]> {
  const loaded = (when: RawBuilder<unknown>) =>
    sql`select data->>'fingerprint' from audit where type = 'policyLoaded' and ${when}`;
  const { rows } = await sql<CatalogueTexts>`
    select ${texts} from policies p where (p.loaded_at >= ${from} and p.loaded_at < ${to})
      or p.fingerprint in (${loaded(sql`at >= ${from} and at < ${to}`)})
      or p.fingerprint = (${loaded(sql`at < ${from}`)} order by id desc limit 1)
      or p.fingerprint = (select fingerprint from policies where loaded_at < ${from} order by loaded_at desc limit 1)`.execute(
    tx,
  );
  return rows;
}

/** Null: no policy is kept under that fingerprint. */
export async function catalogueOf(tx: Tx, fingerprint: string): Promise<CatalogueTexts | null> {
  const { rows } = await sql<CatalogueTexts>`
    select ${texts} from policies p where p.fingerprint = ${fingerprint}`.execute(tx);
  return rows[0] ?? null;
}

/** The policy that was in force at a moment, as the audit has it; null: it does not say. */
export async function policyAt(tx: Tx, at: Date): Promise<string | null> {
  const { rows } = await sql<{ fingerprint: string }>`
    select data->>'fingerprint' as fingerprint from audit where type = 'policyLoaded' and at <= ${at} order by id desc limit 1`.execute(
    tx,
  );
  return rows[0]?.fingerprint ?? null;
}
