import { type RawBuilder, sql } from 'kysely';
import { notBegunStates, pendingStates, underway } from '../core/change/states.ts';
import { openDelegationStates } from '../core/delegation/delegation.ts';
import { openMassStates, unfinishedMassStates } from '../core/mass-change/mass-change.ts';
import { openOffboardingStates } from '../core/offboarding/offboarding.ts';
import { unfinishedCampaignStates } from '../core/review/campaign.ts';

/** A set of states for `state in ${…}`, written out: so the planner sees that it fits a partial index. */
function listOf(states: readonly string[]): RawBuilder<unknown> {
  return sql`(${sql.join(states.map((state) => sql.lit(state)))})`;
}

/** The states of `underwayChange`, for a statement that is written as text. */
export const underwayText = `(${underway.map((state) => `'${state}'`).join(', ')})`;

/** Changes that wait for a decision. */
export const pendingChange = listOf(pendingStates);

/** Changes on their way through IdP, SCIM and Anypoint. */
export const underwayChange = listOf(underway);

/** Changes that wait for a decision, or for their start. */
export const notBegunChange = listOf(notBegunStates);

/** Changes of which something is still to come before they are in effect. */
export const unfinishedChange = listOf([...notBegunStates, ...underway]);

/** Changes that wait for a decision or are on their way. */
export const openChange = listOf([...pendingStates, ...underway]);

/** Mass changes that nobody has decided yet. */
export const openMass = listOf(openMassStates);

/** Mass changes that nobody has decided yet, or that are decided and still to be worked off. */
export const unfinishedMass = listOf(unfinishedMassStates);

/** Offboardings that wait for something. */
export const openOffboarding = listOf(openOffboardingStates);

/** Delegations that count, or will. */
export const openDelegation = listOf(openDelegationStates);

/** Campaigns in which something is still to happen. */
export const unfinishedCampaign = listOf(unfinishedCampaignStates);
