import type { App, ViewSubmitAction } from '@slack/bolt';
import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { ItemChoice } from '../../core/mass-change/mass-change.ts';
import { choiceBy } from '../../core/mass-change/settle.ts';
import { figure, massHead } from '../../core/mass-change/words.ts';
import type { Context, Data, Parties, Runtime } from '../../flow/kernel/context.ts';
import type { MassAnswerItem, MassClickVerb } from '../../flow/mass-change/settle.ts';
import { type MassView, readMassView } from '../../flow/mass-change/view.ts';
import { metAs } from '../../flow/people/identify.ts';
import { acceptAnswer } from '../../flow/request/accept-click.ts';
import { openItems, type ShownItem, shownItems } from '../../store/mass-changes.ts';
import type { Person } from '../../store/people.ts';
import { section } from '../blocks.ts';
import type { Pressed } from '../forms/card-button.ts';
import { formModal } from '../forms/forms.ts';
import { mrkdwn, OPTION_TEXT_MAX, plain, plainLines } from '../mrkdwn.ts';
import { massActions, massButton, massNamesOf } from './card.ts';
import { massDetails } from './details.ts';

type MassKey = Pressed<{ massChange: string; round: number }>;

const CHOOSE = 'mass_choose';
const CHOICE = 'revert';
const SHOWN_MAX = 100;
/** Checkboxes hold ten options (Block Kit reference). */
const BOXES_MAX = 10;

const EACH = 'mass_each';
/** In one group of a menu (Block Kit reference). */
const OPTIONS_IN_GROUP = 100;
const EACH_MAX = 500;
/** People decided with one form. */
const CHOSEN_MAX = 50;
const CHOICES = {
  revert: { label: 'They have left', hint: 'What they hold, asked for, decide on and own is closed too.' },
  keep: { label: 'They have not left', hint: 'Whoever you choose in neither menu stays on the card.' },
} as const satisfies Record<ItemChoice['choice'], { label: string; hint: string }>;

/** Deciding on many at once: each click is stored before it is acknowledged; what it means is settled later. */
export function registerMassChangeHandlers(app: App, context: Context, client: WebClient): void {
  const listener = { app, context, client };
  for (const verb of ['keep', 'revert'] as const)
    massButton.decides(app, massActions[verb], (key, { by, once }) =>
      accept(context, key, by, { verb, item: { chosen: null }, once: `${once}-${verb}` }),
    );
  massButton.opens(listener, massActions.show, (key) => detailsOf(context, key));
  massButton.opens(listener, massActions.choose, (key) => chooseModal(context, key));
  massButton.opens(listener, massActions.each, (key, accountId) => eachModal(context, key, accountId));

  app.view<ViewSubmitAction>(CHOOSE, async ({ ack, body, view }) => {
    const key = massButton.form(view.private_metadata);
    const chosen = Object.entries(view.state.values)
      .filter(([block]) => block.startsWith(CHOICE))
      .flatMap(([, values]) => values[CHOICE]?.selected_options ?? [])
      .map((option) => option.value);
    await accept(context, key, body.user.id, { verb: 'choose', item: { chosen }, once: `view-${view.id}` });
    await ack();
  });

  app.view<ViewSubmitAction>(EACH, async ({ ack, body, view }) => {
    const key = massButton.form(view.private_metadata);
    const { choices, wrong } = choicesIn(view);
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { revert: wrong } });
    const item = { chosen: null, choices };
    await accept(context, key, body.user.id, { verb: 'each', item, once: `view-${view.id}` });
    await ack();
  });
}

/** The people chosen in the two menus of the form, or what is wrong with it. */
function choicesIn(view: ViewSubmitAction['view']): { choices: ItemChoice[]; wrong: string | null } {
  const chosen = (choice: ItemChoice['choice']) =>
    (view.state.values[choice]?.[EACH]?.selected_options ?? []).map((option) => option.value);
  const [left, here] = [chosen('revert'), chosen('keep')];
  const wrong =
    left.length + here.length === 0
      ? 'Choose whom it is about, here or below.'
      : here.some((person) => left.includes(person))
        ? 'Somebody is chosen in both menus: take them out of one.'
        : null;
  const choices = [
    ...left.map((person): ItemChoice => ({ key: person, choice: 'revert' })),
    ...here.map((person): ItemChoice => ({ key: person, choice: 'keep' })),
  ];
  return { choices, wrong };
}

async function accept(
  context: Data & Runtime,
  key: MassKey,
  accountId: string,
  { verb, item, once }: { verb: MassClickVerb; item: Omit<MassAnswerItem, 'round'>; once: string },
): Promise<void> {
  await acceptAnswer(context, {
    clickId: `${accountId}-${key.massChange}-${once}`,
    about: 'massChange',
    id: key.massChange,
    chatUserId: accountId,
    channel: key.channel,
    verb,
    item: JSON.stringify({ round: key.round, ...item } satisfies MassAnswerItem),
  });
}

/** With the first hundred by name. */
async function detailsOf(context: Data & Parties, key: MassKey): Promise<ModalView | null> {
  const view = await readMassView(context, key.massChange);
  if (view === null) return null;
  const which = view.mass.state === 'asking' ? 'undecided' : 'all';
  return massDetails(view, await shownItems(context.db, key.massChange, SHOWN_MAX, which));
}

