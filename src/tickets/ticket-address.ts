/** What can be a ticket's key: nothing that means something in a path, a query or a vendor's query language. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9_.#-]{0,99}$/;

/** In a template: the whole key, or the digits at its end. */
const PLACE = /\{(ticket|number)\}/g;

/**
 * The address of a ticket; null: it can't be the key of one. Whoever asks for access writes the key, so it changes
 * neither the host nor the path around it.
 */
export function ticketAddress(template: string, ticket: string): string | null {
  const number = /\d+$/.exec(ticket)?.[0];
  if (!KEY.test(ticket) || (template.includes('{number}') && number === undefined)) return null;
  return template.replace(PLACE, (_, what) =>
    encodeURIComponent(what === 'ticket' ? ticket : String(Number(number))),
  );
}

/** Why a template can't be used; null: it can. */
export function refuseTemplate(template: string): string | null {
  const places = template.match(PLACE)?.length ?? 0;
  if (places === 0)
    return 'must have {ticket}, or {number} for the digits at its end, where the ticket’s key goes';
  const [one, other] = ['1', '2'].map((key) => template.replace(PLACE, key));
  if (one === undefined || other === undefined || !URL.canParse(one)) return 'must be a whole address';
  if (new URL(one).origin !== new URL(other).origin) return 'must not have the ticket’s key in the host';
  const { username, password } = new URL(one);
  if (username !== '' || password !== '')
    return 'must have no credentials in it: set TICKETS_USER and TICKETS_TOKEN';
  return null;
}
