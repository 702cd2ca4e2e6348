/**
 * A line of a signed table: an event, the states in which it can happen, and the state after it. `stays`: the state is
 * as before. Such a table is written by hand and is compared with the product; it must never be read from the product.
 */
export type Line<State extends string, Type extends string> = readonly [
  event: Type,
  from: readonly State[],
  to: State | 'stays',
];

/** A pair of state and event that no line names. */
export const NEVER = 'can’t happen';

/** What each event leads to from each state. Throws when two lines speak of one pair. */
export function whatIsSigned<State extends string, Type extends string>(
  lines: readonly Line<State, Type>[],
  states: readonly State[],
  types: readonly Type[],
): Record<State, Record<Type, State | typeof NEVER>> {
  const signed = Object.fromEntries(
    states.map((state) => [state, Object.fromEntries(types.map((type) => [type, NEVER]))]),
  ) as Record<State, Record<Type, State | typeof NEVER>>;
  for (const [event, from, to] of lines)
    for (const state of from) {
      if (signed[state][event] !== NEVER) throw new Error(`two lines speak of ${event} while it is ${state}`);
      signed[state][event] = to === 'stays' ? state : to;
    }
  return signed;
}
