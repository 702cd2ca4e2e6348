/** Finds elements in blocks, and turns what a person types or picks into the values that Slack sends. */
import { randomBytes } from 'node:crypto';
import type { Block, ElementState, StateValues } from './workspace.ts';

export type Element = { type: string; action_id: string; [field: string]: unknown };
export type PlacedElement = { blockId: string; block: Block; element: Element };
type Option = { text: unknown; value: string };

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'object' && v !== null) : [];
}

/** The raw elements of a block, wherever that kind of block keeps them. */
function elementsOf(block: Block): Record<string, unknown>[] {
  if (block.type === 'input') return objects([block.element]);
  if (block.type === 'section') return objects([block.accessory]);
  if (block.type === 'actions') return objects(block.elements);
  if (block.type === 'card') return objects(block.actions);
  return [];
}

function nestedBlocks(block: Block): Block[] {
  if (block.type === 'container') return objects(block.child_blocks) as Block[];
  if (block.type === 'carousel') return objects(block.elements) as Block[];
  return [];
}

/** Slack gives every block and every element an id where the app gave none. */
export function withIds(blocks: readonly Block[]): Block[] {
  const copies = structuredClone(blocks) as Block[];
  for (const block of copies) {
    block.block_id ??= randomBytes(3).toString('base64url');
    for (const element of elementsOf(block)) {
      if (element.type !== 'image') element.action_id ??= randomBytes(3).toString('base64url');
    }
    for (const nested of nestedBlocks(block)) {
      nested.block_id ??= randomBytes(3).toString('base64url');
      for (const element of elementsOf(nested)) element.action_id ??= randomBytes(3).toString('base64url');
    }
  }
  return copies;
}

export function placedElements(blocks: readonly Block[]): PlacedElement[] {
  return blocks.flatMap((block) => [
    ...elementsOf(block)
      .filter((element) => typeof element.action_id === 'string')
      .map((element) => ({ blockId: block.block_id ?? '', block, element: element as Element })),
    ...placedElements(nestedBlocks(block)),
  ]);
}

/** The element with that action id (and block id, where one is given). */
export function findElement(
  blocks: readonly Block[],
  actionId: string,
  blockId?: string,
): PlacedElement | null {
  return (
    placedElements(blocks).find(
      (p) => p.element.action_id === actionId && (blockId === undefined || p.blockId === blockId),
    ) ?? null
  );
}

function optionsOf(element: Record<string, unknown>): Option[] {
  const groups = objects(element.option_groups).flatMap((group) => objects(group.options));
  return [...objects(element.options), ...groups] as Option[];
}

/** The parts of an answer: people, conversations and, for external menus, what was offered. */
export type Picking = {
  user(name: string): string | null;
  conversation(name: string): string | null;
  offered: Record<string, unknown>[];
};

export type Picked = { state: ElementState } | { error: string };

/** In which field of `state.values` each kind of element keeps its value, and whether it holds several. */
const kinds: Record<string, { field: string; from: 'text' | 'option' | 'user' | 'conversation' | 'number' }> =
  {
    plain_text_input: { field: 'value', from: 'text' },
    email_text_input: { field: 'value', from: 'text' },
    url_text_input: { field: 'value', from: 'text' },
    number_input: { field: 'value', from: 'text' },
    datepicker: { field: 'selected_date', from: 'text' },
    timepicker: { field: 'selected_time', from: 'text' },
    datetimepicker: { field: 'selected_date_time', from: 'number' },
    static_select: { field: 'selected_option', from: 'option' },
    external_select: { field: 'selected_option', from: 'option' },
    radio_buttons: { field: 'selected_option', from: 'option' },
    overflow: { field: 'selected_option', from: 'option' },
    checkboxes: { field: 'selected_options', from: 'option' },
    multi_static_select: { field: 'selected_options', from: 'option' },
    multi_external_select: { field: 'selected_options', from: 'option' },
    users_select: { field: 'selected_user', from: 'user' },
    multi_users_select: { field: 'selected_users', from: 'user' },
    conversations_select: { field: 'selected_conversation', from: 'conversation' },
    multi_conversations_select: { field: 'selected_conversations', from: 'conversation' },
    channels_select: { field: 'selected_channel', from: 'conversation' },
    multi_channels_select: { field: 'selected_channels', from: 'conversation' },
  };

