import type { ColumnType, Generated } from 'kysely';

/** The tables of the SCIM room; see migrations/0002_scim.ts and 0003_scim_tokens.ts. */
export type ScimTables = {
  scim_users: {
    id: string;
    user_name: string;
    external_id: string | null;
    active: boolean;
    /** Primary, else work, else first e-mail of the resource. */
    email: string | null;
    display_name: string | null;
    /** Every attribute the client has set, under its canonical name. */
    resource: ColumnType<Record<string, unknown>, string, string>;
    version: Generated<number>;
    created_at: Date;
    updated_at: Date;
  };
  scim_groups: {
    id: string;
    display_name: string;
    external_id: string | null;
    version: Generated<number>;
    created_at: Date;
    updated_at: Date;
  };
  scim_members: { group_id: string; user_id: string };
  scim_tokens: {
    id: string;
    name: string;
    source: 'okta' | 'entra' | 'other';
    hash: Buffer;
    created_at: Date;
    expires_at: Date | null;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
};
