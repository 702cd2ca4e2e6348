import { fileURLToPath } from 'node:url';
import { nearest } from '../core/nearest.ts';

/** Where the value of a setting is, when it is not the setting itself. */
export type Reference =
  /** A file, read as it is. */
  | { store: 'file'; path: string; label: string }
  /** `id`: the name or the ARN in AWS Secrets Manager. `region` null: the one of the environment. */
  | { store: 'aws'; id: string; region: string | null; key: string | null; label: string };

/** What is wrong with a reference, in words that follow the setting's name. */
export type BadReference = { why: string };

const FORMS = 'secret://aws/<name or ARN>#<key>, or file:///<path>';
/** Names and ARNs: what Secrets Manager lets names have, and the colons of an ARN. */
const ID = /^[\w/+=.@!:-]{1,2048}$/;
const ARN = /^arn:aws[\w-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:.+$/;

/** The reference that a setting is; null: it is the value itself. */
export function readReference(setting: string): Reference | BadReference | null {
  const text = setting.trim();
  const scheme = /^(file|secret):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return null;
  if (scheme === 'file') return fileIn(text);
  // The key is behind the first #: no name may have one.
  const [, store = '', id = '', key] = /^secret:\/\/([^/#]*)\/?([^#]*)(?:#(.*))?$/is.exec(text) ?? [];
  if (store !== 'aws') return { why: `names a store of secrets that is not known: write ${FORMS}` };
  if (id === '' || !ID.test(id))
    return { why: `names no secret of AWS Secrets Manager: write ${FORMS}, each character as it is there` };
  const isArn = id.startsWith('arn:');
  const region = ARN.exec(id)?.[1] ?? null;
  if (isArn && region === null)
    return {
      why: 'is not the ARN of a secret: copy it whole, as arn:aws:secretsmanager:<region>:<account>:secret:<name>',
    };
  if (key !== undefined && key.trim() === '')
    return { why: 'has nothing behind the #: write the key of the JSON, or take the # out' };
  return {
    store: 'aws',
    id,
    region,
    key: key ?? null,
    label: `secret://aws/${id}${key === undefined ? '' : `#${key}`}`,
  };
}

function fileIn(text: string): Reference | BadReference {
  const url = /^file:\/\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.pathname.length < 2)
    return { why: 'names no file: write file:/// and the whole path, as file:///run/secrets/name' };
  if (url.hash !== '' || url.search !== '')
    return { why: 'names a file with # or ? in it: a file holds one value, and has no key' };
  const path = pathOf(url);
  return path === null
    ? { why: 'names a file with a % in it that stands for nothing: write %25 for it' }
    : { store: 'file', path, label: text };
}

/** As it is on disk: an address writes a blank as %20. */
function pathOf(url: URL): string | null {
  try {
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

/**
 * The value under a key of a JSON object. `key`: as it stands there, else a path with a dot between, through objects
 * and lists. An object under it is answered as JSON. What goes wrong is told without any value.
 */
export function valueUnder(text: string, key: string): { value: string } | BadReference {
  const whole = parsed(text);
  if (whole === null || typeof whole !== 'object')
    return {
      why: `holds no JSON, and so nothing under “${key}”: take # and the key out, or store JSON there`,
    };
  const found = Object.hasOwn(whole, key)
    ? (whole as Record<string, unknown>)[key]
    : key.split('.').reduce<unknown>(stepInto, whole);
  if (typeof found === 'string') return { value: found };
  if (Number.isSafeInteger(found)) return { value: String(found) };
  if (typeof found === 'object' && found !== null) return { value: JSON.stringify(found) };
  const names = Object.keys(whole);
  const meant = nearest(key, names, 3);
  return {
    why:
      found === undefined
        ? `holds nothing under “${key}”: the JSON has ${names.length} ${names.length === 1 ? 'key' : 'keys'}${meant === null ? '' : `; is it “${meant}” that was meant?`}`
        : `holds no text under “${key}”: put the value in quotation marks there`,
  };
}

function stepInto(at: unknown, name: string): unknown {
  return typeof at === 'object' && at !== null && Object.hasOwn(at, name)
    ? (at as Record<string, unknown>)[name]
    : undefined;
}

/** Whether a text is a JSON object: then a key was forgotten, where the setting itself is none. */
export function isJsonObject(text: string): boolean {
  const whole = text.trimStart().startsWith('{') ? parsed(text) : null;
  return typeof whole === 'object' && whole !== null;
}

/** Some editors put a mark of order before it, which is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim());
  } catch {
    return null;
  }
}
