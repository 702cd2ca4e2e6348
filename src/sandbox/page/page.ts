/**
 * The sandbox page: be anybody at Acme, use Slack as they would, and watch Okta, Anypoint and Latchkey beside
 * it. The page only looks and clicks; all it does goes through the emulators' own consoles.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { World } from '../emulator.ts';
import { people } from '../seed.ts';
import { perform } from './acts.ts';
import { drawCanary } from './canary-chart.ts';
import { type Html, html } from './html.ts';
import { drawDocument } from './layout.ts';
import { drawMessagesPage } from './messages-page.ts';
import { drawPeople } from './people-panel.ts';
import { channelIn, drawHeader, drawModal, drawSidebar, drawStream } from './slack-panel.ts';
import { Sources } from './sources.ts';
import { switchStates, turnSwitch } from './switches.ts';
import { drawTickets } from './ticket-panel.ts';
import { drawTimeline } from './timeline.ts';
import { drawGroups, drawSwitches, drawTeams } from './world-panel.ts';

const FIRST_PERSON = people[0]?.key ?? '';
/** Many changes at once are one thing to look at. */
const NEWS_PAUSE_MS = 60;
const HEARTBEAT_MS = 20_000;

const placeSchema = z.object({ as: z.string().default(FIRST_PERSON), channel: z.string().default('') });
const actSchema = z.object({ act: z.string(), person: z.string(), group: z.string() });
const switchSchema = z.object({ name: z.string(), on: z.boolean().default(false) });

/** ES modules of the page; the first is loaded by the page itself. */
const scripts = ['main.js', 'acting.js', 'looking.js', 'drawing.js', 'search.js', 'unread.js'] as const;
/** In the order of the cascade. */
const styles = [
  'base.css',
  'people.css',
  'slack.css',
  'blocks.css',
  'inputs.css',
  'modal.css',
  'composer.css',
  'outside.css',
  'timeline.css',
  'canary.css',
  'switches.css',
  'acts.css',
  'tickets.css',
  'messages.css',
  'narrow.css',
] as const;

const require = createRequire(import.meta.url);

function ownFile(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** The package's style, by class instead of by id (a page has many messages), and in the page's own typeface. */
function packageStyle(): string {
  const entry = require.resolve('slack-blocks-to-jsx');
  return readFileSync(new URL('style.css', `file://${entry}`), 'utf8')
    .replaceAll('#slack_blocks_to_jsx', '.slack_blocks_to_jsx')
    .replace(/font-family:[^;}]*!important/, 'font-family:inherit');
}

/** Serves the page at `/` and what it needs below `/page`. Register it after the emulators. */
export async function sandboxPage(app: FastifyInstance, world: World): Promise<void> {
  const sources = new Sources(app, world);
  const files: Record<string, { type: string; text: string }> = {
    ...Object.fromEntries(
      scripts.map((name) => [`/page/${name}`, { type: 'text/javascript', text: ownFile(`client/${name}`) }]),
    ),
    '/page/page.css': { type: 'text/css', text: styles.map((name) => ownFile(`style/${name}`)).join('\n') },
    '/page/blocks.css': { type: 'text/css', text: packageStyle() },
  };

  async function regions(
    place: z.output<typeof placeSchema>,
  ): Promise<{ channel: string; as: string; parts: Record<string, Html> }> {
    const [seen, groups, teams, tickets, changes, canary, switches] = await Promise.all([
      sources.slack(place.as).then(async (found) => found ?? (await sources.slack(FIRST_PERSON))),
      sources.groups(),
      sources.teams(),
      sources.tickets(),
      sources.changes(),
      sources.canary(),
      switchStates(sources, world),
    ]);
    const beside = {
      groups: drawGroups(groups),
      teams: drawTeams(teams),
      tickets: drawTickets(tickets),
      timeline: drawTimeline(changes),
      canary: drawCanary(canary),
      switches: drawSwitches(switches),
    };
    if (seen === null) {
      const gone = html`<p class="notice">Slack isn’t there.</p>`;
      const parts = {
        people: html``,
        sidebar: html``,
        header: html``,
        stream: gone,
        modal: html``,
        ...beside,
      };
      return { channel: '', as: place.as, parts };
    }
    const channel = channelIn(seen, place.channel);
    return {
      channel,
      as: seen.me.key,
      parts: {
        people: drawPeople(seen),
        sidebar: drawSidebar(seen, channel),
        header: drawHeader(seen, channel),
        stream: drawStream(seen, channel),
        modal: drawModal(seen),
        ...beside,
      },
    };
  }

  app.get('/', async (request, reply) => {
    const drawn = await regions(placeSchema.parse(request.query));
    return sendPage(
      reply,
      drawDocument({ ...drawn, systems: sources.systems(), webPage: sources.webPage() }),
    );
  });
  app.get('/messages', async (_request, reply) => sendPage(reply, await drawMessagesPage()));

  for (const [path, file] of Object.entries(files)) {
    app.get(path, async (_request, reply) =>
      reply.type(`${file.type}; charset=utf-8`).header('cache-control', 'no-cache').send(file.text),
    );
  }

  app.get('/page/regions', async (request, reply) => {
    const { channel, as, parts } = await regions(placeSchema.parse(request.query));
    const texts = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.text]));
    return reply.header('cache-control', 'no-store').send({ as, channel, parts: texts });
  });

  app.post('/page/switch', async (request, reply) => {
    const wanted = switchSchema.safeParse(request.body);
    if (!wanted.success) return reply.code(400).send({ ok: false, error: 'invalid_argument' });
    const isKnown = await turnSwitch(wanted.data.name, wanted.data.on, { sources, world });
    return reply.code(isKnown ? 200 : 404).send({ ok: isKnown });
  });

  app.post('/page/act', async (request, reply) => {
    const wanted = actSchema.safeParse(request.body);
    const done = wanted.success ? await perform(wanted.data, sources) : null;
    if (done?.ok === true) world.changed();
    return reply.code(done === null ? 400 : 200).send(done ?? { ok: false, said: 'There is no such thing.' });
  });

  app.get('/page/events', (request, reply) => {
    streamNews(reply, world);
    request.raw.socket.setNoDelay(true);
  });
}

function sendPage(reply: FastifyReply, page: Html): FastifyReply {
  return (
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      // Nothing but the page's own script runs, whatever somebody writes into a message.
      .header(
        'content-security-policy',
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
      )
      .send(page.text)
  );
}

/** Server-sent events: one empty message whenever something changed. */
function streamNews(reply: FastifyReply, world: World): void {
  reply.hijack();
  const stream = reply.raw;
  stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  stream.write('retry: 1000\n\n');
  let pending: NodeJS.Timeout | null = null;
  const stop = world.onChange(() => {
    pending ??= setTimeout(() => {
      pending = null;
      stream.write('event: change\ndata: \n\n');
    }, NEWS_PAUSE_MS);
  });
  const heartbeat = setInterval(() => stream.write(': still here\n\n'), HEARTBEAT_MS);
  heartbeat.unref();
  stream.on('close', () => {
    stop();
    clearInterval(heartbeat);
    if (pending !== null) clearTimeout(pending);
  });
}
