import type { Actor } from '../core/change/events.ts';
import { commit, commitAtOnce, type Outcome, type Unit } from '../flow/kernel/commit.ts';
import type { Db } from '../store/postgres/database.ts';
import type { Bound } from '../store/postgres/statement.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import type { Cursors } from './cursor.ts';
import type { Source } from './filter-condition.ts';
import type { Wanted } from './projection.ts';
import type { ResourceType } from './schema.ts';
import { notFound, ScimError } from './scim-error.ts';

/** What the endpoints work with. */
export type Scim = {
  db: Db;
  /** Whose token it is: the source that its resources belong to. */
  source: ScimSource;
  /** The sources that are identity providers of entitlements. */
  idps: readonly ScimSource[];
  /** This one is. What any other pushes is kept, and nothing follows from it. */
  isIdp: boolean;
  /** Names of the groups whose members are observed; null: all. Of a source that is not the IdP: none. */
  observedGroups(): string[] | null;
  /** Whether a newcomer of this department is to be observed: of most nothing follows, and a first sync has many. */
  awaits(department: string | null): boolean;
  onCommitted: (() => void) | undefined;
  cursors: Cursors;
  /** Who provisions: the IdP's SCIM client, by the token it sent. */
  client: Actor;
  /** Address of `/scim/v2` as clients see it, without a trailing slash. */
  root: string;
};

/** A resource as the client gets it, whole or in part, and where it is. */
export type Answer = {
  resource: Record<string, unknown>;
  version: number;
  etag: string;
  location: string;
};

export type ListQuery = {
  /** The address that is asked. */
  scope: string;
  filter: string | undefined;
  sortBy: string | undefined;
  sortOrder: 'ascending' | 'descending';
  /** RFC 9865; empty asks for the first page, null for a page by index. */
  cursor: string | null;
  /** 1-based; only by index. */
  startIndex: number;
  /** At most MAX_COUNT; 0, which asks for the total only, is possible only by index. */
  count: number;
};

export type Page = {
  total: number;
  resources: Record<string, unknown>[];
  nextCursor?: string | undefined;
  previousCursor?: string | undefined;
};

/** The operations of RFC 7644 section 3.2 on one resource type. All throw ScimError. */
export type Endpoint = {
  type: ResourceType;
  /** Where the resources are, and what their attributes are there. */
  table: 'scim_users' | 'scim_groups';
  source: Source;
  /** `id` when one was given out before: other operations of a Bulk may refer to it. */
  create(body: unknown, wanted: Wanted, id?: string): Promise<Answer>;
  /** The resources with these ids that there are, for lists. */
  show(ids: readonly string[], wanted: Wanted): Promise<Map<string, Record<string, unknown>>>;
  read(id: string, wanted: Wanted): Promise<Answer>;
  replace(id: string, body: unknown, ifMatch: string | undefined, wanted: Wanted): Promise<Answer>;
  /** `wanted` null: no body. */
  patch(id: string, body: unknown, ifMatch: string | undefined, wanted: Wanted | null): Promise<Patched>;
  remove(id: string, ifMatch: string | undefined): Promise<void>;
  locationOf(id: string): string;
};

/** `resource` is null when no body was wanted. */
type Patched = Omit<Answer, 'resource'> & { resource: Record<string, unknown> | null };

/** Resources on one page at most; also said by ServiceProviderConfig. */
export const MAX_COUNT = 200;
export const DEFAULT_COUNT = 100;

/** SQLSTATE of a name that another resource has. */
export const UNIQUE_VIOLATION = '23505';
/** SQLSTATE of a transaction that PostgreSQL ended so that another could go on. */
const tryAgainCodes = new Set(['40001', '40P01']);
const MAX_TRIES = 10;

/** Somebody else's commit came between two reads of this transaction: it starts again. */
export class Overtaken extends Error {}

/** Commits; a transaction that was overtaken, or had to give way to another, starts again. */
export async function write<T>(scim: Scim, work: (unit: Unit) => Promise<Outcome<T>>): Promise<T> {
  return await trying(() => commit(scim.db, work, scim.onCommitted));
}

/** Runs a statement that is a commit of its own. */
export async function writeAtOnce<Row>(scim: Scim, whole: Bound): Promise<Row[]> {
  return await trying(() => commitAtOnce<Row>(scim.db, whole));
}

async function trying<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof Overtaken || tryAgainCodes.has(sqlState(error));
      if (!isPassing) throw error;
      if (tries === MAX_TRIES) throw new ScimError(503, 'many changes at once: try again shortly');
    }
  }
}

/** PostgreSQL's code of an error, or an empty string. */
export function sqlState(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/**
 * The row with this id, if it is there and belongs to the source that asks. Throws 404, or 403 for what another source
 * has made.
 */
export function ownRow<Row extends { source: ScimSource }>(
  scim: Scim,
  type: ResourceType,
  id: string,
  row: Row | undefined,
): Row {
  const what = type.name.toLowerCase();
  if (row === undefined) throw notFound(`there is no ${what} ${id}`);
  if (row.source === scim.source) return row;
  throw new ScimError(
    403,
    `the ${what} ${id} belongs to the source ${row.source}, whose token made it; this token is of the source ` +
      `${scim.source} and can neither read nor change it. Use a token of ${row.source} ` +
      `(latchkey scim token create --source ${row.source}), or create a ${what} of your own`,
  );
}

/** Weak: two representations of a version mean the same but need not be the same bytes. */
function etagOf(version: number): string {
  return `W/"${version}"`;
}

/** Throws 412 unless `If-Match` is absent or blank, `*`, or names this version (RFC 7644 section 3.14). */
export function checkIfMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch !== undefined && ifMatch.trim() !== '' && !namesVersion(ifMatch, version))
    throw new ScimError(412, `the resource is at version ${etagOf(version)}`);
}

/** Whether a list of entity tags names this version, compared weakly. */
export function namesVersion(tags: string, version: number): boolean {
  return tags
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === '*' || tag === `"${version}"`);
}

/** What an answer says besides the resource. */
export function headOf(
  scim: Scim,
  type: ResourceType,
  row: { id: string; version: number },
): Omit<Answer, 'resource'> {
  return {
    version: row.version,
    etag: etagOf(row.version),
    location: `${scim.root}${type.endpoint}/${row.id}`,
  };
}

export function meta(
  scim: Scim,
  type: ResourceType,
  row: { id: string; version: number; created_at: Date; updated_at: Date },
): Record<string, unknown> {
  return {
    resourceType: type.name,
    created: row.created_at.toISOString(),
    lastModified: row.updated_at.toISOString(),
    location: `${scim.root}${type.endpoint}/${row.id}`,
    version: etagOf(row.version),
  };
}
