import { existsSync, readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOkta } from '../../src/idp/okta/okta.ts';
import type { World } from '../../src/sandbox/emulator.ts';
import { createOktaEmulator } from '../../src/sandbox/okta/emulator.ts';
import { recordedTypes } from '../../src/sandbox/okta/org.ts';
import { credentials, oktaGroups, people } from '../../src/sandbox/seed.ts';
import { oktaConsole } from '../sandbox/okta-console.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

/** Okta's own OpenAPI description, kept beside the project rather than in it. */
const file = new URL('../../../shared/contracts/okta.json', import.meta.url);

/** Every operation may answer these, whether its own list says so or not. */
const ANYWHERE = new Set([400, 401, 403, 404, 429, 500, 503]);

type Json = Record<string, unknown>;
type Parameter = { name: string; in: string; schema: Json };
type Referable<T> = T | { $ref: string };
type Content = { content?: Record<string, { schema?: Json }> };
type Operation = {
  parameters?: Referable<Parameter>[];
  requestBody?: Content;
  responses: Record<string, Referable<Content>>;
};
type PathItem = Record<string, Operation> & { parameters?: Referable<Parameter>[] };
type Exchange = { method: string; url: URL; body: unknown; status: number; answer: unknown };

const exchanges: Exchange[] = [];

/** The emulator with every exchange of its management API written down. */
function recorded(world: World) {
  const emulator = createOktaEmulator(world);
  const routes = async (app: FastifyInstance) => {
    app.addHook('onSend', async (request, reply, payload) => {
      const url = new URL(request.url, 'http://okta.invalid');
      if (!url.pathname.startsWith('/okta/api/')) return;
      exchanges.push({
        method: request.method,
        url,
        body: request.body ?? null,
        status: reply.statusCode,
        answer: typeof payload === 'string' && payload !== '' ? JSON.parse(payload) : null,
      });
    });
    await emulator.routes(app);
  };
  return { ...emulator, routes };
}

