import { isObject } from './resource.ts';
import { type ResourceType, resolve } from './schema.ts';

/** Which attributes the client wants in the answer, RFC 7644 section 3.9. */
export type Wanted = {
  /** Whether a core attribute is wanted at all; if not it need not be loaded. */
  includes(name: string): boolean;
  /** The resource with only what is wanted; `schemas` and `id` always are. */
  pick(resource: Record<string, unknown>): Record<string, unknown>;
};

const everything: Wanted = { includes: () => true, pick: (resource) => resource };

/** Reads `attributes` and `excludedAttributes`, comma-separated names in any case; unknown names are ignored. */
export function readWanted(
  type: ResourceType,
  attributes: string | undefined,
  excludedAttributes: string | undefined,
): Wanted {
  if (attributes === undefined && excludedAttributes === undefined) return everything;
  const only = attributes === undefined ? null : pathsIn(type, attributes);
  const without = pathsIn(type, excludedAttributes ?? '');
  const keep = (path: string, value: unknown): unknown => {
    if (without.has(path)) return undefined;
    const whole = only === null || only.has(path);
    const parts = (name: string) => !without.has(`${path}.${name}`) && (whole || only.has(`${path}.${name}`));
    const hasParts = [...(only ?? []), ...without].some((p) => p.startsWith(`${path}.`));
    if (!hasParts) return whole ? value : undefined;
    if (Array.isArray(value)) return value.map((one) => (isObject(one) ? pickParts(one, parts) : one));
    return isObject(value) ? pickParts(value, parts) : whole ? value : undefined;
  };
  return {
    includes: (name) =>
      !without.has(name) &&
      (only === null || [...only].some((path) => path === name || path.startsWith(`${name}.`))),
    pick: (resource) => {
      const picked: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(resource)) {
        const kept = name === 'schemas' || name === 'id' ? value : keepNamed(type, name, value, keep);
        if (kept !== undefined) picked[name] = kept;
      }
      return picked;
    },
  };
}

/** An extension's attributes are picked one by one, the others whole. */
function keepNamed(
  type: ResourceType,
  name: string,
  value: unknown,
  keep: (path: string, value: unknown) => unknown,
): unknown {
  if (!type.extensions.some((s) => s.urn === name) || !isObject(value)) return keep(name, value);
  const kept = Object.entries(value)
    .map(([part, v]) => [part, keep(`${name}:${part}`, v)] as const)
    .filter(([, v]) => v !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function pickParts(
  object: Record<string, unknown>,
  wants: (name: string) => boolean,
): Record<string, unknown> | undefined {
  const kept = Object.entries(object).filter(([name]) => wants(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Canonical paths: `emails`, `name.givenName`, `urn:...:User:department`, or the URN of an extension. */
function pathsIn(type: ResourceType, list: string): Set<string> {
  const paths = new Set<string>();
  // A filter chooses among an attribute's values; here it names the attribute: `emails[type eq "work"]`.
  for (const name of list.replaceAll(/\[[^\]]*\]/g, '').split(',')) {
    const found = resolve(type, name.trim());
    if (found === null) continue;
    const { extension, attribute, sub } = found;
    if (attribute === null) {
      if (extension !== null)
        for (const a of type.extensions.find((s) => s.urn === extension)?.attributes ?? [])
          paths.add(`${extension}:${a.name}`);
      continue;
    }
    const path = extension === null ? attribute.name : `${extension}:${attribute.name}`;
    paths.add(sub === null ? path : `${path}.${sub.name}`);
  }
  return paths;
}