export function holdsState(element: Element): boolean {
  return element.type in kinds && element.type !== 'overflow';
}

/**
 * The state entry for a person's answer: a text, an option's value, a user's id or handle, or a date. It is a list
 * where several can be picked, and null for "nothing". Errors: `unsupported_element`, `no_such_option`, `no_such_user`,
 * `no_such_conversation`.
 */
export function pick(element: Element, answer: string | string[] | null, picking: Picking): Picked {
  const kind = kinds[element.type];
  if (kind === undefined) return { error: `unsupported_element: ${element.type}` };
  const isMany = kind.field.endsWith('s');
  const answers = answer === null || answer === '' ? [] : Array.isArray(answer) ? answer : [answer];
  const values: unknown[] = [];
  for (const one of answers) {
    if (kind.from === 'text') values.push(one);
    else if (kind.from === 'number') values.push(Number(one));
    else if (kind.from === 'option') {
      const option = [...optionsOf(element), ...picking.offered].find((o) => o.value === one);
      if (option === undefined) return { error: `no_such_option: ${one}` };
      values.push(option);
    } else {
      const id = kind.from === 'user' ? picking.user(one) : picking.conversation(one);
      if (id === null) return { error: `no_such_${kind.from}: ${one}` };
      values.push(id);
    }
  }
  return { state: { type: element.type, [kind.field]: isMany ? values : (values[0] ?? null) } };
}

/** The state that an element starts with, from its `initial_*` fields. */
function initialState(element: Element): ElementState {
  const field = kinds[element.type]?.field ?? 'value';
  const initial = element[field.replace(/^selected_/, 'initial_').replace(/^value$/, 'initial_value')];
  return { type: element.type, [field]: initial ?? (field.endsWith('s') ? [] : null) };
}

/**
 * The values of all fields of a view. A field that was there before with the same block id, action id and type
 * keeps what the person had entered, as in Slack.
 */
export function stateOf(blocks: readonly Block[], before: StateValues = {}): StateValues {
  const values: StateValues = {};
  for (const { blockId, element } of placedElements(blocks)) {
    if (!holdsState(element)) continue;
    const kept = before[blockId]?.[element.action_id];
    setState(values, blockId, element.action_id, kept?.type === element.type ? kept : initialState(element));
  }
  return values;
}

/** Puts one element's entry into `state.values`. */
export function setState(values: StateValues, blockId: string, actionId: string, state: ElementState): void {
  values[blockId] ??= {};
  values[blockId][actionId] = state;
}

function isEmpty(state: ElementState | undefined): boolean {
  if (state === undefined) return true;
  const value = Object.entries(state).find(([field]) => field !== 'type')?.[1];
  return (
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** The words of Slack's own client under a field before it lets a form go: block id to text. */
export function clientErrors(blocks: readonly Block[], values: StateValues): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { blockId, block, element } of placedElements(blocks)) {
    if (block.type !== 'input') continue;
    const state = values[blockId]?.[element.action_id];
    if (isEmpty(state)) {
      if (block.optional !== true) errors[blockId] = 'Please complete this required field.';
      continue;
    }
    const text = typeof state?.value === 'string' ? state.value : null;
    if (text === null) continue;
    const [fewest, most] = [Number(element.min_length ?? 0), Number(element.max_length ?? 3_000)];
    if (element.type === 'plain_text_input' && text.length < fewest)
      errors[blockId] = `Enter at least ${fewest} characters.`;
    if (element.type === 'plain_text_input' && text.length > most)
      errors[blockId] = `Enter at most ${most} characters.`;
  }
  return errors;
}
