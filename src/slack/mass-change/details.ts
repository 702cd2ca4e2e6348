import type { KnownBlock, ModalView } from '@slack/types';
import { figure, massHead, totalOf } from '../../core/mass-change/words.ts';
import type { MassView } from '../../flow/mass-change/view.ts';
import type { ShownItem } from '../../store/mass-changes.ts';
import { section } from '../blocks.ts';
import { adviceBlocks } from '../change-card/advice.ts';
import { approverLines, linesOf, under } from '../change-card/details.ts';
import { deciderBlocks } from '../change-card/rulings.ts';
import { mrkdwn, plain, plainLines } from '../mrkdwn.ts';
import { massFacts, massNamesOf } from './card.ts';

/** In one text block, so that a hundred fit the form. */
const NAMES_IN_BLOCK = 25;
/** On the card, or among the names. */
const notAgain = ['people', 'entitlement', 'tier', 'who did it', 'count', 'held'];

/** Pure: all that is known of what is decided on one card, with the first of the people by name. Reads only. */
export function massDetails(
  view: MassView,
  shown: { items: readonly ShownItem[]; count: number },
): ModalView {
  const { mass, summary, progress } = view;
  const count = mass.state === 'asking' ? progress.open : totalOf(progress);
  return {
    type: 'modal',
    callback_id: 'message',
    title: { type: 'plain_text', text: 'Details' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [
      section(mrkdwn(`*${massHead(mass, count, massNamesOf(view))}*`)),
      ...massFacts(view),
      ...deciderBlocks(mass.plan),
      ...(mass.kind === 'moved' ? [] : namesBlocks(shown)),
      ...(summary === null
        ? []
        : under('What is known', linesOf(summary.sheet.facts.filter((f) => !notAgain.includes(f.label))))),
      ...under(
        'What the written policy says to it',
        (summary?.sheet.clauses ?? []).map((clause) => `${clause.id}: ${clause.text}`),
      ),
      ...under('Who may decide', mass.plan === null ? [] : approverLines(mass.plan)),
      ...(summary === null ? [] : [{ type: 'divider' as const }, ...adviceBlocks(summary)]),
    ],
  };
}

/** With where they work. */
function namesBlocks({ items, count }: { items: readonly ShownItem[]; count: number }): KnownBlock[] {
  const lines = items.map(({ name, department, status, note }) =>
    [
      `${name} (${department ?? 'no department'})`,
      ...(status === 'active' ? [] : [status]),
      ...(note === null ? [] : [note]),
    ].join(', '),
  );
  if (lines.length === 0) return [section(plain('Nobody any more: it was changed back.'))];
  const rest = count - items.length;
  return [
    section(mrkdwn('*The people*')),
    ...Array.from({ length: Math.ceil(lines.length / NAMES_IN_BLOCK) }, (_, i) =>
      section(plainLines(lines.slice(i * NAMES_IN_BLOCK, (i + 1) * NAMES_IN_BLOCK))),
    ),
    ...(rest > 0
      ? [
          {
            type: 'context' as const,
            elements: [plain(`And ${figure(rest)} more; the audit trail names all of them.`)],
          },
        ]
      : []),
  ];
}
