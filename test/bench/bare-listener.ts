import { App, HTTPReceiver } from '@slack/bolt';
import pg from 'pg';
import { credentials } from '../../src/sandbox/seed.ts';

/** The least that Bolt can do with a click: store one row, acknowledge. `node bare-listener.ts <port> <database>` */
const [port, databaseUrl] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl as string, max: 16 });
await pool.query(
  'create table if not exists bare_clicks (id bigint generated always as identity primary key, payload jsonb)',
);
const receiver = new HTTPReceiver({ signingSecret: credentials.slackSigningSecret });
const app = new App({ receiver, authorize: async () => ({ botToken: 'xoxb-bare' }) });
app.action('approve', async ({ ack, body }) => {
  await pool.query('insert into bare_clicks (payload) values ($1)', [JSON.stringify(body)]);
  await ack();
});
await app.start(Number(port));
process.on('SIGTERM', () => process.exit(0));