describe.skipIf(!existsSync(file))(
  'Okta against its own OpenAPI description (skipped without ../shared/contracts)',
  () => {
    const idOf = (key: string) => people.find((p) => p.key === key)?.oktaId ?? '';
    const ordersRead = oktaGroups[0].id;
    let started: StartedEmulator;
    let contract: ReturnType<typeof readContract>;

    beforeAll(async () => {
      contract = readContract();
      started = await startEmulator(recorded);
    });
    afterAll(() => started.close());

    test('what the adapter sends, and what it is answered', async () => {
      const idp = createOkta({ orgUrl: `${started.url}/okta`, auth: { token: credentials.oktaApiToken } });
      await idp.check();
      await idp.findPeopleByEmail('ines@acme.example');
      await idp.readPerson(idOf('ines'));
      await idp.readPerson('o/dd@acme.example');
      await idp.readPerson('nobody@acme.example');
      for (const { name } of oktaGroups) await idp.findGroup(name);
      await idp.addMember(ordersRead, idOf('ines'));
      await idp.isMember(ordersRead, idOf('ines'));
      for await (const _ of idp.listMembers(ordersRead));
      await idp.log?.check();
      for await (const _ of idp.log?.read(null) ?? []);
      await idp.removeMember(ordersRead, idOf('ines'));
      await expect(idp.addMember(ordersRead, idOf('dora'))).rejects.toThrow();
      await expect(idp.addMember('00gnone', idOf('ines'))).rejects.toThrow();
      for (const status of ANYWHERE) {
        started.world.faults.add({ vendor: 'okta', kind: 'status', status, times: 1 });
        await expect(idp.addMember(ordersRead, idOf('ines'))).rejects.toThrow();
      }
      expect(exchanges.length).toBeGreaterThan(20);
      expect(exchanges.flatMap(contract.complaints)).toEqual([]);
    });

    test('what else the emulator answers', async () => {
      exchanges.length = 0;
      const console = oktaConsole(started.url);
      await console.createUser('new@acme.example', { title: 'Guest' });
      await console.createGroup('new group');
      const ask = (method: string, path: string) =>
        fetch(`${started.url}/okta/api/v1${path}`, {
          method,
          headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
        });
      for (const verb of ['suspend', 'suspend', 'unsuspend', 'deactivate', 'reactivate'])
        await ask('POST', `/users/${idOf('erik')}/lifecycle/${verb}`);
      for (const path of [
        '/users?limit=2',
        '/users?q=ines',
        '/groups?q=any',
        '/groups?limit=2',
        `/groups/${ordersRead}`,
        '/groups/rules',
        '/logs?limit=2',
        '/logs?sortOrder=DESCENDING',
        '/logs?limit=5000',
        '/users?search=nonsense',
        '/eventHooks',
        '/eventHooks/whonone',
      ])
        await ask('GET', path);
      const { id } = await console.createHook(`${started.url}/nowhere`, 'secret', recordedTypes);
      await expect(console.verifyHook(id)).rejects.toThrow();
      for (const path of [`/eventHooks/${id}`, `/users/${idOf('tom')}/sessions`, `/users/${idOf('tom')}`])
        await ask('DELETE', path);
      expect(exchanges).toHaveLength(24);
      expect(exchanges.flatMap(contract.complaints)).toEqual([]);
    });

    test('every kind of event in the log, which is what a hook is sent', async () => {
      const console = oktaConsole(started.url);
      await console.addMember('anypoint-orders-read', 'ines', 'olga');
      await console.removeMember('anypoint-orders-read', 'ines', 'olga');
      await console.renameGroup('anypoint-orders-read', 'anypoint-orders-look', 'olga');
      await console.changeProfile('ines', { department: 'Payments', manager: 'sofia' });
      await console.assign('ines', false);
      await console.assign('ines', true);
      await console.clearSessions('ines');
      await console.setStatus('ines', 'STAGED');
      await console.setStatus('ines', 'ACTIVE');
      await console.deleteUser('ines');
      exchanges.length = 0;
      const response = await fetch(`${started.url}/okta/api/v1/logs?limit=1000`, {
        headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
      });
      const events = (await response.json()) as { eventType: string }[];
      expect([...new Set(events.map((e) => e.eventType))].sort()).toEqual([...recordedTypes].sort());
      expect(exchanges.flatMap(contract.complaints)).toEqual([]);
    });

    test('the check itself sees what does not fit', () => {
      const url = (path: string) => new URL(`http://okta.invalid/okta/api/v1${path}`);
      const user = { id: 1, status: 'ACTIVE' };
      const fits = { method: 'GET', body: null, status: 200 };
      expect(contract.complaints({ ...fits, url: url('/users'), answer: [user] })).toHaveLength(1);
      expect(contract.complaints({ ...fits, url: url('/users'), answer: [{ idd: 'x' }] })).toHaveLength(1);
      expect(contract.complaints({ ...fits, url: url('/users?serch=x'), answer: [] })).toHaveLength(1);
      expect(contract.complaints({ ...fits, url: url('/usrs'), answer: [] })).toHaveLength(1);
      expect(contract.complaints({ ...fits, url: url('/users'), status: 201, answer: [] })).toHaveLength(1);
    });
  },
);

