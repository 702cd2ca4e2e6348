import type { Job, JobName } from '../../core/jobs/reactions.ts';
import { idpLane, type Lane, lanesWith, type SharedLane } from '../../queue/lanes.ts';
import type { Portion } from '../../store/outbox-portion.ts';
import type { Db } from '../../store/postgres/database.ts';
import type { Ran } from '../kernel/context.ts';

/** Where a kind of work belongs. `idp`: into the lane of the identity provider that it names. */
export type LaneKind = SharedLane | 'idp';

/**
 * What runs each kind of work, and in which lane. `attempts`: how often this work has failed before. `db`: the database
 * as those that run beside it use it; left out: it runs by itself.
 */
export type Runs = Record<
  JobName,
  { lane: LaneKind; run: (job: Job, attempts: number, db?: Db) => Promise<Ran> }
>;

/** The lanes of this installation, and what belongs into each. */
export type Lanes = {
  readonly all: readonly Lane[];
  of(job: Job): Lane;
  /** Which rows of the outbox are those of some lanes, and all but those. */
  portion(of: readonly Lane[]): Portion;
  /** Null: all rows. */
  allBut(lanes: readonly Lane[]): Portion | null;
  /** Which rows are of one kind, in one lane. */
  only(job: JobName, lane: Lane): Portion;
  /** The lane in which a vendor's limits are met; null: no lane is for it alone. `system` as a fault has it. */
  ofVendor(faultCode: string, system: string | undefined): Lane | null;
};

/** `systems`: the identity providers that are connected, in their order. Work that names none of them is the first's. */
export function createLanes(
  systems: readonly string[],
  kinds: Readonly<Record<JobName, { lane: LaneKind }>>,
): Lanes {
  const all = lanesWith(systems);
  const [first = ''] = systems;
  const jobsIn = (isIn: (kind: LaneKind) => boolean) =>
    (Object.keys(kinds) as JobName[]).filter((job) => isIn(kinds[job].lane));
  const jobsAtIdp = jobsIn((kind) => kind === 'idp');
  const connected = (system: string | undefined) =>
    system !== undefined && systems.includes(system) ? system : first;
  const portion = (some: readonly Lane[]): Portion => ({
    jobs: jobsIn((kind) => kind !== 'idp' && some.includes(kind)),
    atIdp: {
      jobs: jobsAtIdp,
      systems: systems.filter((system) => some.includes(idpLane(system))),
      connected: systems,
      first,
    },
  });
  return {
    all,
    of(job) {
      const { lane } = kinds[job.job];
      return lane === 'idp' ? idpLane(connected('idp' in job ? job.idp : undefined)) : lane;
    },
    portion,
    allBut: (some) => (some.length === 0 ? null : portion(all.filter((lane) => !some.includes(lane)))),
    only(job, lane) {
      const { jobs, atIdp } = portion([lane]);
      const isIt = (one: JobName) => one === job;
      return { jobs: jobs.filter(isIt), atIdp: { ...atIdp, jobs: atIdp.jobs.filter(isIt) } };
    },
    ofVendor(faultCode, system) {
      const [party = ''] = faultCode.split('.');
      if (party === 'idp') return idpLane(connected(system));
      return all.find((lane) => lane === party) ?? null;
    },
  };
}
