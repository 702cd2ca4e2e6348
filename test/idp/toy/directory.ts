import Fastify from 'fastify';

export type ToyPerson = { id: string; login: string; email: string; name: string; active: boolean };

export type ToyDirectory = {
  url: string;
  members(group: string): string[];
  /** From now on it pushes by SCIM to this address. */
  provisionTo(scimUrl: string, token: string): void;
  close(): Promise<void>;
};

export const TOY_KEY = 'the-key-of-the-toy-directory';

/** A directory of people and groups over HTTP that pushes each change of a group by SCIM. */
export async function startToyDirectory(
  people: readonly ToyPerson[],
  groups: readonly string[],
): Promise<ToyDirectory> {
  const members = new Map(groups.map((group) => [group, new Set<string>()]));
  let scim: { url: string; token: string } | null = null;
  const push = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${scim?.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${scim?.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return (text === '' ? {} : JSON.parse(text)) as { id: string; Resources?: { id: string }[] };
  };
  const ensure = async (type: 'Users' | 'Groups', name: string, body: object) => {
    const attribute = type === 'Users' ? 'userName' : 'displayName';
    const filter = encodeURIComponent(`${attribute} eq "${name}"`);
    const [known] = (await push('GET', `/${type}?filter=${filter}`)).Resources ?? [];
    return known?.id ?? (await push('POST', `/${type}`, { [attribute]: name, ...body })).id;
  };
  const tell = async (group: string, op: 'add' | 'remove', person: ToyPerson) => {
    if (scim === null) return;
    const { id: externalId, login, email, active } = person;
    const user = await ensure('Users', login, { externalId, active, emails: [{ value: email }] });
    const id = await ensure('Groups', group, {});
    const change =
      op === 'add'
        ? { op, path: 'members', value: [{ value: user }] }
        : { op, path: `members[value eq "${user}"]` };
    await push('PATCH', `/Groups/${id}`, { Operations: [change] });
  };

  const app = Fastify();
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization !== TOY_KEY) await reply.code(401).send({ error: 'who are you?' });
  });
  app.get<{ Querystring: { name: string } }>('/people', async ({ query: { name } }) =>
    people.filter((one) => [one.id, one.login, one.email].includes(name.toLowerCase())),
  );
  app.get('/groups', async () => groups);
  app.get<{ Params: { group: string } }>('/groups/:group', async ({ params: { group } }) =>
    people.filter(({ id }) => members.get(group)?.has(id)),
  );
  for (const [method, op] of [
    ['PUT', 'add'],
    ['DELETE', 'remove'],
  ] as const)
    app.route<{ Params: { group: string; id: string } }>({
      method,
      url: '/groups/:group/:id',
      async handler({ params: { group, id } }, reply) {
        const person = people.find((one) => one.id === id);
        const there = members.get(group);
        if (person === undefined || there === undefined) return await reply.code(404).send();
        if (op === 'add') there.add(id);
        else there.delete(id);
        void tell(group, op, person);
        return await reply.code(204).send();
      },
    });

  return {
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    members: (group) => [...(members.get(group) ?? [])],
    provisionTo(url, token) {
      scim = { url, token };
    },
    close: () => app.close(),
  };
}
