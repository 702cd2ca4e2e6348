import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphError } from './errors.ts';
import type { Happening, Tenant } from './tenant.ts';
import type { EntraTokens } from './token.ts';

/** The newest changes; whoever comes back later than that begins anew. */
const KEPT = 10_000;
const PAGE = 50;

type Query = { $deltatoken?: string; $skiptoken?: string };

/** What has happened, numbered, for delta queries (concepts/delta-query-overview). */
export class Changes {
  #all: { n: number; happening: Happening }[] = [];
  #n = 0;
  /** Tokens from before this number are forgotten. */
  forgottenTo = 0;

  note(happening: Happening): void {
    this.#n += 1;
    this.#all = [...this.#all, { n: this.#n, happening }].slice(-KEPT);
  }

  get last(): number {
    return this.#n;
  }

  /** Up to a page of those of a kind after a number. */
  after(of: Happening['of'], n: number) {
    const all = this.#all.filter((one) => one.n > n && one.happening.of === of);
    return { page: all.slice(0, PAGE), isMore: all.length > PAGE };
  }
}

export function deltaRoutes(
  app: FastifyInstance,
  {
    tenant,
    tokens,
    changes,
    worldUrl,
  }: { tenant: Tenant; tokens: EntraTokens; changes: Changes; worldUrl: () => string },
): void {
  app.get<{ Querystring: Query }>('/groups/delta', async (request) => {
    tokens.mustHave(request, ['GroupMember.Read.All', 'GroupMember.ReadWrite.All', 'Group.Read.All']);
    return paged(request, 'group', (happening) =>
      happening.of === 'group'
        ? {
            id: happening.id,
            'members@delta': [
              {
                '@odata.type': `#microsoft.graph.${tenant.typeOf(happening.memberId) ?? 'user'}`,
                id: happening.memberId,
                ...(happening.isRemoved ? { '@removed': { reason: 'deleted' } } : {}),
              },
            ],
          }
        : null,
    );
  });

  app.get<{ Querystring: Query }>('/users/delta', async (request) => {
    tokens.mustHave(request, ['User.Read.All', 'User.ReadWrite.All']);
    return paged(request, 'user', ({ id, ...happening }) => {
      if (happening.of !== 'user') return null;
      const user = tenant.users.get(id);
      // Deleted and still to be restored.
      if (happening.changeType === 'deleted' || user === undefined)
        return { id, '@removed': { reason: 'changed' } };
      return { id, userPrincipalName: user.userPrincipalName, accountEnabled: user.accountEnabled };
    });
  });

  function paged(
    request: FastifyRequest<{ Querystring: Query }>,
    of: Happening['of'],
    show: (h: Happening) => object | null,
  ) {
    const { $deltatoken, $skiptoken } = request.query;
    const path = request.url.split('?')[0] ?? '';
    const link = (name: string, n: number) => `${worldUrl()}${path}?${name}=${n}`;
    if ($deltatoken === 'latest') return { value: [], '@odata.deltaLink': link('$deltatoken', changes.last) };
    const from = Number($skiptoken ?? $deltatoken ?? Number.NaN);
    if (Number.isNaN(from))
      throw new GraphError(400, 'Request_BadRequest', 'The sandbox begins with the latest changes.');
    if (from < changes.forgottenTo)
      throw new GraphError(
        410,
        'syncStateNotFound',
        'The sync state generation is not found; a full sync is required.',
      );
    const { page, isMore } = changes.after(of, from);
    const value = page.flatMap(({ happening }) => show(happening) ?? []);
    return isMore
      ? { value, '@odata.nextLink': link('$skiptoken', page.at(-1)?.n ?? from) }
      : { value, '@odata.deltaLink': link('$deltatoken', changes.last) };
  }
}
