import { MAX_BULK_BYTES, MAX_BULK_OPERATIONS } from './bulk.ts';
import { CURSOR_TIMEOUT_SECONDS } from './cursor.ts';
import { DEFAULT_COUNT, MAX_COUNT, type Page } from './endpoint.ts';
import { type Attribute, groupType, type ResourceType, type Schema, userType } from './schema.ts';

const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/**
 * ListResponse, RFC 7644 section 3.4.2; `startIndex` is null for a page by cursor. `Resources` is there even when
 * empty: Okta and Entra want it.
 */
export function listBody(page: Page, startIndex: number | null): Record<string, unknown> {
  const { total, resources, nextCursor, previousCursor } = page;
  return {
    schemas: [LIST_SCHEMA],
    totalResults: total,
    ...(startIndex === null ? {} : { startIndex }),
    itemsPerPage: resources.length,
    ...(nextCursor === undefined ? {} : { nextCursor }),
    ...(previousCursor === undefined ? {} : { previousCursor }),
    Resources: resources,
  };
}

/** RFC 7643 section 5; `pagination` is of RFC 9865. */
export function serviceProviderConfig(root: string): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: MAX_BULK_OPERATIONS, maxPayloadSize: MAX_BULK_BYTES },
    filter: { supported: true, maxResults: MAX_COUNT },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: DEFAULT_COUNT,
      maxPageSize: MAX_COUNT,
      cursorTimeout: CURSOR_TIMEOUT_SECONDS,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A long-lived token in the Authorization header',
        specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
        primary: true,
      },
    ],
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${root}/ServiceProviderConfig`,
    },
  };
}

/** RFC 7643 section 6, by name. */
export function resourceTypes(root: string): Map<string, Record<string, unknown>> {
  return new Map([userType, groupType].map((type) => [type.name, resourceType(root, type)]));
}

function resourceType(root: string, type: ResourceType): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.core.description,
    schema: type.core.urn,
    schemaExtensions: type.extensions.map((schema) => ({ schema: schema.urn, required: false })),
    meta: { resourceType: 'ResourceType', location: `${root}/ResourceTypes/${type.name}` },
  };
}

/** RFC 7643 section 7, by URN. */
export function schemas(root: string): Map<string, Record<string, unknown>> {
  const all = [userType, groupType].flatMap((type) => [type.core, ...type.extensions]);
  return new Map(all.map((schema) => [schema.urn, schemaResource(root, schema)]));
}

function schemaResource(root: string, schema: Schema): Record<string, unknown> {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id: schema.urn,
    name: schema.name,
    description: schema.description,
    attributes: schema.attributes.map(described),
    meta: { resourceType: 'Schema', location: `${root}/Schemas/${schema.urn}` },
  };
}

function described(attribute: Attribute): Record<string, unknown> {
  const { subAttributes, caseExact, referenceTypes, canonicalValues, ...others } = attribute;
  return {
    ...others,
    ...(attribute.type === 'boolean' || attribute.type === 'complex' ? {} : { caseExact }),
    ...(attribute.type === 'reference' ? { referenceTypes } : {}),
    ...(canonicalValues.length === 0 ? {} : { canonicalValues }),
    ...(attribute.type === 'complex' ? { subAttributes: subAttributes.map(described) } : {}),
  };
}
