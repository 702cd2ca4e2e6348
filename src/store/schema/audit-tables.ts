import type { ColumnType, Generated } from 'kysely';

/**
 * The audit trail: its entries, their seals, the tree over them and its checkpoints. Rows are only ever added, but to what
 * is wrong with how it is kept.
 */
export type AuditTables = {
  audit: {
    id: Generated<string>;
    xid: Generated<string>;
    at: Date;
    type: string;
    change_id: string | null;
    /** jsonb: read parsed, written as text. */
    actor: ColumnType<unknown, string, string>;
    data: ColumnType<unknown, string, string>;
  };
  audit_seals: {
    seq: string | bigint;
    audit_id: string;
    hash: Buffer;
    cluster: string | null;
    /** 1: chained to the seal before; 2: a leaf of the tree. */
    format: Generated<number>;
  };
  audit_tree: { level: number; n: string; hash: Buffer };
  audit_anchors: { id: string; size: string; note: string; made_at: Date };
  audit_archives: {
    id: Generated<string>;
    first: string;
    last: string;
    sha256: string;
    xid: Generated<string>;
    at: Generated<Date>;
  };
  audit_troubles: { part: string; why: string; since: Generated<Date> };
  audit_checkpoints: {
    id: Generated<string>;
    size: string;
    root: Buffer;
    note: string;
    made_at: Generated<Date>;
  };
};
