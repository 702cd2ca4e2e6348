import type { App, ViewSubmitAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Change } from '../../core/change/change.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import type { Context, Data } from '../../flow/kernel/context.ts';
import { readView } from '../../flow/messages/change-view.ts';
import { acceptClick } from '../../flow/request/accept-click.ts';
import { readChange } from '../../store/changes.ts';
import { readPerson } from '../../store/people.ts';
import { OPEN_LINK } from '../blocks.ts';
import { actions, changeButton, jointButton } from '../change-card/buttons.ts';
import { detailsModal } from '../change-card/details.ts';
import { writtenIn } from '../forms/written.ts';
import { click } from './click.ts';
import { fields } from './fields.ts';
import { type CardKey, callbacks, denyModal, lessModal } from './form.ts';
import { withNarrower } from './narrower.ts';

/** Deciding and giving back: each click is stored before it is acknowledged; what it means is settled later. */
export function registerDecisionHandlers(app: App, context: Context, client: WebClient): void {
  /** Buttons that decide at once. */
  const immediate = {
    [actions.approve]: { verb: 'approve', seconds: null },
    [actions.withdraw]: { verb: 'withdraw' },
    [actions.release]: { verb: 'release' },
    [actions.decline]: { verb: 'decline' },
    [actions.extendNow]: { verb: 'extend' },
    [actions.letEnd]: { verb: 'letEnd' },
    [actions.endGone]: { verb: 'endGone' },
    [actions.nudge]: { verb: 'nudge' },
    [actions.revert]: { verb: 'deny', reason: 'Nobody asked for it.' },
  } as const;
  for (const [actionId, act] of Object.entries(immediate))
    changeButton.decides(app, actionId, (key, { by, once }) =>
      acceptClick(context, click(key, by, `${once}-${actionId}`, act)),
    );
  // Slack tells of a button that only opens an address too, and shows a fault when nobody takes it.
  app.action(OPEN_LINK, async ({ ack }) => await ack());
  jointButton.decides(app, actions.approveAll, async ({ items, channel }, { by, once }) => {
    for (const item of items)
      await acceptClick(
        context,
        click({ ...item, channel }, by, `${once}-${actions.approveAll}`, { verb: 'approve', seconds: null }),
      );
  });
  const listener = { app, context, client };
  changeButton.opens(listener, actions.approveLess, (key) => lessFormOf(context, key));
  changeButton.opens(listener, actions.deny, (key) => denyFormOf(context, key));
  changeButton.opens(listener, actions.details, async ({ change }) => {
    const view = await readView(context, change);
    return view === null ? null : detailsModal(view);
  });

  app.view<ViewSubmitAction>(callbacks.less, async ({ ack, body, view }) => {
    const key = changeButton.form(view.private_metadata);
    const seconds = Number(view.state.values[fields.duration]?.seconds?.selected_option?.value);
    if (!Number.isInteger(seconds) || seconds <= 0)
      return await ack({
        response_action: 'errors',
        errors: { [fields.duration]: 'Choose a time from the list.' },
      });
    const narrower = view.state.values[fields.narrower]?.narrower?.selected_option?.value ?? '';
    const act =
      narrower === ''
        ? ({ verb: 'approve', seconds } as const)
        : ({ verb: 'approveNarrower', entitlementKey: narrower, seconds } as const);
    await acceptClick(context, click(key, body.user.id, `view-${view.id}`, act));
    await ack();
  });

  app.view<ViewSubmitAction>(callbacks.deny, async ({ ack, body, view }) => {
    const key = changeButton.form(view.private_metadata);
    const { text: reason, wrong } = denialIn(view);
    if (wrong !== null) return await ack({ response_action: 'errors', errors: { [fields.reason]: wrong } });
    await acceptClick(context, click(key, body.user.id, `view-${view.id}`, { verb: 'deny', reason }));
    await ack();
  });
}

/** The reason that an approver gave, or what is wrong with it. */
function denialIn(view: ViewSubmitAction['view']): ReturnType<typeof writtenIn> {
  return writtenIn(view.state.values[fields.reason]?.reason?.value, 'A denial needs a reason.');
}

async function lessFormOf(context: Data, key: CardKey): Promise<ModalView | null> {
  const change = await readChange(context.db, key.change);
  if (change === null) return null;
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  const person = await readPerson(context.db, change.personId);
  const asked = change.requestedSeconds ?? entitlement?.defaultSeconds ?? 3_600;
  const form = lessModal(key, person?.name ?? 'The requester', asked, entitlement?.durationsSeconds ?? []);
  return withNarrower(form, asked, narrowerOf(context, change, entitlement));
}

/** The entitlements that may be given instead, as far as they can be given now. */
function narrowerOf(
  context: Data,
  { cause }: Change,
  entitlement: Entitlement | null,
): Pick<Entitlement, 'key' | 'title'>[] {
  if (cause !== 'request') return [];
  return (entitlement?.narrower ?? []).flatMap((key) => {
    const narrower = context.catalogue.entitlement(key);
    return narrower === null || context.catalogue.status(narrower.key).status !== 'ready' ? [] : [narrower];
  });
}

async function denyFormOf(context: Data, key: CardKey): Promise<ModalView | null> {
  const change = await readChange(context.db, key.change);
  if (change === null) return null;
  const person = await readPerson(context.db, change.personId);
  return denyModal(key, person?.name ?? 'The requester', context.catalogue.current().channel);
}
