import { canaryStanding } from '../flow/canary.ts';
import type { Road } from '../flow/road.ts';
import { owed } from '../store/outbox.ts';

type Readiness = {
  ready: boolean;
  database: boolean;
  openWork: number | null;
  /** Open work that failed at its last try, by fault; it is tried again until it succeeds. */
  failing: Record<string, number>;
  entitlements: Record<string, string>;
  /** Whether the canary makes its rounds, or why not. */
  canary: string;
  /** Fingerprint of the policy in force, and what is wrong with its files since. */
  policy: { inForce: string; mistakes: readonly string[] };
};

/** What `/readyz` answers. `mistakes`: what is wrong with the files of the policy. */
export async function readiness(road: Road, mistakes: readonly string[]): Promise<Readiness> {
  const policy = { inForce: road.catalogue.rules().fingerprint, mistakes };
  const entitlements = Object.fromEntries(
    road.catalogue.current().entitlements.map((e) => {
      const status = road.catalogue.status(e.key);
      return [e.key, status.status === 'ready' ? 'ready' : `${status.status}: ${status.why}`];
    }),
  );
  try {
    const { open, failing } = await owed(road.db);
    const canary = await canaryStanding(road);
    return {
      ready: true,
      database: true,
      openWork: open,
      failing,
      entitlements,
      canary: 'why' in canary ? `${canary.status}: ${canary.why}` : canary.status,
      policy,
    };
  } catch {
    return {
      ready: false,
      database: false,
      openWork: null,
      failing: {},
      entitlements,
      canary: 'unknown',
      policy,
    };
  }
}
