import {
  chosenElement,
  element,
  groupColumns,
  hasSome,
  isInSome,
  isThere,
  type Json,
  memberColumns,
  membershipColumns,
  schemaColumn,
  someElement,
  someSchema,
  userColumns,
  userResource,
  valueIn,
  within,
} from '../store/scim/attributes.ts';
import type { Column } from '../store/scim/conditions.ts';
import type { Place, Source } from './filter-condition.ts';
import {
  type Attribute,
  groupType,
  named,
  type Resolved,
  type ResourceType,
  resolve,
  userType,
} from './schema.ts';

/** Sub-attributes of `members`. */
export const memberSource: Source = elementSource(groupType, 'members', memberColumns);

const membershipSource: Source = elementSource(userType, 'groups', membershipColumns);

function elementSource(type: ResourceType, name: string, columns: Readonly<Record<string, Column>>): Source {
  return (path) => one(columns[resolve(type, `${name}.${path}`)?.sub?.name ?? '']);
}

function one(column: Column | undefined): Place | null {
  return column === undefined ? null : { kind: 'one', column };
}

/** Attributes of users, as conditions on `scim_users`. */
export const userSource: Source = (path) => {
  const found = resolve(userType, path);
  if (found?.attribute?.name === 'schemas') return schemasPlace(userType);
  if (found?.attribute?.name === 'groups' && found.extension === null)
    return {
      kind: 'many',
      element: membershipSource,
      sub: found.sub?.name ?? 'value',
      chosen: null,
      some: isInSome,
    };
  return found === null ? null : (one(userColumns[canonicalName(found)]) ?? inResource(found));
};

/** Attributes of groups, as conditions on `scim_groups`. */
export const groupSource: Source = (path) => {
  const found = resolve(groupType, path);
  if (found?.attribute?.name === 'schemas') return schemasPlace(groupType);
  if (found?.attribute?.name === 'members')
    return {
      kind: 'many',
      element: memberSource,
      sub: found.sub?.name ?? 'value',
      chosen: null,
      some: hasSome,
    };
  return found === null ? null : one(groupColumns[canonicalName(found)]);
};

/** A resource has the core schema, and each extension it has attributes of. Groups have none. */
function schemasPlace({ core, extensions }: ResourceType): Place {
  const urns = extensions.map(({ urn }) => urn);
  return {
    kind: 'many',
    element: (name) => (name.toLowerCase() === 'value' ? one(schemaColumn) : null),
    sub: 'value',
    chosen: null,
    some: (condition) => someSchema(core.urn, urns, condition),
  };
}

function canonicalName(found: Resolved): string {
  if (found.extension !== null || found.attribute === null) return '';
  return found.sub === null ? found.attribute.name : `${found.attribute.name}.${found.sub.name}`;
}

function inResource({ attribute, sub, extension }: Resolved): Place | null {
  const holder = userResource(extension);
  if (attribute === null) return extension === null ? null : { kind: 'object', present: isThere(holder) };
  if (attribute.name === 'meta' || attribute.returned === 'never') return null;
  const value = within(holder, attribute.name);
  if (attribute.multiValued) return manyIn(value, attribute, sub?.name ?? 'value');
  if (attribute.type === 'complex')
    return sub === null ? { kind: 'object', present: isThere(value) } : one(columnIn(value, sub));
  return one(columnIn(holder, attribute));
}

function manyIn(list: Json, attribute: Attribute, sub: string): Place {
  const columnOf = (name: string) => {
    const part = named(attribute.subAttributes, name);
    return part === undefined ? undefined : columnIn(element, part);
  };
  const sortedBy = columnOf(sub);
  return {
    kind: 'many',
    sub,
    element: (name) => one(columnOf(name)),
    chosen: sortedBy === undefined ? null : chosenElement(list, sortedBy),
    some: (condition) => someElement(list, condition),
  };
}

function columnIn(holder: Json, { name, type, caseExact }: Attribute): Column {
  return valueIn(holder, name, { isBoolean: type === 'boolean', caseExact });
}
