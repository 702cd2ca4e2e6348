import { randomUUID } from 'node:crypto';
import { BODY_LIMIT_BYTES, type Refused } from './door.ts';
import type { Endpoint } from './endpoint.ts';
import { readWanted } from './projection.ts';
import type { Sent } from './refused.ts';
import { bodyObject, checkSchemas, isObject } from './resource.ts';
import { sameName } from './schema.ts';
import { errorBody, invalidSyntax, invalidValue, ScimError } from './scim-error.ts';

/** Operations in one Bulk; also said by ServiceProviderConfig. */
export const MAX_BULK_OPERATIONS = 1_000;
export const MAX_BULK_BYTES = BODY_LIMIT_BYTES;

const REQUEST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const RESPONSE_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';
const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

type Operation = {
  method: string;
  path: string;
  bulkId: string | undefined;
  version: string | undefined;
  data: unknown;
};
type Result = Record<string, unknown>;

/** A resource that an operation of the Bulk will create. Its id is given out before, so that circles resolve. */
type Reserved = { id: string; at: number };

type Refusing = {
  refuse: (error: unknown) => Refused;
  /** Of an operation that failed, or was not done: what it held must not be lost. */
  onRefused: (sent: Sent, refused: Refused) => Promise<void>;
};

/**
 * Does the operations of a Bulk (RFC 7644 section 3.7) one after another, each in a commit of its own. It answers one
 * result each, in their order. One that refers to what a later one creates (`bulkId:...`) makes that come first. After
 * `failOnErrors` errors the rest is not done and has no result. Throws 413 for too many operations, 400 for what is no
 * Bulk at all.
 */
export async function runBulk(
  endpoints: readonly Endpoint[],
  sent: unknown,
  { refuse, onRefused }: Refusing,
): Promise<Record<string, unknown>> {
  const { operations, failOnErrors } = readBulk(sent);
  const reserved = new Map<string, Reserved>();
  for (const [at, { method, bulkId }] of operations.entries())
    if (method === 'POST' && bulkId !== undefined && !reserved.has(bulkId))
      reserved.set(bulkId, { id: randomUUID(), at });

  const results: (Result | 'begun' | undefined)[] = operations.map(() => undefined);
  const failed = new Set<number>();
  const hasEnough = () => failOnErrors !== null && failed.size >= failOnErrors;

  async function run(at: number): Promise<void> {
    const operation = operations[at];
    if (operation === undefined || results[at] !== undefined || hasEnough()) return;
    results[at] = 'begun';
    for (const bulkId of referencesIn(operation)) await run(reserved.get(bulkId)?.at ?? -1);
    if (hasEnough()) {
      results[at] = undefined;
      return;
    }
    const named = operation.bulkId === undefined ? {} : { bulkId: operation.bulkId };
    try {
      const own = operation.method === 'POST' ? ownId(operation, at, reserved) : undefined;
      const resolved = resolveReferences(operation, reserved, failed);
      results[at] = { method: operation.method, ...named, ...(await perform(endpoints, resolved, own)) };
    } catch (error) {
      const { status, detail, scimType } = refuse(error);
      failed.add(at);
      await onRefused(sentBy(operation), { status, detail, scimType });
      results[at] = {
        method: operation.method,
        ...named,
        ...placeOf(endpoints, operation),
        status: String(status),
        response: errorBody(status, detail, scimType),
      };
    }
  }
  for (const at of operations.keys()) await run(at);
  for (const [at, operation] of operations.entries())
    if (results[at] === undefined)
      await onRefused(sentBy(operation), {
        status: 400,
        detail: 'not done: others had failed (failOnErrors)',
        scimType: undefined,
      });
  return { schemas: [RESPONSE_SCHEMA], Operations: results.filter((result) => result !== undefined) };
}

function sentBy({ method, path, data }: Operation): Sent {
  return { method, path: path.startsWith('/') ? path : `/${path}`, body: data };
}

/** The operations of a Bulk that was refused as a whole, as far as there are any. */
export function operationsSent(body: unknown): Sent[] {
  const list = isObject(body) ? field(body, 'Operations') : undefined;
  return Array.isArray(list) ? list.map(readOperation).map(sentBy) : [];
}

function readBulk(sent: unknown): { operations: Operation[]; failOnErrors: number | null } {
  const body = bodyObject(sent);
  checkSchemas(body, REQUEST_SCHEMA);
  const list = field(body, 'Operations');
  if (!Array.isArray(list) || list.length === 0)
    throw invalidSyntax('Operations is not a list with at least one operation');
  if (list.length > MAX_BULK_OPERATIONS)
    throw new ScimError(413, `more than ${MAX_BULK_OPERATIONS} operations (maxOperations)`);
  const failOnErrors = field(body, 'failOnErrors') ?? null;
  if (failOnErrors !== null && !(Number.isInteger(failOnErrors) && (failOnErrors as number) > 0))
    throw invalidValue('failOnErrors is not a whole number above 0');
  return { operations: list.map(readOperation), failOnErrors: failOnErrors as number | null };
}

