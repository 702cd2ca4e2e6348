/** Checks of single elements: buttons, menus, inputs. Limits: [docs.slack.dev/reference/block-kit/block-elements] */
import {
  type Complaints,
  checkText,
  isObject,
  list,
  plainTextObject,
  requireText,
  stringWithin,
  textObject,
} from './block-kit-text.ts';

const ACTION_ID_CHARS = 255;
const BUTTON_TEXT_CHARS = 75;
const BUTTON_VALUE_CHARS = 2_000;
const URL_CHARS = 3_000;
const CONFIRM_TITLE_CHARS = 100;
const CONFIRM_TEXT_CHARS = 300;
const CONFIRM_BUTTON_CHARS = 30;
const PLACEHOLDER_CHARS = 150;
const SELECT_OPTIONS = 100;
const OPTION_GROUPS = 100;
const CHOICE_OPTIONS = 10;
const OVERFLOW_OPTIONS = 5;
const OPTION_TEXT_CHARS = 75;
const OPTION_VALUE_CHARS = 150;
const OPTION_DESCRIPTION_CHARS = 75;
const GROUP_LABEL_CHARS = 75;
const TYPED_CHARS = 3_000;

type Raw = Record<string, unknown>;
type Place = 'section' | 'actions' | 'input' | 'context';
type ElementCheck = { places: readonly Place[]; check(element: Raw, at: string, c: Complaints): void };

const everywhere: readonly Place[] = ['section', 'actions', 'input'];
const clickable: readonly Place[] = ['section', 'actions'];
const inputOnly: readonly Place[] = ['input'];

/**
 * Only check boxes and radio buttons take mrkdwn
 * [docs.slack.dev/reference/block-kit/composition-objects/option-object].
 */
function options(
  value: unknown,
  at: string,
  c: Complaints,
  { most, only }: { most: number; only?: 'plain_text' },
): void {
  for (const [i, option] of list(value, at, c, [1, most]).entries()) {
    const here = `${at}/${i}`;
    if (!isObject(option)) {
      c.push('must provide an object', here);
      continue;
    }
    checkText(option.text, `${here}/text`, c, { most: OPTION_TEXT_CHARS, only });
    requireText(option.value, `${here}/value`, c, OPTION_VALUE_CHARS);
    if (option.description !== undefined) {
      checkText(option.description, `${here}/description`, c, { most: OPTION_DESCRIPTION_CHARS, only });
    }
  }
}

function placeholder(element: Raw, at: string, c: Complaints): void {
  if (element.placeholder !== undefined) {
    plainTextObject(element.placeholder, `${at}/placeholder`, c, PLACEHOLDER_CHARS);
  }
}

function sameOption(a: unknown, b: unknown): boolean {
  return isObject(a) && isObject(b) && a.value === b.value;
}

function staticMenu(element: Raw, at: string, c: Complaints): void {
  placeholder(element, at, c);
  const groups = element.option_groups;
  if (groups === undefined)
    options(element.options, `${at}/options`, c, { most: SELECT_OPTIONS, only: 'plain_text' });
  else {
    for (const [i, group] of list(groups, `${at}/option_groups`, c, [1, OPTION_GROUPS]).entries()) {
      if (!isObject(group)) continue;
      plainTextObject(group.label, `${at}/option_groups/${i}/label`, c, GROUP_LABEL_CHARS);
      options(group.options, `${at}/option_groups/${i}/options`, c, {
        most: SELECT_OPTIONS,
        only: 'plain_text',
      });
    }
  }
  initialIsOffered(element, at, c);
}

/** An initial choice must be one of the options, word for word. */
function initialIsOffered(element: Raw, at: string, c: Complaints): void {
  const offered = [
    ...(Array.isArray(element.options) ? element.options : []),
    ...(Array.isArray(element.option_groups)
      ? element.option_groups.flatMap((g: unknown) =>
          isObject(g) && Array.isArray(g.options) ? g.options : [],
        )
      : []),
  ];
  const chosen = [
    ...(element.initial_option === undefined ? [] : [element.initial_option]),
    ...(Array.isArray(element.initial_options) ? element.initial_options : []),
  ];
  for (const choice of chosen) {
    if (!offered.some((o) => sameOption(o, choice))) {
      c.push('failed to match any of the options', `${at}/initial_option`);
    }
  }
}

