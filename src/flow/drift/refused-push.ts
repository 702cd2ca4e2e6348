import type { Actor } from '../../core/change/events.ts';
import type { Told } from '../../core/drift/observation.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import {
  noteRefusedPush,
  type RefusedPush,
  refusedPushesOf,
  settleRefusedPushes,
} from '../../store/refused-pushes.ts';
import type { Outcome, Unit } from '../kernel/commit.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';
import { recordWithin } from './record-observations.ts';

/** Everything the message about refused pushes is made of. */
export type RefusedPushView = { idpName: string; pushes: RefusedPush[]; channel: string; admins: Named[] };

export type Refusal = Pick<RefusedPush, 'kind' | 'resource_id' | 'name' | 'held' | 'request' | 'why'> & {
  by: Actor & { part: string };
  /** The people and groups to look at: the IdP is asked, and its answer is acted on. */
  told: readonly Told[];
};

/**
 * A push that would have taken access away had to be refused. Its content is not lost. The IdP is asked about the
 * people whom it concerns. The catalogue's admins are told, once however often it is sent again.
 */
export async function pushWasRefused(unit: Unit, refusal: Refusal): Promise<Outcome<null>> {
  const { by, told, ...given } = refusal;
  const noted = await noteRefusedPush(unit.tx, { ...given, client: by.part }, unit.now);
  const { jobs } = await recordWithin(
    unit.tx,
    told.map((one, n) => ({
      key: `scim:refused:${noted.id}:${noted.times}:${n}`,
      eventSource: 'scim',
      payload: one,
      actor: null,
      occurredAt: unit.now,
    })),
  );
  const { resource_id: scimId, ...data } = given;
  return {
    result: null,
    notes: [{ type: 'scimPushRefused', at: unit.now, actor: by, changeId: null, data: { scimId, ...data } }],
    jobs: [...jobs, { job: 'updateCard', about: 'refusedPush', id: noted.notice_id }],
  };
}

/** A push that had been refused about this resource has come through since: the message says so. */
export async function pushWentThrough(unit: Unit, scimId: string): Promise<Job[]> {
  const notices = await settleRefusedPushes(unit.tx, scimId, unit.now);
  return notices.map((id) => ({ job: 'updateCard', about: 'refusedPush', id }));
}

export async function readRefusedPushView(
  context: Data & Parties,
  id: string,
): Promise<RefusedPushView | null> {
  const pushes = await refusedPushesOf(context.db, id);
  return pushes.length === 0
    ? null
    : { idpName: context.idps.name, pushes, ...(await adminContacts(context)) };
}
