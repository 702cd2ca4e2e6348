import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { Fault } from '../../core/fault.ts';
import { slackCall } from '../api/call.ts';

/** Forms in which somebody chooses just now; of more, the oldest are long closed. */
const KEPT_MAX = 1_000;

/**
 * Shows a form anew after a choice in it. Of two quick choices the later one counts, in whatever order Slack and we get
 * to them. The earlier one is not shown any more once the later is known. The later is shown even where the earlier was
 * shown first. Slack then says `hash_conflict`: the form is no longer the one that was chosen in.
 */
export function createFormUpdates(client: WebClient) {
  const newest = new Map<string, string>();

  function isNewest(viewId: string, at: string): boolean {
    return newest.get(viewId) === at;
  }

  /** `at`: when it was chosen, as Slack tells (`action_ts`). `render` null: there is nothing to show. */
  return async function show(
    { id, hash }: { id: string; hash: string },
    at: string,
    render: () => Promise<ModalView | null>,
  ): Promise<void> {
    if (Number(newest.get(id) ?? 0) > Number(at)) return;
    newest.delete(id);
    newest.set(id, at);
    const [oldest] = newest.keys();
    if (newest.size > KEPT_MAX && oldest !== undefined) newest.delete(oldest);
    const view = await render();
    if (view === null || !isNewest(id, at)) return;
    try {
      await slackCall(true, () => client.views.update({ view_id: id, hash, view }));
    } catch (error) {
      if (!(error instanceof Fault) || error.vendorCode !== 'hash_conflict') throw error;
      if (isNewest(id, at)) await slackCall(true, () => client.views.update({ view_id: id, view }));
    }
  };
}
