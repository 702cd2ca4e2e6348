import type { ModalView } from '@slack/types';
import { itemInWords, itemStatusText } from '../../core/offboarding/words.ts';
import type { OffboardingView } from '../../flow/offboarding/view.ts';
import { section } from '../blocks.ts';
import { under } from '../change-card/details.ts';
import { mention } from '../change-card/names.ts';
import { escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import { doneLines, offboardingHead, offboardingNames } from './card.ts';

/** Of hundreds the first say enough: a form holds a hundred blocks. */
const SHOWN = 30;

/** Pure: everything of a leaver's case: the teams, and each application with who is asked about it. Reads only. */
export function offboardingDetails(view: OffboardingView): ModalView {
  const { offboarding, owners, duties } = view;
  const names = offboardingNames(view);
  const { teams, items } = offboarding;
  const askedAbout = (key: string) =>
    owners
      .filter((one) => one.items.some((item) => item.key === key))
      .map(({ to }) => mention(to))
      .join(', ');
  const rest = items.length - SHOWN;
  return {
    type: 'modal',
    callback_id: 'message',
    title: { type: 'plain_text', text: 'Details' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [
      ...offboardingHead(view, names),
      section(mrkdwn(doneLines(view, names).join('\n'))),
      ...under(
        'Teams in Anypoint that they were in',
        teams
          .slice(0, SHOWN)
          .map(({ name, membershipType, kept, isManaged }) =>
            [
              name,
              ...(membershipType === 'maintainer' ? ['as maintainer'] : []),
              ...(isManaged ? [] : ['not in the catalogue']),
              ...(kept === null ? [] : [`still listed: ${kept}`]),
            ].join(', '),
          ),
      ),
      ...(items.length === 0 ? [] : [section(mrkdwn('*Their applications*'))]),
      ...items.slice(0, SHOWN).map((item) => {
        const asked = askedAbout(item.key);
        const whom = asked === '' ? '' : `\nAsked: ${asked}`;
        return section(
          mrkdwn(
            `*${escapeMrkdwn(item.name)}*, ${escapeMrkdwn(itemInWords(item))}\n${itemStatusText(item, names)}${whom}`,
          ),
        );
      }),
      ...(rest > 0
        ? [{ type: 'context' as const, elements: [plain(`And ${rest} more; the audit trail has them all.`)] }]
        : []),
      ...under('The catalogue names them', duties),
    ],
  };
}