async function chooseModal(context: Data & Parties, key: MassKey): Promise<ModalView> {
  const view = await readMassView(context, key.massChange);
  // As on the card.
  const items = (await openItems(context.db, key.massChange, BOXES_MAX * 5)).toSorted((a, b) =>
    (a.note ?? a.key) < (b.note ?? b.key) ? -1 : 1,
  );
  const blocks: KnownBlock[] = [
    section(
      mrkdwn(
        view === null ? 'What is to end?' : `${massHead(view.mass, view.progress.open, massNamesOf(view))}.`,
      ),
    ),
  ];
  for (let at = 0; at < items.length; at += BOXES_MAX)
    blocks.push({
      type: 'input',
      block_id: `${CHOICE}:${at}`,
      optional: true,
      label: { type: 'plain_text', text: 'End these; the others are kept' },
      element: {
        type: 'checkboxes',
        action_id: CHOICE,
        options: items.slice(at, at + BOXES_MAX).map((item) => ({
          text: plain(item.note ?? item.key, OPTION_TEXT_MAX),
          value: item.key,
        })),
      },
    });
  return formModal({
    callbackId: CHOOSE,
    title: 'Choose what ends',
    submit: 'Decide',
    key,
    blocks,
  });
}

/** Two menus of everybody who is undecided: who has left, and who has not. */
async function eachModal(context: Data & Parties, key: MassKey, accountId: string): Promise<ModalView> {
  const view = await readMassView(context, key.massChange);
  const { items, count } = await shownItems(context.db, key.massChange, EACH_MAX, 'undecided');
  const viewer = await metAs(context, accountId);
  const blocks: KnownBlock[] = [];
  if (view !== null) blocks.push(section(mrkdwn(`${massHead(view.mass, count, massNamesOf(view))}.`)));
  const said = view === null ? [] : saidSoFar(view, items);
  if (said.length > 0) blocks.push(section(plainLines(said)));
  for (const choice of ['revert', 'keep'] as const) {
    const options = items.map((item) => ({
      text: plain(`${item.name} (${item.department ?? 'no department'})`, OPTION_TEXT_MAX),
      value: item.key,
    }));
    const mine = options
      .filter(({ value }) => saidByName(view, value, viewer) === choice)
      .slice(0, CHOSEN_MAX);
    const groups = Array.from({ length: Math.ceil(options.length / OPTIONS_IN_GROUP) }, (_, i) => ({
      label: plain(`From ${figure(i * OPTIONS_IN_GROUP + 1)}`, OPTION_TEXT_MAX),
      options: options.slice(i * OPTIONS_IN_GROUP, (i + 1) * OPTIONS_IN_GROUP),
    }));
    if (options.length > 0)
      blocks.push({
        type: 'input',
        block_id: choice,
        optional: true,
        label: { type: 'plain_text', text: CHOICES[choice].label },
        hint: { type: 'plain_text', text: CHOICES[choice].hint },
        element: {
          type: 'multi_static_select',
          action_id: EACH,
          max_selected_items: CHOSEN_MAX,
          placeholder: { type: 'plain_text', text: 'Choose people' },
          ...(groups.length > 1 ? { option_groups: groups } : { options }),
          ...(mine.length > 0 ? { initial_options: mine } : {}),
        },
      });
  }
  if (count > items.length)
    blocks.push({
      type: 'context',
      elements: [plain(`And ${figure(count - items.length)} more, once these are decided.`)],
    });
  const isEmpty = items.length === 0;
  return {
    type: 'modal',
    callback_id: isEmpty ? 'message' : EACH,
    title: { type: 'plain_text', text: 'One by one' },
    close: { type: 'plain_text', text: isEmpty ? 'Close' : 'Cancel' },
    ...(isEmpty ? {} : { submit: { type: 'plain_text', text: 'Decide' } }),
    private_metadata: JSON.stringify(key),
    blocks: isEmpty ? [section(plain('Nobody is left to decide on.'))] : blocks,
  };
}

/** `Sam Whitaker: Tom Okafor has left`: what waits for another to say the same. */
function saidSoFar({ mass }: MassView, items: readonly ShownItem[]): string[] {
  const names = new Map(items.map((item) => [item.key as string, item.name]));
  return mass.itemAnswers.flatMap(({ by, byName, choices }) =>
    choices.flatMap(({ key, choice }) => {
      const name = names.get(key);
      if (name === undefined || choiceBy(mass, key, by) !== choice) return [];
      return [`${byName}: ${name} ${choice === 'revert' ? 'has left' : 'has not left'}`];
    }),
  );
}

/** What the viewer has said of this one by name; null: nothing. */
function saidByName(
  view: MassView | null,
  key: string,
  viewer: Pick<Person, 'id'> | null,
): ItemChoice['choice'] | null {
  if (view === null || viewer === null) return null;
  const mine = view.mass.itemAnswers.filter(({ by }) => by === viewer.id);
  const isSaid = mine.some((a) => a.choices.some((f) => f.key === key));
  return isSaid ? choiceBy(view.mass, key, viewer.id) : null;
}
