import type { Stuck } from '../../core/canary/canary.ts';
import { type CanaryAlarm, judgedRuns, missesSince, readAlarm } from '../../store/canary.ts';
import { idpName, pushNow, systemOf } from '../idps/idps.ts';
import type { Context } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import type { Named } from '../people/named.ts';

/** Everything the messages of an alarm of the canary are made of; they are a pure function of this. */
export type CanaryView = {
  /** The identity provider's name in sentences. */
  idpName: string;
  /** How its group, `{group}`, is pushed at once. */
  pushNow: string;
  alarm: CanaryAlarm;
  /** Of the newest round that missed: where it is stuck now. */
  stuck: Stuck | null;
  misses: number;
  /** Milliseconds there and back of the round that cleared the alarm. */
  cleared: { thereMs: number; backMs: number } | null;
  objectiveMs: number;
  /** Null: there is no canary in the catalogue any more. */
  canary: { person: string; everySeconds: number; groupName: string; teamName: string } | null;
  channel: string;
  admins: Named[];
};

export async function readCanaryView(context: Context, alarmId: string): Promise<CanaryView | null> {
  const alarm = await readAlarm(context.db, alarmId);
  if (alarm === null) return null;
  const { canary } = context.catalogue.current();
  const entitlement = canary === null ? null : context.catalogue.entitlement(canary.entitlement);
  const idp = systemOf(entitlement ?? {}, context.idps);
  const since = await judgedRuns(context.db, {
    since: alarm.since,
    // A hit and a miss: the alarm is cleared by the first hit.
    limit: 2,
    ...(alarm.clearedAt === null ? {} : { before: alarm.clearedAt }),
  });
  const hit = alarm.clearedAt === null ? undefined : since.find((run) => run.result === 'hit');
  return {
    idpName: idpName(context, { idp }),
    pushNow: pushNow(context, { idp }),
    alarm,
    stuck: since.find((run) => run.result === 'miss')?.stuck ?? null,
    misses: await missesSince(context.db, { since: alarm.since, before: alarm.clearedAt }),
    cleared:
      hit === undefined ? null : { thereMs: hit.grantLegs?.total ?? 0, backMs: hit.revokeLegs?.total ?? 0 },
    objectiveMs: context.objectiveMs,
    canary:
      canary === null || entitlement === null
        ? null
        : {
            person: canary.person,
            everySeconds: canary.everySeconds,
            groupName: entitlement.idpGroup,
            teamName: entitlement.team,
          },
    ...(await adminContacts(context)),
  };
}
