import { company } from '../seed.ts';
import { viewComplaints } from './block-kit.ts';
import { type Args, type Method, type SlackError, slackError } from './call.ts';
import { app } from './directory.ts';
import { stateOf, withIds } from './elements.ts';
import type { View, ViewPayload, Workspace } from './workspace.ts';

/** [docs.slack.dev/reference/methods/views.open] error `view_too_large`. */
const VIEW_BYTES = 250_000;
/** [docs.slack.dev/surfaces/modals] "a stack of up to three views". */
const STACKED_VIEWS = 3;

/** A view as the Web API and interaction payloads show it. */
export function shownView(view: View): Record<string, unknown> {
  const { payload } = view;
  return {
    id: view.id,
    team_id: company.slackTeamId,
    type: payload.type,
    blocks: payload.blocks,
    private_metadata: payload.private_metadata ?? '',
    callback_id: payload.callback_id ?? '',
    state: { values: view.values },
    hash: view.hash,
    title: payload.title ?? { type: 'plain_text', text: 'View Title', emoji: true },
    clear_on_close: payload.clear_on_close ?? false,
    notify_on_close: payload.notify_on_close ?? false,
    close: payload.close ?? null,
    submit: payload.submit ?? null,
    previous_view_id: view.previousViewId,
    root_view_id: view.rootViewId,
    app_id: app.id,
    external_id: payload.external_id ?? '',
    app_installed_team_id: company.slackTeamId,
    bot_id: app.botId,
  };
}

/** A view that an app sent, checked and with all ids filled in. */
export function readView(raw: unknown): ViewPayload | SlackError {
  if (raw === undefined || raw === null) {
    return slackError('invalid_arguments', ['must provide an object [json-pointer:/view]']);
  }
  if (Buffer.byteLength(JSON.stringify(raw)) > VIEW_BYTES) return slackError('view_too_large');
  const complaints = viewComplaints(raw);
  if (complaints.length > 0) return slackError('invalid_arguments', complaints);
  const view = structuredClone(raw) as ViewPayload;
  return { ...view, blocks: withIds(view.blocks) };
}

/** Puts new content into a view: new hash, old errors gone, typed values kept where the field is the same. */
export function replaceView(workspace: Workspace, view: View, payload: ViewPayload): void {
  view.payload = payload;
  view.hash = workspace.newHash();
  view.errors = {};
  view.values = stateOf(payload.blocks, view.values);
  workspace.changed();
}

/** Opens a view for a person on top of what is there. */
export function addView(workspace: Workspace, owner: string, payload: ViewPayload): View {
  const stack = workspace.stack(owner);
  const id = workspace.newId('V');
  const view: View = {
    id,
    hash: workspace.newHash(),
    owner,
    payload,
    values: stateOf(payload.blocks),
    errors: {},
    offered: {},
    previousViewId: payload.type === 'home' ? null : (stack.at(-1)?.id ?? null),
    rootViewId: payload.type === 'home' ? id : (stack[0]?.id ?? id),
  };
  workspace.views.set(id, view);
  if (payload.type === 'home') workspace.homes.set(owner, id);
  else workspace.stacks.set(owner, [...stack.map((v) => v.id), id]);
  workspace.changed();
  return view;
}

export function canPush(workspace: Workspace, owner: string): boolean {
  return workspace.stack(owner).length < STACKED_VIEWS;
}

function byId(workspace: Workspace, args: Args): View | null {
  const id = args.text('view_id');
  if (id !== null) return workspace.views.get(id) ?? null;
  const externalId = args.text('external_id');
  if (externalId === null) return null;
  return [...workspace.views.values()].find((v) => v.payload.external_id === externalId) ?? null;
}

/** A view that answers a write which is to be lost: nothing of it stays. */
function unkeptView(owner: string, payload: ViewPayload): View {
  const id = 'V0DROPPED';
  return {
    id,
    hash: '0.0',
    owner,
    payload,
    values: stateOf(payload.blocks),
    errors: {},
    offered: {},
    previousViewId: null,
    rootViewId: id,
  };
}

export const viewMethods: Record<string, Method> = {
  'views.open'({ workspace, args, isDropped }) {
    const payload = readView(args.structure('view'));
    if ('ok' in payload) return payload;
    if (payload.type !== 'modal') {
      return slackError('invalid_arguments', ['must be a valid enum value [json-pointer:/view/type]']);
    }
    const triggerId = args.text('trigger_id') ?? args.text('interactivity_pointer') ?? '';
    const trigger = workspace.checkTrigger(triggerId);
    if ('error' in trigger) return slackError(trigger.error);
    workspace.exchangeTrigger(triggerId);
    if (isDropped) return { ok: true, view: shownView(unkeptView(trigger.user, payload)) };
    workspace.clearViews(trigger.user);
    return { ok: true, view: shownView(addView(workspace, trigger.user, payload)) };
  },

  'views.push'({ workspace, args, isDropped }) {
    const payload = readView(args.structure('view'));
    if ('ok' in payload) return payload;
    const triggerId = args.text('trigger_id') ?? args.text('interactivity_pointer') ?? '';
    const trigger = workspace.checkTrigger(triggerId);
    if ('error' in trigger) return slackError(trigger.error);
    if (!canPush(workspace, trigger.user)) return slackError('push_limit_reached');
    workspace.exchangeTrigger(triggerId);
    if (isDropped) return { ok: true, view: shownView(unkeptView(trigger.user, payload)) };
    return { ok: true, view: shownView(addView(workspace, trigger.user, payload)) };
  },

  'views.update'({ workspace, args, isDropped }) {
    const payload = readView(args.structure('view'));
    if ('ok' in payload) return payload;
    const view = byId(workspace, args);
    if (view === null) return slackError('not_found');
    const hash = args.text('hash');
    if (hash !== null && hash !== '' && hash !== view.hash) return slackError('hash_conflict');
    if (!isDropped) replaceView(workspace, view, payload);
    return { ok: true, view: shownView(view) };
  },

  'views.publish'({ workspace, args, isDropped }) {
    const payload = readView(args.structure('view'));
    if ('ok' in payload) return payload;
    if (payload.type !== 'home') {
      return slackError('invalid_arguments', ['must be a valid enum value [json-pointer:/view/type]']);
    }
    if (!workspace.isHomeEnabled) return slackError('not_enabled');
    const person = workspace.directory.byId(args.text('user_id') ?? '');
    if (person === null) return slackError('user_not_found');
    const known = workspace.views.get(workspace.homes.get(person.slackId) ?? '');
    const hash = args.text('hash');
    if (hash !== null && hash !== '' && known !== undefined && hash !== known.hash)
      return slackError('hash_conflict');
    if (isDropped) return { ok: true, view: shownView(unkeptView(person.slackId, payload)) };
    if (known === undefined)
      return { ok: true, view: shownView(addView(workspace, person.slackId, payload)) };
    replaceView(workspace, known, payload);
    return { ok: true, view: shownView(known) };
  },
};
