import type { FastifyRequest } from 'fastify';
import { GraphError } from './errors.ts';

/** The address of Graph below the world's own. */
export const GRAPH_PREFIX = '/entra/v1.0';
const DEFAULT_PAGE = 100;
const MAX_PAGE = 999;
const IN_MAX = 15;

export type ODataQuery = Partial<
  Record<
    '$filter' | '$select' | '$expand' | '$top' | '$count' | '$search' | '$orderby' | '$skiptoken',
    string
  >
>;
type Row = Record<string, unknown> & { id: string };

/** Properties that Graph gives of a user or group unasked (resources/user, resources/group). */
const unasked: Record<string, readonly string[]> = {
  user: ['id', 'displayName', 'jobTitle', 'mail', 'userPrincipalName'],
  group: [
    'id',
    'displayName',
    'description',
    'groupTypes',
    'mailEnabled',
    'securityEnabled',
    'onPremisesSyncEnabled',
    'visibility',
  ],
};

/** Refuses what needs the other, lagging index and does not ask for it (concepts/aad-advanced-queries). */
export function checkQuery(request: FastifyRequest): ODataQuery {
  const query = request.query as ODataQuery;
  const isAdvanced = request.headers.consistencylevel === 'eventual';
  if (query.$search !== undefined && !isAdvanced)
    throw unsupported(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  const filter = query.$filter ?? '';
  const wantsIndex = /\b(ne|not)\b|endswith\(|\bor\b/i.test(withoutTexts(filter));
  const isSorted = filter !== '' && query.$orderby !== undefined;
  if ((wantsIndex || isSorted) && !(isAdvanced && query.$count === 'true'))
    throw unsupported(isSorted ? 'Sorting not supported for current query.' : 'Unsupported Query.');
  const top = Number(query.$top ?? DEFAULT_PAGE);
  if (!Number.isInteger(top) || top < 1 || top > MAX_PAGE)
    throw unsupported(`Invalid page size specified: '${query.$top}'. Must be between 1 and 999 inclusive.`);
  return query;
}

/** The rows that a `$filter` of those kinds lets through which Graph answers without the other index. */
export function filtered<T extends Row>(rows: readonly T[], filter: string | undefined): T[] {
  if (filter === undefined) return [...rows];
  const eq = /^(\w+) eq '((?:[^']|'')*)'$/.exec(filter);
  if (eq !== null) return rows.filter((row) => sameText(row[eq[1] ?? ''], textOf(eq[2])));
  const isIn = /^id in \(((?:'[0-9a-fA-F-]+',?)*)\)$/.exec(filter);
  if (isIn !== null) {
    const ids = (isIn[1] ?? '').split(',').map((id) => id.slice(1, -1).toLowerCase());
    if (ids.length > IN_MAX)
      throw unsupported(
        `Too many child clauses specified in search filter expression containing 'OR' operators: ${ids.length}. Max allowed: ${IN_MAX}.`,
      );
    return rows.filter((row) => ids.includes(row.id));
  }
  const any = /^(\w+)\/any\((\w+):\2 eq '((?:[^']|'')*)'\)$/.exec(filter);
  if (any !== null)
    return rows.filter((row) => {
      const values = row[any[1] ?? ''];
      return Array.isArray(values) && values.some((value) => sameText(value, textOf(any[3])));
    });
  throw unsupported('Unsupported Query.');
}

/** One page in the order given, with `@odata.nextLink` while there is more. */
export function paged<T extends Row>(rows: readonly T[], request: FastifyRequest, worldUrl: string) {
  const { $top, $skiptoken } = request.query as ODataQuery;
  const top = Number($top ?? DEFAULT_PAGE);
  const last = $skiptoken === undefined ? null : Buffer.from($skiptoken, 'base64url').toString();
  const from = last === null ? 0 : rows.findIndex(({ id }) => id === last) + 1;
  const value = rows.slice(from, from + top);
  const end = value.at(-1);
  if (end === undefined || from + value.length >= rows.length) return { value };
  const next = new URL(request.url, worldUrl);
  next.searchParams.set('$skiptoken', Buffer.from(end.id).toString('base64url'));
  return { '@odata.nextLink': next.href, value };
}

/** What `$select` asks for; the id comes always with a member of a mixed list, and so does its type. */
export function selected(
  row: Row,
  kind: string,
  query: ODataQuery,
  isMixed = false,
): Record<string, unknown> {
  const names = query.$select?.split(',') ?? unasked[kind] ?? ['id', 'displayName'];
  const shown = Object.fromEntries(names.flatMap((name) => (name in row ? [[name, row[name]]] : [])));
  return isMixed ? { '@odata.type': `#microsoft.graph.${kind}`, id: row.id, ...shown } : shown;
}

export function unsupported(message: string): GraphError {
  return new GraphError(400, 'Request_UnsupportedQuery', message);
}

function textOf(quoted: string | undefined): string {
  return (quoted ?? '').replaceAll("''", "'");
}

function withoutTexts(filter: string): string {
  return filter.replace(/'(?:[^']|'')*'/g, "''");
}

function sameText(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === text.toLowerCase();
}
