import type { Catalogue } from '../../core/policy/catalogue.ts';
import { refuse } from '../../core/refusal.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { after, type Sample } from './sample.ts';
import {
  approval,
  asked,
  changeAfter,
  decision,
  planOf,
  received,
  type SampleEvent,
  usual,
  viewOf,
} from './sample-change.ts';

const DAY = 86_400;

/** A start in the future, from the question to its end. */
export function scheduledSamples(catalogue: Catalogue): Sample<ChangeView>[] {
  const { read } = usual(catalogue);
  const startsAt = after(4 * DAY);
  const endsAt = after(5 * DAY);
  const question = asked(read, planOf(['tom', 'olga']));
  const waiting: SampleEvent[] = [received(read, { startsAt }), question];
  const scheduled = {
    type: 'changeScheduled',
    startsAt,
    endsAt,
    decision: decision('approved', 'tom'),
    verdict: { effect: 'ask', grounds: [] },
    target: { idp: 'okta', groupId: 'group', groupName: read.idpGroup, teamId: 'team', teamName: read.team },
  } as SampleEvent;
  const of = (title: string, ...events: SampleEvent[]) => ({
    title,
    view: viewOf(read, changeAfter([...waiting, ...events])),
  });
  const ahead = [approval('tom'), scheduled];
  return [
    of('Asked for from later on'),
    of('Approved for later', ...ahead),
    of('Its start has come, and it can’t be checked', ...ahead, {
      type: 'startDelayed',
      why: 'Okta does not answer in time',
    }),
    of('Called off before its start', ...ahead, {
      type: 'changeDenied',
      decision: decision('denied', 'tom', 'The freeze comes first'),
      revokeId: null,
    }),
    of('Approved for later, and no longer fits', ...ahead, {
      type: 'requestRefused',
      refusal: refuse(
        'entitlementUnavailable',
        'This entitlement can’t be given: it left the catalogue.',
        'Ask the catalogue’s owner.',
      ),
    }),
    of('Its time was over before it could begin', ...ahead, {
      type: 'requestLapsed',
      decision: decision('lapsed', null, 'its time was over before it could begin'),
    }),
  ];
}
