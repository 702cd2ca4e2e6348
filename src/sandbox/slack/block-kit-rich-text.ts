/** Checks of rich text [docs.slack.dev/reference/block-kit/blocks/rich-text-block] and @slack/types 3.2. */
import { type Complaints, isObject, list, requireText } from './block-kit-text.ts';

/** The parts of a line of rich text, with the field that each can't do without. */
const inline: Record<string, string> = {
  broadcast: 'range',
  channel: 'channel_id',
  color: 'value',
  date: 'timestamp',
  emoji: 'name',
  link: 'url',
  team: 'team_id',
  text: 'text',
  user: 'user_id',
  usergroup: 'usergroup_id',
};
const framed = ['rich_text_section', 'rich_text_quote', 'rich_text_preformatted'];

/** The parts of a rich text block, each checked. */
export function richText(value: unknown, at: string, complaints: Complaints): void {
  for (const [i, part] of list(value, at, complaints, [0, Number.POSITIVE_INFINITY]).entries()) {
    const here = `${at}/${i}`;
    const type = isObject(part) ? String(part.type) : '';
    if (isObject(part) && type === 'rich_text_list') richText(part.elements, `${here}/elements`, complaints);
    else if (isObject(part) && framed.includes(type)) line(part.elements, `${here}/elements`, complaints);
    else complaints.push(`unsupported type: ${type}`, `${here}/type`);
  }
}

function line(value: unknown, at: string, complaints: Complaints): void {
  for (const [i, element] of list(value, at, complaints, [0, Number.POSITIVE_INFINITY]).entries()) {
    const here = `${at}/${i}`;
    const needed = isObject(element) ? inline[String(element.type)] : undefined;
    if (!isObject(element) || needed === undefined) {
      complaints.push(`unsupported type: ${isObject(element) ? String(element.type) : ''}`, `${here}/type`);
      continue;
    }
    if (element[needed] === undefined) complaints.push(`missing required field: ${needed}`, here);
    else if (needed === 'text')
      requireText(element.text, `${here}/text`, complaints, Number.POSITIVE_INFINITY);
  }
}
