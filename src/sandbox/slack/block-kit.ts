/**
 * Checks blocks and views against Block Kit's limits. It says what is wrong the way Slack does:
 * `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
 *
 * Limits: [docs.slack.dev/reference/block-kit/blocks], [.../block-elements], [.../composition-objects],
 * [docs.slack.dev/reference/views] and @slack/types 3.2.
 */
import { checkElement } from './block-kit-elements.ts';
import { richText } from './block-kit-rich-text.ts';
import {
  type Complaints,
  isObject,
  list,
  plainTextObject,
  requireText,
  stringWithin,
  textObject,
} from './block-kit-text.ts';

export type Surface = 'message' | 'modal' | 'home';

const BLOCKS_PER_MESSAGE = 50;
const BLOCKS_PER_VIEW = 100;
const BLOCK_ID_CHARS = 255;
const SECTION_TEXT_CHARS = 3_000;
const SECTION_FIELDS = 10;
const SECTION_FIELD_CHARS = 2_000;
const HEADER_CHARS = 150;
const CONTEXT_ELEMENTS = 10;
const ACTIONS_ELEMENTS = 25;
const CONTEXT_ACTIONS_ELEMENTS = 5;
const INPUT_LABEL_CHARS = 2_000;
const INPUT_HINT_CHARS = 2_000;
const IMAGE_URL_CHARS = 3_000;
const ALT_TEXT_CHARS = 2_000;
const MARKDOWN_CHARS = 12_000;
const TABLE_ROWS = 100;
const TABLE_COLUMNS = 20;
const ALERT_CHARS = 200;
const CARD_TITLE_CHARS = 150;
const CARD_BODY_CHARS = 200;
const CARD_ACTIONS = 3;
const CAROUSEL_CARDS = 10;
const CONTAINER_CHILDREN = 10;
const VIEW_TITLE_CHARS = 24;
const PRIVATE_METADATA_CHARS = 3_000;
const CALLBACK_ID_CHARS = 255;
const EXTERNAL_ID_CHARS = 255;

type Raw = Record<string, unknown>;
type BlockCheck = (block: Raw, at: string, complaints: Complaints, surface: Surface) => void;

const blockChecks: Record<string, BlockCheck> = {
  divider: () => undefined,
  section(block, at, complaints) {
    if (block.text === undefined && block.fields === undefined) {
      complaints.push('missing required field: text', at);
    }
    if (block.text !== undefined) textObject(block.text, `${at}/text`, complaints, SECTION_TEXT_CHARS);
    if (block.fields !== undefined) {
      for (const [i, field] of list(block.fields, `${at}/fields`, complaints, [
        1,
        SECTION_FIELDS,
      ]).entries()) {
        textObject(field, `${at}/fields/${i}`, complaints, SECTION_FIELD_CHARS);
      }
    }
    if (block.accessory !== undefined) {
      checkElement(block.accessory, `${at}/accessory`, complaints, 'section');
    }
  },
  header(block, at, complaints) {
    plainTextObject(block.text, `${at}/text`, complaints, HEADER_CHARS);
  },
  context(block, at, complaints) {
    for (const [i, element] of list(block.elements, `${at}/elements`, complaints, [
      1,
      CONTEXT_ELEMENTS,
    ]).entries()) {
      const here = `${at}/elements/${i}`;
      if (isObject(element) && element.type === 'image') {
        checkElement(element, here, complaints, 'context');
      } else textObject(element, here, complaints, SECTION_TEXT_CHARS);
    }
  },
  actions(block, at, complaints) {
    for (const [i, element] of list(block.elements, `${at}/elements`, complaints, [
      1,
      ACTIONS_ELEMENTS,
    ]).entries()) {
      checkElement(element, `${at}/elements/${i}`, complaints, 'actions');
    }
  },
  context_actions(block, at, complaints) {
    list(block.elements, `${at}/elements`, complaints, [1, CONTEXT_ACTIONS_ELEMENTS]);
  },
  input(block, at, complaints) {
    plainTextObject(block.label, `${at}/label`, complaints, INPUT_LABEL_CHARS);
    if (block.hint !== undefined) {
      plainTextObject(block.hint, `${at}/hint`, complaints, INPUT_HINT_CHARS);
    }
    checkElement(block.element, `${at}/element`, complaints, 'input');
  },
  image(block, at, complaints) {
    requireText(block.alt_text, `${at}/alt_text`, complaints, ALT_TEXT_CHARS);
    if (block.slack_file === undefined)
      requireText(block.image_url, `${at}/image_url`, complaints, IMAGE_URL_CHARS);
    if (block.title !== undefined) plainTextObject(block.title, `${at}/title`, complaints, ALT_TEXT_CHARS);
  },
  rich_text(block, at, complaints) {
    richText(block.elements, `${at}/elements`, complaints);
  },
  markdown(block, at, complaints) {
    requireText(block.text, `${at}/text`, complaints, MARKDOWN_CHARS);
  },
  table(block, at, complaints) {
    for (const [i, row] of list(block.rows, `${at}/rows`, complaints, [1, TABLE_ROWS]).entries()) {
      list(row, `${at}/rows/${i}`, complaints, [1, TABLE_COLUMNS]);
    }
  },
  alert(block, at, complaints) {
    textObject(block.text, `${at}/text`, complaints, ALERT_CHARS);
  },
  card(block, at, complaints) {
    if (block.title !== undefined) textObject(block.title, `${at}/title`, complaints, CARD_TITLE_CHARS);
    if (block.subtitle !== undefined)
      textObject(block.subtitle, `${at}/subtitle`, complaints, CARD_TITLE_CHARS);
    if (block.body !== undefined) textObject(block.body, `${at}/body`, complaints, CARD_BODY_CHARS);
    if (block.actions === undefined) return;
    for (const [i, element] of list(block.actions, `${at}/actions`, complaints, [
      1,
      CARD_ACTIONS,
    ]).entries()) {
      checkElement(element, `${at}/actions/${i}`, complaints, 'actions');
    }
  },
  carousel(block, at, complaints, surface) {
    for (const [i, card] of list(block.elements, `${at}/elements`, complaints, [
      1,
      CAROUSEL_CARDS,
    ]).entries()) {
      if (isObject(card)) blockChecks.card?.(card, `${at}/elements/${i}`, complaints, surface);
    }
  },
  container(block, at, complaints, surface) {
    const children = list(block.child_blocks, `${at}/child_blocks`, complaints, [1, CONTAINER_CHILDREN]);
    for (const [i, child] of children.entries()) {
      checkBlock(child, `${at}/child_blocks/${i}`, complaints, { surface, blockIds: new Set() });
    }
  },
  video: () => undefined,
  file: () => undefined,
  plan: () => undefined,
  task_card: () => undefined,
  data_table: () => undefined,
  data_visualization: () => undefined,
};

