import type { ColumnType, Generated } from 'kysely';

/** A jsonb column: read parsed, written as text. */
type Json<T> = ColumnType<T, string, string>;

/** Whose database it is, and what became of accounts and of provisioning at its identity providers. */
export type IdpTables = {
  /** Whose database it is. `deactivations_since`: see migrations/0110_deactivations_kept.ts. */
  installation: {
    single: Generated<boolean>;
    belongs_to: string;
    since: Generated<Date>;
    deactivations_since: Generated<Date>;
  };
  /** See migrations/0069_lost_accounts.ts. */
  lost_accounts: {
    id: string;
    notice_id: string;
    person_id: string;
    idp: string;
    other: string | null;
    why: 'left' | 'lostApp';
    ended: Json<string[]>;
    stays: Json<string[]>;
    lost_at: Date;
    back_at: Date | null;
  };
  /** See migrations/0070_provisioning_troubles.ts. */
  provisioning_troubles: {
    id: string;
    idp: string;
    since: Date;
    what: string;
    said: string | null;
    next: string;
    back_at: Date | null;
  };
  graph_subscriptions: {
    id: string;
    resource: string;
    group_name: string | null;
    client_state: Buffer;
    expires_at: Date;
    renew_at: Date;
    created_at: Generated<Date>;
  };
  graph_subscriptions_ended: {
    id: string;
    resource: string;
    group_name: string | null;
    client_state: Buffer;
    until: Date;
  };
};
