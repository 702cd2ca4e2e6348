/** The smallest pieces of Block Kit: texts, strings and lists, each with its limit. */

export type Complaints = { push(text: string, pointer: string): void };

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function stringWithin(value: unknown, at: string, complaints: Complaints, most: number): void {
  if (typeof value !== 'string') complaints.push('must provide a string', at);
  else if (value.length > most) complaints.push(`must be less than ${most + 1} characters`, at);
}

export function requireText(value: unknown, at: string, complaints: Complaints, most: number): void {
  if (typeof value === 'string' && value.length === 0) complaints.push('must be more than 0 characters', at);
  else stringWithin(value, at, complaints, most);
}

/** A list with between `fewest` and `most` items; anything else is complained about and read as empty. */
export function list(
  value: unknown,
  at: string,
  complaints: Complaints,
  [fewest, most]: readonly [number, number],
): unknown[] {
  if (!Array.isArray(value)) {
    complaints.push('must provide an array', at);
    return [];
  }
  if (value.length < fewest) complaints.push(`no less than ${fewest} items allowed`, at);
  if (value.length > most) complaints.push(`no more than ${most} items allowed`, at);
  return value;
}

/** A text object [docs.slack.dev/reference/block-kit/composition-objects/text-object]. */
export function textObject(value: unknown, at: string, complaints: Complaints, most: number): void {
  checkText(value, at, complaints, { most });
}

/** A text object where mrkdwn is not taken. */
export function plainTextObject(value: unknown, at: string, complaints: Complaints, most: number): void {
  checkText(value, at, complaints, { most, only: 'plain_text' });
}

export function checkText(
  value: unknown,
  at: string,
  complaints: Complaints,
  { most, only }: { most: number; only?: 'plain_text' | undefined },
): void {
  if (!isObject(value)) {
    complaints.push('must provide an object', at);
    return;
  }
  const isKnown = value.type === 'plain_text' || (value.type === 'mrkdwn' && only === undefined);
  if (!isKnown) {
    complaints.push(`unsupported type: ${String(value.type)}`, `${at}/type`);
    return;
  }
  const foreign = value.type === 'mrkdwn' ? 'emoji' : 'verbatim';
  if (value[foreign] !== undefined) complaints.push(`invalid additional property: ${foreign}`, at);
  for (const flag of ['emoji', 'verbatim'])
    if (value[flag] !== undefined && typeof value[flag] !== 'boolean')
      complaints.push('must provide a boolean', `${at}/${flag}`);
  requireText(value.text, `${at}/text`, complaints, most);
}
