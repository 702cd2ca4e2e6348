import Fastify from 'fastify';
import pg from 'pg';

/**
 * The least that a SCIM endpoint must do: read the body as JSON, commit one row, answer. With as many connections
 * to the same PostgreSQL as Latchkey has. `node scim-bare.ts <port> <database>`
 */
const [port, databaseUrl] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl as string, max: 16 });
await pool.query(
  'create table if not exists bare_requests (id bigint generated always as identity primary key, doc jsonb)',
);
const app = Fastify();
app.addContentTypeParser('application/scim+json', { parseAs: 'string' }, (_request, text, done) =>
  done(null, JSON.parse(String(text))),
);
const store = async (doc: unknown) =>
  await pool.query('insert into bare_requests (doc) values ($1)', [JSON.stringify(doc)]);
app.post('/scim/v2/Users', async (request, reply) => {
  await store(request.body);
  return reply.code(201).send(request.body);
});
type Members = { value: string }[];
const insertMembers = async (id: string, members: Members) =>
  await pool.query('insert into scim_members (group_id, user_id) select $1::uuid, unnest($2::uuid[])', [
    id,
    members.map(({ value }) => value),
  ]);
app.patch('/scim/v2/Groups/:id', async (request, reply) => {
  const {
    Operations: [only],
  } = request.body as { Operations: [{ value: Members }] };
  // Many are inserted as members by one statement; one is a row of JSON.
  if (only.value.length > 1) await insertMembers((request.params as { id: string }).id, only.value);
  else await store(request.body);
  return reply.code(204).send();
});
app.put('/scim/v2/Groups/:id', async (request, reply) => {
  await insertMembers((request.params as { id: string }).id, (request.body as { members: Members }).members);
  return reply.send(request.body);
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
process.on('SIGTERM', () => process.exit(0));