function readContract() {
  const document = withNulls(JSON.parse(readFileSync(file, 'utf8'))) as {
    paths: Record<string, PathItem>;
    components: Json;
  };
  const ajv = new Ajv({ strict: false, coerceTypes: false, logger: false });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'okta', components: document.components });
  const compiled = new Map<unknown, ValidateFunction>();
  const validatorOf = (schema: Json): ValidateFunction => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const validate = ajv.compile(pointingTo('okta', schema) as Json);
    compiled.set(schema, validate);
    return validate;
  };
  const resolve = <T>(value: Referable<T>): T => {
    if (typeof value !== 'object' || value === null || !('$ref' in value)) return value as T;
    const steps = String(value.$ref).slice(2).split('/');
    return resolve(steps.reduce<unknown>((at, step) => (at as Json)[step], document) as Referable<T>);
  };
  /** Names that a schema declares; null when it declares none and takes anything. */
  const declared = (schema: Json): Set<string> | null => {
    const { properties, allOf } = resolve(schema) as { properties?: Json; allOf?: Json[] };
    const all = (allOf ?? []).map(declared);
    if (properties === undefined && all.length === 0) return null;
    return new Set([...Object.keys(properties ?? {}), ...all.flatMap((names) => [...(names ?? [])])]);
  };
  const operations = Object.entries(document.paths)
    // Okta matches `/groups/rules` before `/groups/{groupId}`.
    .sort(([a], [b]) => a.split('{').length - b.split('{').length)
    .flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({
          method: method.toUpperCase(),
          path: new RegExp(`^/okta${path.replace(/\{[^}]*\}/g, '[^/]+')}$`),
          operation: operation as Operation,
          parameters: [...(item.parameters ?? []), ...((operation as Operation).parameters ?? [])].map(
            resolve,
          ),
        })),
    );
  const errorSchema = { $ref: '#/components/schemas/Error' };

  function complaints(exchange: Exchange): string[] {
    const { method, url, status } = exchange;
    const name = `${method} ${url.pathname}${url.search} ${status}`;
    const found = operations.find((o) => o.method === method && o.path.test(url.pathname));
    if (found === undefined) return [`${name}: no such operation`];
    const list: string[] = [];

    for (const [key, text] of url.searchParams) {
      const parameter = found.parameters.find((p) => p.in === 'query' && p.name === key);
      if (parameter === undefined) list.push(`${name}: no such parameter ${key}`);
      else {
        const value =
          (resolve(parameter.schema) as { type?: unknown }).type === 'integer' ? Number(text) : text;
        list.push(...noLongerFitting(`${name} ${key}`, parameter.schema, value));
      }
    }
    const requestSchema = found.operation.requestBody?.content?.['application/json']?.schema;
    if (requestSchema !== undefined)
      list.push(...noLongerFitting(`${name} request`, requestSchema, exchange.body));
    else if (exchange.body !== null) list.push(`${name}: takes no body`);

    const response = found.operation.responses[String(status)];
    if (response === undefined && !ANYWHERE.has(status)) return [...list, `${name}: no such answer`];
    const content = response === undefined ? undefined : resolve(response).content;
    const schema = content?.['application/json']?.schema ?? (ANYWHERE.has(status) ? errorSchema : undefined);
    if (schema !== undefined) {
      list.push(
        ...noLongerFitting(name, schema, exchange.answer),
        ...undeclared(name, schema, exchange.answer),
      );
    } else if (JSON.stringify(exchange.answer ?? {}) !== '{}') list.push(`${name}: answers nothing`);
    return list;
  }

  function noLongerFitting(name: string, schema: Json, value: unknown): string[] {
    const validate = validatorOf(schema);
    return validate(value) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}`];
  }

  /** Nothing is required in Okta's description, so a misspelt attribute would fit; this finds it. */
  function undeclared(name: string, schema: Json, value: unknown): string[] {
    const { items } = resolve(schema) as { items?: Json };
    if (Array.isArray(value))
      return items === undefined ? [] : value.flatMap((item) => undeclared(name, items, item));
    const names = declared(schema);
    if (names === null || typeof value !== 'object' || value === null) return [];
    return Object.keys(value)
      .filter((key) => !names.has(key))
      .map((key) => `${name}: undeclared ${key}`);
  }

  return { complaints };
}

/** OpenAPI 3.0 says `nullable`, JSON Schema says a type of null. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withNulls(value)]));
  if (copy.nullable === true && typeof copy.type === 'string') {
    copy.type = [copy.type, 'null'];
    // Here `nullable` is done with; ajv would ask for a type beside it.
    delete copy.nullable;
  }
  return copy;
}

function pointingTo(id: string, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => pointingTo(id, item));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' ? value.replace(/^#/, `${id}#`) : pointingTo(id, value),
    ]),
  );
}
