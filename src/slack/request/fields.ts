/** Block ids of the request form; errors are keyed by them. */
export const fields = {
  entitlement: 'entitlement',
  for: 'for',
  duration: 'duration',
  start: 'start',
  reason: 'reason',
  ticket: 'ticket',
  endsWithTicket: 'endsWithTicket',
  narrower: 'narrower',
} as const;
