import { type RawBuilder, sql } from 'kysely';
import type { Column, Condition } from './conditions.ts';
import { memberDisplay } from './members.ts';

function column(expression: RawBuilder<unknown>, type: Column['type'], caseExact = false): Column {
  return { sql: expression, type, caseExact };
}

/** A name that has its key beside it. */
function keyed(name: RawBuilder<unknown>, key: RawBuilder<unknown>): Column {
  return { sql: name, type: 'text', caseExact: false, key };
}

/** Attributes of `scim_users` with columns of their own, by canonical name; `resource` jsonb holds the rest. */
export const userColumns: Readonly<Record<string, Column>> = {
  id: column(sql.ref('scim_users.id'), 'uuid'),
  externalId: column(sql.ref('scim_users.external_id'), 'text', true),
  userName: keyed(sql.ref('scim_users.user_name'), sql.ref('scim_users.user_name_key')),
  active: column(sql.ref('scim_users.active'), 'boolean'),
  'meta.resourceType': column(sql`'User'`, 'text', true),
  'meta.created': column(sql.ref('scim_users.created_at'), 'time'),
  'meta.lastModified': column(sql.ref('scim_users.updated_at'), 'time'),
};

/** Attributes of `scim_groups`, by canonical name. */
export const groupColumns: Readonly<Record<string, Column>> = {
  id: column(sql.ref('scim_groups.id'), 'uuid'),
  externalId: column(sql.ref('scim_groups.external_id'), 'text', true),
  displayName: keyed(sql.ref('scim_groups.display_name'), sql.ref('scim_groups.display_name_key')),
  'meta.resourceType': column(sql`'Group'`, 'text', true),
  'meta.created': column(sql.ref('scim_groups.created_at'), 'time'),
  'meta.lastModified': column(sql.ref('scim_groups.updated_at'), 'time'),
};

/** Sub-attributes of a group's `members`, over a join of scim_members and scim_users. */
export const memberColumns: Readonly<Record<string, Column>> = {
  value: column(sql.ref('scim_members.user_id'), 'uuid'),
  display: column(memberDisplay, 'text'),
  type: column(sql`'User'`, 'text'),
};

/** Sub-attributes of a user's `groups`, over a join of scim_members and scim_groups. */
export const membershipColumns: Readonly<Record<string, Column>> = {
  value: column(sql.ref('scim_members.group_id'), 'uuid'),
  display: column(sql.ref('scim_groups.display_name'), 'text'),
  type: column(sql`'direct'`, 'text'),
};

/** Whether a user is in a group that meets a condition on `membershipColumns`. */
export function isInSome(condition: Condition): Condition {
  return sql<boolean>`exists (
        select from scim_members join scim_groups on scim_groups.id = scim_members.group_id
        where scim_members.user_id = scim_users.id and (${condition}))`;
}

/** Whether a group has a member who meets a condition on `memberColumns`. */
export function hasSome(condition: Condition): Condition {
  return sql<boolean>`exists (
        select from scim_members join scim_users on scim_users.id = scim_members.user_id
        where scim_members.group_id = scim_groups.id and (${condition}))`;
}

/** A part of a user's attributes in jsonb. */
export type Json = RawBuilder<unknown>;

/** All attributes of a user; with an extension's URN, those of the extension. */
export function userResource(extension: string | null): Json {
  const resource = sql.ref('scim_users.resource');
  return extension === null ? resource : sql`(${resource} -> ${extension}::text)`;
}

export function within(holder: Json, name: string): Json {
  return sql`(${holder} -> ${name}::text)`;
}

export function isThere(json: Json): Condition {
  return sql<boolean>`${json} is not null`;
}

/** A simple value in jsonb. */
export function valueIn(
  holder: Json,
  name: string,
  { isBoolean, caseExact }: { isBoolean: boolean; caseExact: boolean },
): Column {
  const text = sql`(${holder} ->> ${name}::text)`;
  return isBoolean ? column(sql`(${text})::boolean`, 'boolean') : column(text, 'text', caseExact);
}

/** The element that `someElement` and `chosenElement` are about. */
export const element: Json = sql`element.value`;

/** Whether an element of a list meets a condition on `element`. */
export function someElement(list: Json, condition: Condition): Condition {
  return sql<boolean>`exists (select from jsonb_array_elements(${list}) element where ${condition})`;
}

/** RFC 7644 section 3.4.2.3: a multi-valued attribute is sorted by its primary value, else by its first. */
export function chosenElement(list: Json, value: Column): Column {
  return {
    ...value,
    sql: sql`(select ${value.sql} from jsonb_array_elements(${list}) with ordinality element(value, place)
    order by (element.value ->> 'primary')::boolean desc nulls last, place limit 1)`,
  };
}

/** One of the schemas that `someSchema` is about. */
export const schemaColumn: Column = column(element, 'text');

/**
 * Whether a resource has a schema that meets a condition on `schemaColumn`: the core's, or one it has attributes of.
 */
export function someSchema(core: string, extensions: readonly string[], condition: Condition): Condition {
  const urns = [
    sql`${core}::text`,
    ...extensions.map(
      (urn) => sql`case when scim_users.resource -> ${urn}::text is not null then ${urn}::text end`,
    ),
  ];
  return sql<boolean>`exists (select from unnest(array[${sql.join(urns)}]) element(value)
        where element.value is not null and (${condition}))`;
}
