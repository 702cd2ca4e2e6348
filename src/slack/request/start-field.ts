import type { KnownBlock } from '@slack/types';
import { fields } from './fields.ts';

/** From when it is wanted. Slack shows the field in each person’s own time zone, and sends seconds since 1970. */
export function startInput(initial: Date | null = null): KnownBlock {
  return {
    type: 'input',
    block_id: fields.start,
    optional: true,
    label: { type: 'plain_text', text: 'From when?' },
    hint: {
      type: 'plain_text',
      text: 'Leave it empty for: as soon as it is approved. The time counts from here.',
    },
    element: {
      type: 'datetimepicker',
      action_id: fields.start,
      ...(initial === null ? {} : { initial_date_time: Math.floor(initial.getTime() / 1_000) }),
    },
  };
}

/** What was chosen in it; null: nothing, so at once. */
export function startIn(
  values: Record<string, Record<string, { selected_date_time?: number | null }>>,
): Date | null {
  const seconds = values[fields.start]?.[fields.start]?.selected_date_time ?? null;
  return seconds === null ? null : new Date(seconds * 1_000);
}
