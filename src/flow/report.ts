import type { Job, Subject } from '../core/jobs/reactions.ts';
import { canaryNoticesAbout } from './canary/view.ts';
import { refusedPushNoticesAbout } from './drift/refused-push.ts';
import { done, type Ran, type Road } from './kernel/context.ts';
import { massNoticesAbout } from './mass-change/view.ts';
import { makeAllRight } from './messages/tell.ts';
import { offboardingNoticesAbout } from './offboarding/view.ts';
import { policyNoticesAbout } from './policy/policy-alarm.ts';
import type { Notice } from './ports.ts';
import { queueNoticesAbout } from './queue/queue-alarm.ts';

/** The messages that should exist about something that is not a change; null: there is no such thing. */
type NoticesAbout = (road: Road, id: string) => Promise<Notice<unknown>[] | null>;

const subjects: Partial<Record<Subject, NoticesAbout>> = {
  massChange: massNoticesAbout,
  offboarding: offboardingNoticesAbout,
  canary: canaryNoticesAbout,
  policy: policyNoticesAbout,
  refusedPush: refusedPushNoticesAbout,
  queue: queueNoticesAbout,
};

/** Makes the messages about an offboarding, a mass change, the canary, the policy, refused pushes or the queue right, as `tell` does a change's. */
export async function report(road: Road, job: Extract<Job, { job: 'report' }>): Promise<Ran> {
  return await road.locks.withLock(`report:${job.about}:${job.id}`, async () => {
    const notices = await subjects[job.about]?.(road, job.id);
    if (notices != null) await makeAllRight(road, job.id, notices);
    return done;
  });
}