/** Blocks that only some surfaces take; all others go everywhere. */
const onlyOn: Record<string, readonly Surface[]> = {
  alert: ['modal'],
  markdown: ['message'],
  table: ['message'],
  context_actions: ['message'],
  plan: ['message'],
  task_card: ['message'],
  file: ['message'],
};

function checkBlock(
  block: unknown,
  at: string,
  complaints: Complaints,
  { surface, blockIds }: { surface: Surface; blockIds: Set<string> },
): void {
  if (!isObject(block)) {
    complaints.push('must provide an object', at);
    return;
  }
  const type = String(block.type);
  const check = blockChecks[type];
  const surfaces = onlyOn[type];
  if (check === undefined || (surfaces !== undefined && !surfaces.includes(surface))) {
    complaints.push(`unsupported type: ${type}`, `${at}/type`);
    return;
  }
  if (block.block_id !== undefined) {
    stringWithin(block.block_id, `${at}/block_id`, complaints, BLOCK_ID_CHARS);
    const id = String(block.block_id);
    if (blockIds.has(id))
      complaints.push(`\`block_id\` \`${id}\` already exists for another block`, `${at}/block_id`);
    blockIds.add(id);
  }
  check(block, at, complaints, surface);
}

function checkBlocks(blocks: unknown, complaints: Complaints, surface: Surface, at: string): void {
  const most = surface === 'message' ? BLOCKS_PER_MESSAGE : BLOCKS_PER_VIEW;
  const blockIds = new Set<string>();
  for (const [i, block] of list(blocks, at, complaints, [0, most]).entries()) {
    checkBlock(block, `${at}/${i}`, complaints, { surface, blockIds });
  }
}

class PointedComplaints implements Complaints {
  readonly messages: string[] = [];
  push(text: string, pointer: string): void {
    this.messages.push(`${text} [json-pointer:${pointer}]`);
  }
}

/** Slack's complaints about a message's blocks; empty when all is well. */
export function blockComplaints(blocks: unknown): string[] {
  const complaints = new PointedComplaints();
  checkBlocks(blocks, complaints, 'message', '/blocks');
  return complaints.messages;
}

/** Slack's complaints about a modal or home; empty when all is well. */
export function viewComplaints(view: unknown): string[] {
  const complaints = new PointedComplaints();
  if (!isObject(view)) {
    complaints.push('must provide an object', '/view');
    return complaints.messages;
  }
  if (view.type !== 'modal' && view.type !== 'home') {
    complaints.push(`unsupported type: ${String(view.type)}`, '/view/type');
    return complaints.messages;
  }
  if (view.type === 'modal') {
    plainTextObject(view.title, '/view/title', complaints, VIEW_TITLE_CHARS);
    for (const part of ['submit', 'close'] as const) {
      if (view[part] !== undefined && view[part] !== null) {
        plainTextObject(view[part], `/view/${part}`, complaints, VIEW_TITLE_CHARS);
      }
    }
  }
  stringWithin(view.private_metadata ?? '', '/view/private_metadata', complaints, PRIVATE_METADATA_CHARS);
  stringWithin(view.callback_id ?? '', '/view/callback_id', complaints, CALLBACK_ID_CHARS);
  stringWithin(view.external_id ?? '', '/view/external_id', complaints, EXTERNAL_ID_CHARS);
  checkBlocks(view.blocks, complaints, view.type, '/view/blocks');
  const hasInput = Array.isArray(view.blocks) && view.blocks.some((b) => isObject(b) && b.type === 'input');
  if (view.type === 'modal' && hasInput && (view.submit === undefined || view.submit === null)) {
    complaints.push('missing required field: submit', '/view');
  }
  return complaints.messages;
}
