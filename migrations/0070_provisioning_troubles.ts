import { type Kysely, sql } from 'kysely';

/** Times in which an identity provider carried nothing to us by SCIM at all, which the admins were told of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table provisioning_troubles (
      id uuid primary key,
      idp text not null,
      -- as the identity provider has it; where it does not say, when it was first seen
      since timestamptz not null,
      -- what is so, in words that follow the provider's name; what it says itself; what to do
      what text not null,
      said text,
      next text not null,
      back_at timestamptz
    );
    create unique index provisioning_troubles_one_open on provisioning_troubles (idp) where back_at is null;
  `.execute(db);
}