function choices(element: Raw, at: string, c: Complaints): void {
  options(element.options, `${at}/options`, c, { most: CHOICE_OPTIONS });
  initialIsOffered(element, at, c);
}

function typed(element: Raw, at: string, c: Complaints): void {
  placeholder(element, at, c);
  if (element.initial_value !== undefined)
    stringWithin(element.initial_value, `${at}/initial_value`, c, TYPED_CHARS);
  if (
    element.max_length !== undefined &&
    !(Number(element.max_length) >= 1 && Number(element.max_length) <= TYPED_CHARS)
  ) {
    c.push(`must be between 1 and ${TYPED_CHARS}`, `${at}/max_length`);
  }
}

const nothing = () => undefined;

const elementChecks: Record<string, ElementCheck> = {
  button: {
    places: clickable,
    check(element, at, c) {
      plainTextObject(element.text, `${at}/text`, c, BUTTON_TEXT_CHARS);
      if (element.value !== undefined) stringWithin(element.value, `${at}/value`, c, BUTTON_VALUE_CHARS);
      if (element.url !== undefined) stringWithin(element.url, `${at}/url`, c, URL_CHARS);
      if (element.style !== undefined && element.style !== 'primary' && element.style !== 'danger') {
        c.push('must be a valid enum value', `${at}/style`);
      }
    },
  },
  image: {
    places: ['section', 'context'],
    check(element, at, c) {
      requireText(element.alt_text, `${at}/alt_text`, c, 2_000);
    },
  },
  overflow: {
    places: clickable,
    check: (element, at, c) =>
      options(element.options, `${at}/options`, c, { most: OVERFLOW_OPTIONS, only: 'plain_text' }),
  },
  checkboxes: { places: everywhere, check: choices },
  radio_buttons: { places: everywhere, check: choices },
  static_select: { places: everywhere, check: staticMenu },
  multi_static_select: { places: ['section', 'input', 'actions'], check: staticMenu },
  external_select: { places: everywhere, check: placeholder },
  multi_external_select: { places: everywhere, check: placeholder },
  users_select: { places: everywhere, check: placeholder },
  multi_users_select: { places: everywhere, check: placeholder },
  conversations_select: { places: everywhere, check: placeholder },
  multi_conversations_select: { places: everywhere, check: placeholder },
  channels_select: { places: everywhere, check: placeholder },
  multi_channels_select: { places: everywhere, check: placeholder },
  datepicker: { places: everywhere, check: placeholder },
  timepicker: { places: everywhere, check: placeholder },
  datetimepicker: { places: ['actions', 'input'], check: nothing },
  plain_text_input: { places: inputOnly, check: typed },
  email_text_input: { places: inputOnly, check: typed },
  url_text_input: { places: inputOnly, check: typed },
  number_input: { places: inputOnly, check: placeholder },
  rich_text_input: { places: inputOnly, check: placeholder },
  file_input: { places: inputOnly, check: nothing },
  workflow_button: { places: clickable, check: nothing },
};

export function checkElement(element: unknown, at: string, c: Complaints, place: Place): void {
  if (!isObject(element)) {
    c.push('must provide an object', at);
    return;
  }
  const type = String(element.type);
  const known = elementChecks[type];
  if (known === undefined || !known.places.includes(place)) {
    c.push(`unsupported type: ${type}`, `${at}/type`);
    return;
  }
  if (element.action_id !== undefined) requireText(element.action_id, `${at}/action_id`, c, ACTION_ID_CHARS);
  if (isObject(element.confirm)) {
    const confirm = element.confirm;
    plainTextObject(confirm.title, `${at}/confirm/title`, c, CONFIRM_TITLE_CHARS);
    textObject(confirm.text, `${at}/confirm/text`, c, CONFIRM_TEXT_CHARS);
    plainTextObject(confirm.confirm, `${at}/confirm/confirm`, c, CONFIRM_BUTTON_CHARS);
    plainTextObject(confirm.deny, `${at}/confirm/deny`, c, CONFIRM_BUTTON_CHARS);
  }
  known.check(element, at, c);
}