/** A missing or wrong part is found out when it is the operation's turn: it spoils none of the others. */
function readOperation(sent: unknown): Operation {
  const text = (name: string) => {
    const value = isObject(sent) ? field(sent, name) : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    method: (text('method') ?? '').trim().toUpperCase(),
    path: text('path') ?? '',
    bulkId: text('bulkId'),
    version: text('version'),
    data: isObject(sent) ? field(sent, 'data') : undefined,
  };
}

function field(object: Record<string, unknown>, name: string): unknown {
  return Object.entries(object).find(([key]) => sameName(key, name))?.[1];
}

/** RFC 7644 section 3.7: a POST needs a bulkId. */
function ownId({ bulkId }: Operation, at: number, reserved: ReadonlyMap<string, Reserved>): string {
  if (bulkId === undefined) throw invalidSyntax('a POST needs a bulkId');
  const own = reserved.get(bulkId);
  if (own === undefined || own.at !== at) throw invalidValue(`the bulkId ${bulkId} is used twice`);
  return own.id;
}

const reference = /^bulkId:(.+)$/;
const referenceInPath = /^(.*\/)bulkId:([^/]+)$/;

/** Names of the resources that an operation speaks of and that another one creates. */
function referencesIn({ path, data }: Operation): Set<string> {
  const names = new Set<string>();
  mapTexts(data, (text) => {
    const name = reference.exec(text)?.[1];
    if (name !== undefined) names.add(name);
    return text;
  });
  const inPath = referenceInPath.exec(path)?.[2];
  if (inPath !== undefined) names.add(inPath);
  return names;
}

/** The operation with ids in place of references. Throws 400 for an unknown one, 409 for one that failed. */
function resolveReferences(
  operation: Operation,
  reserved: ReadonlyMap<string, Reserved>,
  failed: ReadonlySet<number>,
): Operation {
  const idFor = (name: string) => {
    const found = reserved.get(name);
    if (found === undefined) throw invalidValue(`no POST here has the bulkId ${name}`);
    if (failed.has(found.at)) throw new ScimError(409, `the operation with the bulkId ${name} failed`);
    return found.id;
  };
  const inPath = referenceInPath.exec(operation.path);
  return {
    ...operation,
    path: inPath === null ? operation.path : `${inPath[1]}${idFor(inPath[2] ?? '')}`,
    data: mapTexts(operation.data, (text) => {
      const name = reference.exec(text)?.[1];
      return name === undefined ? text : idFor(name);
    }),
  };
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, mapTexts(part, change)]));
}

/** Characters of a path; a longer one leads nowhere. */
const PATH_MAX = 1_000;

/**
 * RFC 7644 section 3.7 wants the path below the base address. Some clients send the whole address, or the path that
 * they would send alone. A base address with a slash at its end doubles it, here as in an address.
 */
const TARGET =
  /^\s*(?:https?:\/\/[^/]+)?(?:\/*scim(?=\/))?(?:\/*v2(?=\/))?\/*([^/?#\s]+)(?:\/+([^/?#\s]+))?\/*(?:[?#].*)?\s*$/i;

type Target = { endpoint: Endpoint; id: string | undefined };

function targetOf(endpoints: readonly Endpoint[], path: string): Target | null {
  const [, name = '', id] = (path.length > PATH_MAX ? null : TARGET.exec(path)) ?? [];
  const endpoint = endpoints.find(({ type }) => sameName(type.endpoint, `/${name}`));
  return endpoint === undefined ? null : { endpoint, id };
}

/** Where the resource of an operation is that failed; a POST that failed has left none. */
function placeOf(endpoints: readonly Endpoint[], { method, path }: Operation): { location?: string } {
  const target = targetOf(endpoints, path);
  if (method === 'POST' || target?.id === undefined || referenceInPath.test(path)) return {};
  return { location: target.endpoint.locationOf(target.id) };
}

async function perform(
  endpoints: readonly Endpoint[],
  { method, path, version, data }: Operation,
  ownId: string | undefined,
): Promise<Result> {
  const target = targetOf(endpoints, path);
  if (target === null) throw new ScimError(404, `there is nothing at ${path}`);
  const { endpoint, id } = target;
  // The client knows what it has sent; it is told where that is and at which version.
  const wanted = readWanted(endpoint.type, 'id', undefined);
  if (method === 'POST' && id === undefined) {
    const { location, etag } = await endpoint.create(data, wanted, ownId);
    return { location, version: etag, status: '201' };
  }
  if (id === undefined || method === 'POST') throw invalidValue(`${method} is not possible at ${path}`);
  switch (method) {
    case 'PUT': {
      const { location, etag } = await endpoint.replace(id, data, version, wanted);
      return { location, version: etag, status: '200' };
    }
    case 'PATCH': {
      const { location, etag } = await endpoint.patch(id, patchOf(data), version, null);
      return { location, version: etag, status: '204' };
    }
    case 'DELETE':
      await endpoint.remove(id, version);
      return { location: endpoint.locationOf(id), status: '204' };
    default:
      throw invalidValue('method is not POST, PUT, PATCH or DELETE');
  }
}

/** The RFC's own example sends the bare list of operations. */
function patchOf(data: unknown): unknown {
  return Array.isArray(data) ? { schemas: [PATCH_SCHEMA], Operations: data } : data;
}
