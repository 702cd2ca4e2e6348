import type { Catalogue } from '../../core/policy/catalogue.ts';
import { refuse } from '../../core/refusal.ts';
import { detailsModal } from '../../slack/change-card/details.ts';
import {
  denyModal,
  extendModal,
  lessModal,
  loadingModal,
  nothingModal,
  refusalModal,
  requestModal,
} from '../../slack/request/form.ts';
import { changeSamples } from './change-samples.ts';
import { after, CHANNEL, changeId, type FormSample, nameOf } from './sample.ts';
import { usual } from './sample-change.ts';

export function formSamples(catalogue: Catalogue): FormSample[] {
  const { read } = usual(catalogue);
  const key = { change: changeId, round: 1, channel: 'C0000001' };
  const draft = {
    entitlementKey: read.key,
    forAccountId: null,
    reason: 'The incident goes on',
    ticket: null,
    seconds: read.defaultSeconds,
  };
  return [
    { title: '/access, at once', view: loadingModal() },
    { title: '/access', view: requestModal(catalogue.entitlements, null) },
    { title: '/access, with a choice made', view: requestModal(catalogue.entitlements, read) },
    {
      title: '/access, nothing to ask for',
      view: nothingModal(catalogue.admins.map((email) => ({ name: email, accountId: 'U0000005' }))),
    },
    {
      title: '/access, refused',
      view: refusalModal(
        refuse('guest', 'Guests neither ask for access nor hold it.', 'Somebody of the company has to ask.'),
      ),
    },
    { title: 'Extend', view: extendModal(read, after(3_600), draft, false) },
    {
      title: 'Approve for less time',
      view: lessModal(key, nameOf('ines'), read.defaultSeconds, read.durationsSeconds),
    },
    { title: 'Deny', view: denyModal(key, nameOf('ines'), CHANNEL) },
    ...changeSamples(catalogue).map(({ title, view }) => ({
      title: `Details: ${title}`,
      view: detailsModal(view),
    })),
  ];
}
