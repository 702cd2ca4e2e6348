import { standing } from '../core/words.ts';
import type { Notice } from '../flow/ports.ts';
import type { ChangeView, Named } from '../flow/view.ts';
import { alarms } from './alarm.ts';
import { card, namesOf, type SlackContent } from './card.ts';
import { outcomeNotes } from './outcome.ts';
import { personal, type Reader } from './personal.ts';

/** Pure: every message that should exist for a change as it stands. */
export function notices(view: ChangeView): Notice<SlackContent>[] {
  const { change } = view;
  const all: Notice<SlackContent>[] = [];
  const now = standing(change, view.ending, namesOf(view));
  const wasAsked = change.plan !== null || change.decision !== null;
  if (wasAsked)
    all.push({ key: 'card', to: { channel: view.channel }, under: null, content: card(view, now) });
  const people: [Exclude<Reader, 'channel'>, Named | null][] = [
    ['requester', view.requester],
    ['beneficiary', view.beneficiary],
  ];
  for (const [key, person] of people) {
    if (person?.accountId == null || change.state === 'received') continue;
    const toThem = key === 'beneficiary' ? standing(change, view.ending, namesOf(view, true)) : now;
    const to = { account: person.accountId };
    all.push({ key, to, under: null, content: personal(view, toThem, key) });
    for (const note of outcomeNotes(view, key))
      all.push({ key: `${key}:${note.key}`, to, under: key, content: note.content });
  }
  if (wasAsked)
    for (const note of outcomeNotes(view, 'channel'))
      all.push({
        key: `card:${note.key}`,
        to: { channel: view.channel },
        under: 'card',
        content: note.content,
      });
  all.push(...alarms(view));
  return all;
}
