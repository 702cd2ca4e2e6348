/** Block ids of the request form; errors are keyed by them. */
export const fields = {
  entitlement: 'entitlement',
  for: 'for',
  duration: 'duration',
  start: 'start',
  reason: 'reason',
  ticket: 'ticket',
  narrower: 'narrower',
} as const;
