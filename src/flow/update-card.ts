import type { Job, Subject } from '../core/jobs/reactions.ts';
import { canaryNoticesAbout } from './canary/view.ts';
import { refusedPushNoticesAbout } from './drift/refused-push.ts';
import { type Context, done, type Ran } from './kernel/context.ts';
import { massNoticesAbout } from './mass-change/view.ts';
import { makeAllRight } from './messages/update-messages.ts';
import { offboardingNoticesAbout } from './offboarding/view.ts';
import { policyNoticesAbout } from './policy/policy-alarm.ts';
import type { Notice } from './ports.ts';
import { queueNoticesAbout } from './queue/queue-alarm.ts';

/** The messages that should exist about something that is not a change; null: there is no such thing. */
type NoticesAbout = (context: Context, id: string) => Promise<Notice<unknown>[] | null>;

const subjects: Partial<Record<Subject, NoticesAbout>> = {
  massChange: massNoticesAbout,
  offboarding: offboardingNoticesAbout,
  canary: canaryNoticesAbout,
  policy: policyNoticesAbout,
  refusedPush: refusedPushNoticesAbout,
  queue: queueNoticesAbout,
};

/** Makes the messages about an offboarding, a mass change, the canary, the policy, refused pushes or the queue right, as `tell` does a change's. */
export async function updateCard(context: Context, job: Extract<Job, { job: 'updateCard' }>): Promise<Ran> {
  return await context.locks.withLock(`updateCard:${job.about}:${job.id}`, async () => {
    const notices = await subjects[job.about]?.(context, job.id);
    if (notices != null) await makeAllRight(context, job.id, notices);
    return done;
  });
}
