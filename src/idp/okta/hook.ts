import { z } from 'zod';
import type { GivenSecret } from '../../secrets/secret.ts';
import type { EventHook } from '../vendor.ts';
import { readLogEvents } from './events.ts';

export const OKTA_HOOK_PATH = '/okta/events';
const CHALLENGE = 'x-okta-verification-challenge';

const deliverySchema = z.object({
  eventId: z.string().nullish(),
  data: z.object({ events: z.array(z.unknown()) }),
});

/** Okta's event hook: many events in one POST, a one-time verification by GET. Okta signs nothing. */
export function oktaEventHook(secrets: readonly GivenSecret[]): EventHook {
  return {
    path: OKTA_HOOK_PATH,
    eventSource: 'oktaHook',
    secrets,
    prove(headers) {
      const challenge = headers[CHALLENGE];
      return typeof challenge === 'string' && challenge !== ''
        ? { answer: { verification: challenge } }
        : { wants: CHALLENGE };
    },
    read(body) {
      const delivery = deliverySchema.safeParse(body);
      if (!delivery.success) return null;
      const { eventId, data } = delivery.data;
      return { id: eventId ?? null, ...readLogEvents(data.events, 'oktaHook') };
    },
  };
}
