/** What is known of secrets, never their values. See migrations/0065_secrets.ts. */
export type SecretTables = {
  secret_settings: {
    name: string;
    source: string;
    version: string;
    made_at: Date | null;
    last_used_at: Date | null;
    trouble: string | null;
  };
  aged_secrets: {
    id: string;
    name: string;
    source: string;
    version: string;
    made_at: Date;
    told_at: Date;
    replaced_at: Date | null;
  };
};
