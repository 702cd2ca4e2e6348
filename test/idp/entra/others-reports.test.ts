import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { entraAsSeeded } from './start-entra.ts';

/** What others' users met, each by its public report, tried on this adapter. */
const INES = 'e0000000-0000-4000-8000-000000000001';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';
const entra = entraAsSeeded();

/** A Graph that answers as told; it gives any token. */
async function oddGraph(answer: (path: string) => { status: number; body: unknown }) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.method} ${path} ${request.headers.authorization ?? ''}`);
    const { status, body } = path.includes('/oauth2/')
      ? { status: 200, body: { token_type: 'Bearer', expires_in: 3_599, access_token: 'a.b.c' } }
      : answer(path);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, close: () => server.close() };
}

describe('reads', () => {
  test('signIns answers with somebody else’s (microsoft-graph-docs-contrib#3159)', async () => {
    const odd = await oddGraph(() => ({
      status: 200,
      body: {
        value: [
          {
            userId: ORDERS_READ,
            createdDateTime: '2026-11-29T10:00:00Z',
            location: { countryOrRegion: 'KP' },
          },
          {
            userId: INES.toUpperCase(),
            createdDateTime: '2026-11-29T09:00:00Z',
            location: { countryOrRegion: 'DE' },
          },
        ],
      },
    }));
    expect(await entra.idp({ url: odd.url, loginUrl: odd.url }).lastSignIn?.(INES, 600)).toMatchObject({
      country: 'Germany',
    });
    odd.close();
  });

  test('a page that leads elsewhere gets no token', async () => {
    const odd = await oddGraph(() => ({
      status: 200,
      body: { value: [], '@odata.nextLink': 'https://elsewhere.example/v1.0/users?$skiptoken=x' },
    }));
    await expect(
      entra.idp({ url: odd.url, loginUrl: odd.url }).readPerson('ines@acme.example'),
    ).rejects.toMatchObject({
      code: 'idp.bad_answer',
    });
    odd.close();
  });

  test('pages with nobody on them are read to the end (Graph gives empty pages with a nextLink)', async () => {
    let pages = 0;
    const odd = await oddGraph(() => {
      pages += 1;
      return {
        status: 200,
        body: {
          value: [],
          ...(pages < 50 ? { '@odata.nextLink': `${odd.url}/v1.0/users?$skiptoken=x` } : {}),
        },
      };
    });
    expect(await entra.idp({ url: odd.url, loginUrl: odd.url }).readPerson('ines@acme.example')).toBeNull();
    odd.close();
  });

  test('a person whose accountEnabled we may not read is no one switched off (limited information)', async () => {
    const odd = await oddGraph(() => ({
      status: 200,
      body: { id: INES, userPrincipalName: 'ines@acme.example', accountEnabled: null },
    }));
    await expect(entra.idp({ url: odd.url, loginUrl: odd.url }).readPerson(INES)).rejects.toMatchObject({
      code: 'idp.bad_answer',
    });
    odd.close();
  });

  test('an address with a plus sign is not one with a space', async () => {
    const { id } = await entra.createUser({
      userPrincipalName: 'a@acme.example',
      mail: 'ann+work@acme.example',
    });
    const found = async (email: string) => (await entra.idp().findPeopleByEmail(email)).map((one) => one.id);
    expect(await found('ann+work@acme.example')).toEqual([id]);
    expect(await found('ann work@acme.example')).toEqual([]);
  });
});

describe('leavers', () => {
  test('deleted for good within one cycle, nothing is ever pushed: the directory says it (azure-docs#30269)', async () => {
    await entra.idp().addMember(ORDERS_READ, INES);
    await entra.portal('/users', { key: 'ines', happening: 'purged' });
    const idp = entra.idp();
    expect(await idp.readPerson(INES)).toBeNull();
    expect(await idp.groupIdsOf(INES)).toEqual([]);
    await expect(idp.isMember(ORDERS_READ, INES)).rejects.toMatchObject({ code: 'idp.not_found' });
  });
});

describe('writes', () => {
  test('twenty at once with one of them there already would all be refused (microsoft-graph-docs#11514)', async () => {
    const people = await Promise.all(
      Array.from({ length: 20 }, (_, i) => entra.createUser({ userPrincipalName: `b${i}@acme.example` })),
    );
    const idp = entra.idp();
    await idp.addMember(ORDERS_READ, people[7]?.id ?? '');
    await Promise.all(people.map(({ id }) => idp.addMember(ORDERS_READ, id)));
    const { rows } = await idp.pageOfMembers(ORDERS_READ, null);
    expect(rows.map(({ id }) => id).sort()).toEqual(people.map(({ id }) => id).sort());
  });

  test('a gateway that gives up after the write: what came of it is unknown (terraform-provider-azuread#1349)', async () => {
    const idp = entra.idp();
    await idp.addMember(ORDERS_READ, INES);
    entra.world.faults.add({
      vendor: 'entra',
      method: 'DELETE',
      path: 'members',
      kind: 'status',
      status: 504,
      times: 1,
    });
    await expect(idp.removeMember(ORDERS_READ, INES)).rejects.toMatchObject({
      outcomeUnknown: true,
      retryable: true,
    });
    await idp.removeMember(ORDERS_READ, INES);
    expect(await idp.isMember(ORDERS_READ, INES)).toBe(false);
  });
});
