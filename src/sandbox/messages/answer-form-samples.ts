import type { Catalogue } from '../../core/policy/catalogue.ts';
import { awayForm } from '../../slack/delegation/away.ts';
import { lessModal, requestModal } from '../../slack/request/form.ts';
import { filledIn } from '../../slack/request/free-text-form.ts';
import { withNarrower } from '../../slack/request/narrower.ts';
import { answerModal, askModal } from '../../slack/request/questions.ts';
import { withTicketChoice } from '../../slack/request/ticket-end.ts';
import { after, changeId, type FormSample, nameOf } from './sample.ts';
import { usual } from './sample-change.ts';

/** Forms between whoever asks and whoever decides, and of whoever is away. */
export function answerFormSamples(catalogue: Catalogue): FormSample[] {
  const { read } = usual(catalogue);
  const key = { change: changeId, round: 1, channel: 'C0000001' };
  const words = `${read.title} from Tuesday on, until OPS-4711 is closed`;
  return [
    {
      title: '/access, filled in from free words',
      view: filledIn(withTicketChoice(requestModal(catalogue.entitlements, read)), {
        entitlement: read,
        candidates: [read],
        seconds: read.defaultSeconds,
        startsAt: after(86_400),
        until: after(86_400 + read.defaultSeconds),
        isCut: false,
        isForever: false,
        words,
        reason: words,
        ticket: 'OPS-4711',
        endsWithTicket: true,
        read: { answered: false, why: 'not configured' },
      }),
    },
    {
      title: 'Approve less, or something narrower',
      view: withNarrower(
        lessModal(key, nameOf('ines'), read.defaultSeconds, read.durationsSeconds),
        read.defaultSeconds,
        catalogue.entitlements,
      ),
    },
    { title: 'Ask a question', view: askModal(key, nameOf('ines')) },
    {
      title: 'Answer a question',
      view: answerModal(
        { ...key, question: 1 },
        { name: nameOf('olga'), text: `Is ${read.title} what you mean, and not all of it?` },
      ),
    },
    { title: '/access away', view: awayForm(true, 'U0000004') },
  ];
}
