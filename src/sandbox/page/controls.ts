/** Draws what people click, pick and fill in: buttons, menus, inputs, as accessible HTML of our own. */
import type { Drawing } from './blocks.ts';
import { type Html, html } from './html.ts';
import { plainText } from './plain-text.ts';
import type { ShownBlock } from './sources.ts';

type Raw = Record<string, unknown>;
export type Choice = { value: string; label: string; hint?: string };

/** Menus with more options than this can be searched. */
const PICKED_AT_A_GLANCE = 8;

function choicesOf(options: unknown): Choice[] {
  if (!Array.isArray(options)) return [];
  return options.map((option: Raw) => ({
    value: String(option.value),
    label: plainText(option.text),
    hint: plainText(option.description),
  }));
}

function allChoices(element: Raw): Choice[] {
  const groups = Array.isArray(element.option_groups) ? (element.option_groups as Raw[]) : [];
  return [...choicesOf(element.options), ...groups.flatMap((group) => choicesOf(group.options))];
}

/** What is chosen now, as values. */
function chosenIn(state: Raw | undefined): Choice[] {
  if (state === undefined) return [];
  const [, value] = Object.entries(state).find(([field]) => field !== 'type') ?? [];
  const values = Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
  return values.map((one: unknown) =>
    typeof one === 'object' && one !== null
      ? { value: String((one as Raw).value), label: plainText((one as Raw).text) }
      : { value: String(one), label: String(one) },
  );
}

function stateOf(element: Raw, blockId: string, drawing: Drawing): Raw | undefined {
  return drawing.values[blockId]?.[String(element.action_id)];
}

function confirmData(element: Raw): Html {
  const confirm = element.confirm as Raw | undefined;
  if (confirm === undefined) return html``;
  const text = {
    title: plainText(confirm.title),
    text: plainText(confirm.text),
    confirm: plainText(confirm.confirm),
    deny: plainText(confirm.deny),
    style: confirm.style ?? 'primary',
  };
  return html` data-confirm="${JSON.stringify(text)}"`;
}

/** An element that acts at once: in a message, on the home tab, or outside the inputs of a modal. */
export function drawControl(element: Raw, blockId: string, drawing: Drawing): Html {
  const actionId = String(element.action_id ?? '');
  const data = html` data-action="${actionId}" data-block="${blockId}" data-testid="action-${actionId}"`;
  if (element.type === 'button') {
    const style = element.style === 'primary' || element.style === 'danger' ? ` bk-${element.style}` : '';
    const url = typeof element.url === 'string' ? html` data-url="${element.url}"` : html``;
    return html`<button type="button" class="bk-button${style}"${data}${url}${confirmData(element)}>${plainText(element.text)}</button>`;
  }
  if (element.type === 'overflow') {
    return html`<details class="bk-overflow"><summary aria-label="More actions">⋯</summary><div class="bk-menu">${allChoices(
      element,
    ).map(
      (c) =>
        html`<button type="button" class="bk-menu-item"${data} data-value="${c.value}"${confirmData(element)}>${c.label}</button>`,
    )}</div></details>`;
  }
  return drawInput(element, blockId, drawing, {
    isInstant: true,
    label: plainText(element.placeholder) || 'Choose',
  });
}

type Use = { isInstant: boolean; label: string; describedBy?: string; isInvalid?: boolean; id?: string };

/** An element as it is drawn: what is chosen in it, and the attributes that all kinds have. */
type Drawn = {
  element: Raw;
  type: string;
  chosen: Choice[];
  blockId: string;
  placeholder: string;
  label: string;
  id: string;
  common: Html;
  /** For whoever can't see it. */
  access: Html;
};

function drawInput(element: Raw, blockId: string, drawing: Drawing, use: Use): Html {
  const actionId = String(element.action_id ?? '');
  const type = String(element.type);
  const chosen = chosenIn(stateOf(element, blockId, drawing));
  const id = use.id ?? '';
  const common = html` data-field data-block="${blockId}" data-action-id="${actionId}" data-kind="${type}" data-testid="field-${blockId}"${
    use.isInstant ? html` data-instant` : null
  }`;
  const access = html`${id === '' ? html` aria-label="${use.label}"` : html` id="${id}"`}${
    use.describedBy === undefined ? null : html` aria-describedby="${use.describedBy}"`
  }${use.isInvalid === true ? html` aria-invalid="true"` : null}`;
  const placeholder = plainText(element.placeholder);
  const drawn: Drawn = { element, type, chosen, blockId, placeholder, label: use.label, id, common, access };
  return drawTyped(drawn) ?? drawMenu(drawn, drawing);
}

