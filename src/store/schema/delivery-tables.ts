import type { ColumnType, Generated } from 'kysely';
import type { Target } from '../../core/policy/catalogue.ts';

/** Groups that something else than Latchkey carries to their teams. */
export type DeliveryTables = {
  /** See migrations/0071_delivery_troubles.ts. */
  delivery_troubles: {
    id: string;
    kind: 'unmapped' | 'missing';
    target: ColumnType<Target, string, string>;
    group_id: string;
    team_id: string;
    since: Date;
    why: string | null;
    seen_ids: Generated<string[]>;
    person_ids: Generated<string[]>;
    told_at: Date | null;
    mended_at: Date | null;
  };
};
