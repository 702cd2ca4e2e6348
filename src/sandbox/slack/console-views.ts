/** A person's acts in a modal or on the home tab: pick, search, submit, close. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Person } from '../seed.ts';
import { type ConsoleParts, told } from './console.ts';
import { fromConsole, Impossible, optionsFrom, personNamed, picking } from './console-person.ts';
import type { Delivery } from './delivery.ts';
import {
  clientErrors,
  type Element,
  findElement,
  holdsState,
  type PlacedElement,
  pick,
  placedElements,
  setState,
} from './elements.ts';
import { addView, canPush, readView, replaceView } from './methods-views.ts';
import { viewAction, viewClosed, viewSubmission, viewSuggestion } from './payloads.ts';
import type { ElementState, View } from './workspace.ts';
import { shownModal } from './workspace-view.ts';

const answerSchema = z.union([z.string(), z.array(z.string())]).nullable();
const placeSchema = z.object({
  as: z.string(),
  viewId: z.string(),
  actionId: z.string(),
  blockId: z.string().optional(),
});
const actionSchema = placeSchema.extend({ value: answerSchema.optional() });
const optionsSchema = placeSchema.extend({ query: z.string().default('') });
const submitSchema = z.object({
  as: z.string(),
  viewId: z.string(),
  values: z.record(z.string(), z.record(z.string(), answerSchema)).default({}),
});
const closeSchema = z.object({ as: z.string(), viewId: z.string(), all: z.boolean().default(false) });

const isExternal = (element: Element) => element.type.endsWith('external_select');

export function viewConsoleRoutes(fastify: FastifyInstance, parts: ConsoleParts): void {
  const hands = createHands(parts);
  elementRoutes(fastify, parts, hands);
  submitRoute(fastify, parts, hands);
  closeRoute(fastify, parts, hands);
}

type Hands = ReturnType<typeof createHands>;

/** The acts that a person can do with the elements of a view of theirs. */
function createHands(parts: ConsoleParts) {
  const { workspace, delivery } = parts;

  function viewOf(person: Person, id: string): View {
    const view = workspace.views.get(id);
    if (view === undefined || view.owner !== person.slackId) throw new Impossible('view_not_found');
    return view;
  }

  function placedIn(view: View, actionId: string, blockId: string | undefined): PlacedElement {
    const placed = findElement(view.payload.blocks, actionId, blockId);
    if (placed === null) throw new Impossible(`element_not_found: ${blockId ?? ''} ${actionId}`);
    return placed;
  }

  async function suggest(
    person: Person,
    view: View,
    placed: PlacedElement,
    query: string,
  ): Promise<{ sent: Delivery; options: Record<string, unknown>[] }> {
    const sent = await delivery.interaction(viewSuggestion(parts, person, view, { placed, query }));
    const options = optionsFrom(sent.body);
    const key = `${placed.blockId} ${placed.element.action_id}`;
    view.offered[key] = [...(view.offered[key] ?? []), ...options];
    return { sent, options };
  }

  /** An answer as Slack would send it. External menus are searched first: only what they offer can be picked. */
  async function answered(
    person: Person,
    view: View,
    placed: PlacedElement,
    answer: string | string[] | null,
  ): Promise<ElementState> {
    const key = `${placed.blockId} ${placed.element.action_id}`;
    const attempt = () => pick(placed.element, answer, picking(workspace, view.offered[key] ?? []));
    let picked = attempt();
    if ('error' in picked && isExternal(placed.element) && typeof answer === 'string') {
      for (const query of [answer, '']) {
        await suggest(person, view, placed, query);
        picked = attempt();
        if (!('error' in picked)) break;
      }
    }
    if ('error' in picked) throw new Impossible(picked.error);
    return picked.state;
  }

  function remember(view: View, placed: PlacedElement, state: ElementState): void {
    setState(view.values, placed.blockId, placed.element.action_id, state);
    workspace.changed();
  }

  return { viewOf, placedIn, suggest, answered, remember };
}

function elementRoutes(fastify: FastifyInstance, parts: ConsoleParts, hands: Hands): void {
  const { workspace, delivery } = parts;
  const { viewOf, placedIn, suggest, answered, remember } = hands;

  fastify.post('/sim/view/action', async (request) => {
    const { as, viewId, actionId, blockId, value } = fromConsole(actionSchema, request.body);
    const person = personNamed(workspace, as);
    const view = viewOf(person, viewId);
    const placed = placedIn(view, actionId, blockId);
    let state: ElementState | null = null;
    if (placed.element.type !== 'button') {
      state = await answered(person, view, placed, value ?? null);
      if (holdsState(placed.element)) remember(view, placed, state);
    }
    // Inputs keep to themselves until the form is sent, unless the app asked to be told of them.
    if (placed.block.type === 'input' && placed.block.dispatch_action !== true) {
      return { ok: true, acked: false, timedOut: false, ackMs: 0 };
    }
    return told(await delivery.interaction(viewAction(parts, person, view, { placed, state })));
  });

  fastify.post('/sim/view/options', async (request) => {
    const { as, viewId, actionId, blockId, query } = fromConsole(optionsSchema, request.body);
    const person = personNamed(workspace, as);
    const view = viewOf(person, viewId);
    const placed = placedIn(view, actionId, blockId);
    if (!isExternal(placed.element)) throw new Impossible('not_an_external_select');
    const { sent, options } = await suggest(person, view, placed, query);
    return { ...told(sent), options };
  });
}