/** Draws a field that is typed or picked from a calendar; null for any other kind. */
function drawTyped({ element, type, chosen, placeholder, common, access }: Drawn): Html | null {
  const value = chosen[0]?.value ?? '';
  switch (type) {
    case 'plain_text_input':
      return element.multiline === true
        ? html`<textarea rows="3" placeholder="${placeholder}"${common}${access}>${value}</textarea>`
        : html`<input type="text" placeholder="${placeholder}" value="${value}" autocomplete="off"${common}${access}>`;
    case 'email_text_input':
    case 'url_text_input':
    case 'number_input':
      return html`<input type="${type.split('_')[0] ?? 'text'}" placeholder="${placeholder}" value="${value}"${common}${access}>`;
    case 'datepicker':
      return html`<input type="date" value="${value}"${common}${access}>`;
    case 'timepicker':
      return html`<input type="time" value="${value}"${common}${access}>`;
    case 'datetimepicker':
      // The browser knows the zone of whoever looks: it shows these seconds as a local time.
      return html`<input type="datetime-local" data-seconds="${value}"${common}${access}>`;
    default:
      return null;
  }
}

function drawMenu(drawn: Drawn, drawing: Drawing): Html {
  const { element, type, placeholder, common, access } = drawn;
  const value = drawn.chosen[0]?.value ?? '';
  switch (type) {
    case 'radio_buttons':
      return drawChoices(drawn, 'radio', allChoices(element));
    case 'checkboxes':
    case 'multi_static_select':
      return drawChoices(drawn, 'checkbox', allChoices(element));
    case 'multi_users_select':
      return drawChoices(drawn, 'checkbox', drawing.people);
    case 'static_select': {
      const choices = allChoices(element);
      if (choices.length > PICKED_AT_A_GLANCE) return drawSearch(drawn, choices, placeholder);
      return html`<select${common}${access}>${
        value === ''
          ? html`<option data-key="nothing chosen" value="" selected>${placeholder || 'Choose…'}</option>`
          : null
      }${choices.map((c) => html`<option data-key="${c.value}" value="${c.value}"${c.value === value ? html` selected` : null}>${c.label}</option>`)}</select>`;
    }
    case 'users_select':
      return drawSearch(drawn, drawing.people, placeholder || 'Find a person');
    case 'conversations_select':
    case 'channels_select':
      return drawSearch(drawn, drawing.conversations, placeholder || 'Find a channel');
    case 'external_select':
      return drawSearch(drawn, null, placeholder || 'Search');
    default:
      return html`<p class="undrawn">(${type})</p>`;
  }
}

function drawChoices(
  { element, chosen, blockId, common, label, id }: Drawn,
  kind: 'checkbox' | 'radio',
  choices: readonly Choice[],
): Html {
  const name = `${id}-${blockId}-${String(element.action_id)}`;
  return html`<div class="bk-choices" role="group" aria-label="${label}"${common}>${choices.map(
    (c) =>
      html`<label data-key="${c.value}"><input type="${kind}" name="${name}" value="${c.value}"${
        chosen.some((one) => one.value === c.value) ? html` checked` : null
      }> <span>${c.label}${c.hint ? html`<small>${c.hint}</small>` : null}</span></label>`,
  )}</div>`;
}

/** A menu one can type into. With no choices given, they are asked of the app with each keystroke. */
function drawSearch(
  { chosen, common, access, id }: Drawn,
  choices: readonly Choice[] | null,
  placeholder: string,
): Html {
  const value = chosen[0]?.value ?? '';
  const label = choices?.find((c) => c.value === value)?.label ?? chosen[0]?.label ?? '';
  const list = choices === null ? html` data-external` : html` data-choices="${JSON.stringify(choices)}"`;
  return html`<div class="bk-search"${common}${list} data-value="${value}">
    <input type="text" role="combobox" aria-expanded="false" aria-autocomplete="list" autocomplete="off" placeholder="${placeholder}" value="${label}"${access}>
    <span class="bk-chevron" aria-hidden="true"></span>
    <div class="bk-options" role="listbox" aria-label="Options${id === '' ? '' : ` for ${id}`}" hidden></div>
  </div>`;
}

/** An input block: label, control, hint, and what is wrong with it. */
export function drawField(block: ShownBlock, drawing: Drawing): Html {
  const blockId = block.block_id ?? '';
  const element = block.element as Raw;
  const id = `f-${drawing.idPrefix ?? ''}${blockId}`;
  const error = drawing.errors[blockId];
  const hint = plainText(block.hint);
  const label = plainText(block.label);
  const describedBy = error !== undefined ? `${id}-error` : hint !== '' ? `${id}-hint` : undefined;
  const control = drawInput(element, blockId, drawing, {
    isInstant: block.dispatch_action === true,
    label,
    id,
    isInvalid: error !== undefined,
    ...(describedBy === undefined ? {} : { describedBy }),
  });
  return html`<div data-key="field ${blockId}" class="bk-field${error === undefined ? '' : ' bk-wrong'}">
    <label for="${id}">${label}${block.optional === true ? html` <span class="bk-optional">(optional)</span>` : null}</label>
    ${control}
    ${hint === '' ? null : html`<p class="bk-hint" id="${id}-hint">${hint}</p>`}
    ${error === undefined ? null : html`<p class="bk-error" id="${id}-error" data-testid="error-${blockId}">${error}</p>`}
  </div>`;
}
