import type { KnownBlock, ModalView } from '@slack/types';
import type { Context } from '../../flow/kernel/context.ts';
import { plain } from '../mrkdwn.ts';
import { fields } from './fields.ts';

const ENDS = 'ends';

/** The form with the choice to end the access with its ticket, where tickets can be looked up. */
export function withTicketEnd({ tickets }: Pick<Context, 'tickets'>, form: ModalView): ModalView {
  return tickets === undefined ? form : withTicketChoice(form);
}

/** Pure: the form with the choice below its ticket. */
export function withTicketChoice(form: ModalView): ModalView {
  const choice = ticketEndInput(false);
  const blocks = form.blocks as KnownBlock[];
  const at = blocks.findIndex((block) => block.block_id === fields.ticket) + 1;
  return at === 0 ? form : { ...form, blocks: [...blocks.slice(0, at), choice, ...blocks.slice(at)] };
}

/** That choice as if it was made already. */
export function chosenTicketEnd(): KnownBlock {
  return ticketEndInput(true);
}

function ticketEndInput(isChosen: boolean): KnownBlock {
  const option = { text: plain('End the access then, though its time is not over'), value: ENDS };
  return {
    type: 'input',
    block_id: fields.endsWithTicket,
    optional: true,
    label: { type: 'plain_text', text: 'When the ticket is closed' },
    element: {
      type: 'checkboxes',
      action_id: 'ends',
      options: [option],
      ...(isChosen ? { initial_options: [option] } : {}),
    },
  };
}

/** Whether that was chosen in the form that was sent. */
export function endsWithTicketIn(
  values: Record<string, Record<string, { selected_options?: { value?: string }[] | null }>>,
): { endsWithTicket?: true } {
  const chosen = values[fields.endsWithTicket]?.ends?.selected_options ?? [];
  return chosen.some(({ value }) => value === ENDS) ? { endsWithTicket: true } : {};
}
