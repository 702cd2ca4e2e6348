import type { KnownBlock } from '@slack/types';
import { isFound } from '../../core/change/change.ts';
import { openStage, slotsOf } from '../../core/policy/routing.ts';
import type { ChangeView } from '../../flow/messages/change-view.ts';
import { plain } from '../mrkdwn.ts';

/** More would hide the others. */
const NAMED_MAX = 6;

/** Why each of them is asked, for the person who waits: `Tom Okafor (the manager), Olga Brandt (owns it)`. */
export function whyThem({ change }: ChangeView): KnownBlock[] {
  if (change.state !== 'asking' || change.plan === null || isFound(change)) return [];
  const { stage } = openStage(change.plan, change.approvals);
  const whys = new Map<string, { name: string; as: Set<string> }>();
  for (const { source, people } of slotsOf(stage))
    for (const { id, name } of people) {
      const known = whys.get(id) ?? { name, as: new Set<string>() };
      whys.set(id, { name, as: known.as.add(asWhat(source)) });
    }
  const all = [...whys.values()].map(({ name, as }) => `${name} (${[...as].join(', ')})`);
  if (all.length === 0) return [];
  const more = all.length > NAMED_MAX ? ` and ${all.length - NAMED_MAX} more` : '';
  return [{ type: 'context', elements: [plain(`Why them: ${all.slice(0, NAMED_MAX).join(', ')}${more}.`)] }];
}

/** A source as the plan keeps it. */
function asWhat(source: string): string {
  if (source === 'manager') return 'the manager';
  if (source === 'owner') return 'owns it';
  if (source.startsWith('admins')) return 'an admin, because nobody else is left';
  return source.includes('@') ? 'named in the catalogue' : source;
}
