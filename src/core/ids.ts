/** Ids as branded strings: a person's id can't be passed where a change's is wanted. */
declare const brand: unique symbol;
type Branded<T extends string> = string & { readonly [brand]: T };

export type ChangeId = Branded<'ChangeId'>;
export type GrantId = Branded<'GrantId'>;
/** Our own id of a person; IdP, Slack and Anypoint ids are links to it. */
export type PersonId = Branded<'PersonId'>;
export type EntitlementKey = Branded<'EntitlementKey'>;
export type MassChangeId = Branded<'MassChangeId'>;
export type OffboardingId = Branded<'OffboardingId'>;
export type DelegationId = Branded<'DelegationId'>;
/** An access review campaign. */
export type CampaignId = Branded<'CampaignId'>;
