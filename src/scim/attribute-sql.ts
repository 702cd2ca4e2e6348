import { type RawBuilder, sql } from 'kysely';
import { memberDisplay } from '../store/scim/members.ts';
import type { Column, Place, Source } from './filter-sql.ts';
import {
  type Attribute,
  groupType,
  named,
  type Resolved,
  type ResourceType,
  resolve,
  userType,
} from './schema.ts';

function column(expression: RawBuilder<unknown>, type: Column['type'], caseExact = false): Place {
  return { kind: 'one', column: { sql: expression, type, caseExact } };
}

/** A name that has its key beside it. */
function keyed(name: RawBuilder<unknown>, key: RawBuilder<unknown>): Place {
  return { kind: 'one', column: { sql: name, type: 'text', caseExact: false, key } };
}

/** Attributes with columns of their own, by canonical name; `resource` jsonb holds the rest. */
const userColumns: Record<string, Place> = {
  id: column(sql.ref('scim_users.id'), 'uuid'),
  externalId: column(sql.ref('scim_users.external_id'), 'text', true),
  userName: keyed(sql.ref('scim_users.user_name'), sql.ref('scim_users.user_name_key')),
  active: column(sql.ref('scim_users.active'), 'boolean'),
  'meta.resourceType': column(sql`'User'`, 'text', true),
  'meta.created': column(sql.ref('scim_users.created_at'), 'time'),
  'meta.lastModified': column(sql.ref('scim_users.updated_at'), 'time'),
};

const groupColumns: Record<string, Place> = {
  id: column(sql.ref('scim_groups.id'), 'uuid'),
  externalId: column(sql.ref('scim_groups.external_id'), 'text', true),
  displayName: keyed(sql.ref('scim_groups.display_name'), sql.ref('scim_groups.display_name_key')),
  'meta.resourceType': column(sql`'Group'`, 'text', true),
  'meta.created': column(sql.ref('scim_groups.created_at'), 'time'),
  'meta.lastModified': column(sql.ref('scim_groups.updated_at'), 'time'),
};

/** Sub-attributes of `members`, over a join of scim_members and scim_users. */
export const memberSource: Source = elementSource(groupType, 'members', {
  value: column(sql.ref('scim_members.user_id'), 'uuid'),
  display: column(memberDisplay, 'text'),
  type: column(sql`'User'`, 'text'),
});

const membershipSource: Source = elementSource(userType, 'groups', {
  value: column(sql.ref('scim_members.group_id'), 'uuid'),
  display: column(sql.ref('scim_groups.display_name'), 'text'),
  type: column(sql`'direct'`, 'text'),
});

function elementSource(type: ResourceType, name: string, columns: Record<string, Place>): Source {
  return (path) => columns[resolve(type, `${name}.${path}`)?.sub?.name ?? ''] ?? null;
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
      some: (condition) => sql<boolean>`exists (
        select from scim_members join scim_groups on scim_groups.id = scim_members.group_id
        where scim_members.user_id = scim_users.id and (${condition}))`,
    };
  return found === null ? null : (userColumns[canonicalName(found)] ?? inResource(found));
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
      some: (condition) => sql<boolean>`exists (
        select from scim_members join scim_users on scim_users.id = scim_members.user_id
        where scim_members.group_id = scim_groups.id and (${condition}))`,
    };
  return found === null ? null : (groupColumns[canonicalName(found)] ?? null);
};

/** A resource has the core schema, and each extension it has attributes of. Groups have none. */
function schemasPlace({ core, extensions }: ResourceType): Place {
  const value: Column = { sql: sql`element.value`, type: 'text', caseExact: false };
  const urns = [
    sql`${core.urn}::text`,
    ...extensions.map(
      ({ urn }) => sql`case when scim_users.resource -> ${urn}::text is not null then ${urn}::text end`,
    ),
  ];
  return {
    kind: 'many',
    element: (name) => (name.toLowerCase() === 'value' ? { kind: 'one', column: value } : null),
    sub: 'value',
    chosen: null,
    some: (condition) =>
      sql<boolean>`exists (select from unnest(array[${sql.join(urns)}]) element(value)
        where element.value is not null and (${condition}))`,
  };
}

function canonicalName(found: Resolved): string {
  if (found.extension !== null || found.attribute === null) return '';
  return found.sub === null ? found.attribute.name : `${found.attribute.name}.${found.sub.name}`;
}

function inResource(found: Resolved): Place | null {
  const { attribute, sub, extension } = found;
  const resource = sql.ref('scim_users.resource');
  const holder = extension === null ? resource : sql`(${resource} -> ${extension}::text)`;
  if (attribute === null)
    return extension === null ? null : { kind: 'object', present: sql<boolean>`${holder} is not null` };
  if (attribute.name === 'meta' || attribute.returned === 'never') return null;
  const value = sql`(${holder} -> ${attribute.name}::text)`;
  if (attribute.multiValued) {
    const elementColumn = (name: string) => {
      const part = named(attribute.subAttributes, name);
      return part === undefined ? null : jsonColumn(sql`element.value`, part);
    };
    const sortedBy = elementColumn(sub?.name ?? 'value');
    return {
      kind: 'many',
      sub: sub?.name ?? 'value',
      element: (name) => {
        const found = elementColumn(name);
        return found === null ? null : { kind: 'one', column: found };
      },
      chosen: sortedBy === null ? null : { ...sortedBy, sql: chosenOf(value, sortedBy) },
      some: (condition) =>
        sql<boolean>`exists (select from jsonb_array_elements(${value}) element where ${condition})`,
    };
  }
  if (attribute.type === 'complex')
    return sub === null
      ? { kind: 'object', present: sql<boolean>`${value} is not null` }
      : { kind: 'one', column: jsonColumn(value, sub) };
  return { kind: 'one', column: jsonColumn(holder, attribute) };
}

function jsonColumn(holder: RawBuilder<unknown>, attribute: Attribute): Column {
  const text = sql`(${holder} ->> ${attribute.name}::text)`;
  return attribute.type === 'boolean'
    ? { sql: sql`(${text})::boolean`, type: 'boolean', caseExact: false }
    : { sql: text, type: 'text', caseExact: attribute.caseExact };
}

/** RFC 7644 section 3.4.2.3: a multi-valued attribute is sorted by its primary value, else by its first. */
function chosenOf(list: RawBuilder<unknown>, column: Column): RawBuilder<unknown> {
  return sql`(select ${column.sql} from jsonb_array_elements(${list}) with ordinality element(value, place)
    order by (element.value ->> 'primary')::boolean desc nulls last, place limit 1)`;
}