function submitRoute(fastify: FastifyInstance, parts: ConsoleParts, hands: Hands): void {
  const { workspace, delivery } = parts;
  const { viewOf, placedIn, answered, remember } = hands;

  fastify.post('/sim/view/submit', async (request) => {
    const { as, viewId, values } = fromConsole(submitSchema, request.body);
    const person = personNamed(workspace, as);
    const view = viewOf(person, viewId);
    for (const [blockId, actions] of Object.entries(values)) {
      for (const [actionId, answer] of Object.entries(actions)) {
        const placed = placedIn(view, actionId, blockId);
        remember(view, placed, await answered(person, view, placed, answer));
      }
    }
    const errors = clientErrors(view.payload.blocks, view.values);
    if (Object.keys(errors).length > 0) {
      view.errors = errors;
      workspace.changed();
      return { ok: false, acked: false, timedOut: false, ackMs: 0, error: 'incomplete', errors };
    }
    view.errors = {};
    const sent = await delivery.interaction(viewSubmission(parts, person, view));
    if (!sent.acked) {
      view.errors = { '': 'We had some trouble connecting. Try again?' };
      workspace.changed();
      return { ...told(sent), view: shownModal(view) };
    }
    return { ...told(sent), ...applyAnswer(view, sent.body) };
  });

  /** What Latchkey's answer to a submission does to the stack of modals. */
  function applyAnswer(view: View, body: unknown): Record<string, unknown> {
    const answer = (typeof body === 'object' && body !== null ? body : {}) as {
      response_action?: string;
      errors?: Record<string, string>;
      view?: unknown;
    };
    const trouble = (messages: readonly string[]) => {
      view.errors = { '': 'We had some trouble connecting. Try again?' };
      workspace.changed();
      return { ok: false, error: 'invalid_response', messages, view: shownModal(view) };
    };
    switch (answer.response_action) {
      case undefined:
        workspace.popView(view);
        return {};
      case 'clear':
        workspace.clearViews(view.owner);
        return {};
      case 'errors': {
        const inputs = new Set(
          placedElements(view.payload.blocks)
            .filter((p) => p.block.type === 'input')
            .map((p) => p.blockId),
        );
        const errors = answer.errors ?? {};
        const unknown = Object.keys(errors).filter((blockId) => !inputs.has(blockId));
        if (Object.keys(errors).length === 0) return trouble(['no errors given']);
        if (unknown.length > 0) return trouble(unknown.map((id) => `no input block \`${id}\``));
        view.errors = errors;
        workspace.changed();
        return { errors, view: shownModal(view) };
      }
      case 'update':
      case 'push': {
        const payload = readView(answer.view);
        if ('ok' in payload) return trouble((payload.errors as string[] | undefined) ?? [payload.error]);
        if (answer.response_action === 'update') {
          replaceView(workspace, view, payload);
          return { view: shownModal(view) };
        }
        if (!canPush(workspace, view.owner)) return trouble(['push_limit_reached']);
        return { view: shownModal(addView(workspace, view.owner, payload)) };
      }
      default:
        return trouble([`unknown response_action \`${answer.response_action}\``]);
    }
  }
}

function closeRoute(
  fastify: FastifyInstance,
  { workspace, delivery }: ConsoleParts,
  { viewOf }: Hands,
): void {
  fastify.post('/sim/view/close', async (request) => {
    const { as, viewId, all } = fromConsole(closeSchema, request.body);
    const person = personNamed(workspace, as);
    const view = viewOf(person, viewId);
    const isCleared = all || view.payload.clear_on_close === true;
    const closing = isCleared ? workspace.stack(person.slackId) : [view];
    if (isCleared) workspace.clearViews(person.slackId);
    else workspace.popView(view);
    const notified = closing.filter((v) => v.payload.notify_on_close === true);
    const sent = await Promise.all(
      notified.map((v) => delivery.interaction(viewClosed(workspace, person, v, isCleared))),
    );
    return { ok: true, notified: sent.length, acked: sent.every((s) => s.acked) };
  });
}
