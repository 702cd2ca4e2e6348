import type { KnownBlock, ModalView } from '@slack/types';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import { OPTION_TEXT_MAX, plain } from '../mrkdwn.ts';
import { fields } from './fields.ts';
import { durationOption } from './form.ts';

/**
 * The form for less time, with the narrower entitlements that may be given instead, where there are any. A narrower
 * entitlement may be given for all of the time that was asked for.
 */
export function withNarrower(
  form: ModalView,
  askedSeconds: number,
  narrower: readonly Pick<Entitlement, 'key' | 'title'>[],
): ModalView {
  if (narrower.length === 0) return form;
  const instead: KnownBlock = {
    type: 'input',
    block_id: fields.narrower,
    optional: true,
    label: { type: 'plain_text', text: 'Give something narrower instead' },
    hint: {
      type: 'plain_text',
      text: 'Leave it empty to give what was asked for. Who asked is told what changed, and may decline.',
    },
    element: {
      type: 'static_select',
      action_id: 'narrower',
      options: narrower.map(({ key, title }) => ({ text: plain(title, OPTION_TEXT_MAX), value: key })),
    },
  };
  return {
    ...form,
    title: { type: 'plain_text', text: 'Approve less' },
    blocks: [...form.blocks.map((block) => withAllOfTheTime(block as KnownBlock, askedSeconds)), instead],
  };
}

function withAllOfTheTime(block: KnownBlock, seconds: number): KnownBlock {
  if (block.type !== 'input' || block.element.type !== 'static_select') return block;
  const { options = [] } = block.element;
  return { ...block, element: { ...block.element, options: [...options, durationOption(seconds)] } };
}
