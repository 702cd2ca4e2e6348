/** Why an identity provider carries nothing to us by SCIM. */
export type ProvisioningTrouble = {
  /** What is so, in words that follow the provider's name and a colon. */
  what: string;
  /** Since when, as the provider has it; null: it does not say. */
  since: Date | null;
  /** What the provider says of it itself; null: nothing. */
  said: string | null;
  /** What to do. */
  next: string;
};

/** Pure: in one line, for alarms and checks. */
export function provisioningTroubleInWords({ what, since, said, next }: ProvisioningTrouble): string {
  const sinceWhen = since === null ? '' : ` since ${since.toISOString()}`;
  return `${what}${sinceWhen}${said === null ? '' : ` (${said})`}: ${next}`;
}
