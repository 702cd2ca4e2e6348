import { expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { takenOver } from '../../../src/core/change/extended.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import { changeAfter, events, later, wayTo } from '../given.ts';

const DAY = 86_400;
const endsWith = (ticket: string) => ({ endsWithTicket: true, ticket }) as const;
const withoutEnd = (ticket: string | null) => ({ ticket });

/** An extension of a day, approved; it begins when the earlier access ends. */
const approved: ChangeEvent = {
  ...events.changeApproved,
  changeId: 'extension' as ChangeId,
  grant: { id: 'grant-2' as GrantId, startsAt: later(60), endsAt: later(2 * DAY) },
};
const held = (rest: Partial<Change>): Change => ({ ...changeAfter(...wayTo.inEffect), ...rest });

test.each<
  [what: string, extension: Parameters<typeof takenOver>[2], earlier: Partial<Change>, over: boolean]
>([
  ['neither ends with a ticket', withoutEnd(null), withoutEnd(null), true],
  ['both end with the same ticket', endsWith('INC-1'), endsWith('INC-1'), true],
  ['the extension ends with none', withoutEnd(null), endsWith('INC-1'), true],
  ['the extension ends with one, and the earlier does not', endsWith('INC-1'), withoutEnd('INC-1'), false],
  ['they end with different ones', endsWith('INC-2'), endsWith('INC-1'), false],
])('%s: whether the extension takes the earlier access over', (_, extension, earlier, over) => {
  const ended = takenOver([approved], [held(earlier)], extension);
  expect(ended.map(({ type }) => type)).toEqual(over ? ['grantEnded'] : []);
});
