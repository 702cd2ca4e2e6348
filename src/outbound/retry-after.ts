/** When to ask again, in milliseconds, as an answer says (RFC 9110, 10.2.3: seconds, or a date); null: it does not. */
export function retryAfterMs(headers: Headers): number | null {
  const said = headers.get('retry-after');
  if (said === null) return null;
  const ms = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(1_000, ms);
}
