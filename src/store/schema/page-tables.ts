import type { Generated } from 'kysely';

/** Of the web page. */
export type PageTables = {
  /** See migrations/0088_web_sessions.ts. */
  web_sessions: {
    id_hash: Buffer;
    person_id: string;
    email: string | null;
    began_at: Generated<Date>;
    seen_at: Generated<Date>;
    ends_at: Date;
    ended_at: Date | null;
  };
};
