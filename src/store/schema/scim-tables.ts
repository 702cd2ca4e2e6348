import type { ColumnType, Generated } from 'kysely';

/**
 * The source whose token made a SCIM resource: one of `sources` (src/scim/tokens.ts). That of the IdP is its port's
 * `system`.
 */
export type ScimSource = string;

/** The tables of the SCIM room; see migrations/0002_scim.ts, 0003_scim_tokens.ts and 0031_scim_owners.ts
 * and 0037_environment_token.ts. */
export type ScimTables = {
  scim_users: {
    id: string;
    source: ScimSource;
    user_name: string;
    /** `nameKey` of the user name. */
    user_name_key: string;
    /** `nameKey` of the name that they had before Entra deleted them and changed it; null: they go by the user name. */
    known_as: Generated<string | null>;
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
    source: ScimSource;
    display_name: string;
    /** `nameKey` of the display name. */
    display_name_key: string;
    external_id: string | null;
    version: Generated<number>;
    created_at: Date;
    updated_at: Date;
  };
  scim_members: { group_id: string; user_id: string };
  scim_tokens: {
    id: string;
    name: string;
    source: ScimSource;
    hash: Buffer;
    created_at: Date;
    expires_at: Date | null;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
  /** By the hash of what SCIM_TOKEN was. */
  scim_environment_tokens: { hash: Buffer; last_used_at: Date };
};
