import type { WebClient } from '@slack/web-api';
import type { Logger } from 'pino';
import { type Checked, troubleOf } from '../../core/checked.ts';
import { Fault } from '../../core/fault.ts';
import { faultInWords, nextStepFor } from '../../core/fault-words.ts';
import type { GivenSecret } from '../../secrets/secret.ts';
import { slackCall } from '../api/call.ts';
import { createSlackClient } from '../api/client.ts';
import { type BotToken, botScopes, readBotToken } from '../api/scopes.ts';

export type SlackSettings = { botToken: GivenSecret; apiUrl: string } & (
  | { signingSecret: GivenSecret }
  | { appToken: GivenSecret }
);

/** What the catalogue names there. */
export type SlackFreeText = {
  /** Without `#`. */
  channel: string;
  /** Whether who is on call is a user group. */
  hasUserGroup: boolean;
};

/** Slack advises no more a page. */
const PAGE = 200;
/** Only `latchkey check` needs these; the rest of the list can do without for a while. */
const REINSTALL =
  'add them on the Slack app page (OAuth & Permissions, Bot Token Scopes; all stand in slack-manifest.yaml) and install the app again, which may give a new token';

/** Tries in turn what Latchkey needs of Slack; posts nothing and changes nothing. */
export async function checkSlack(
  settings: SlackSettings,
  freeText: SlackFreeText,
  log: Logger,
): Promise<Checked[]> {
  const client = createSlackClient(settings, log);
  let bot: BotToken | null = null;
  const trouble = await troubleInWords(async () => {
    bot = await readBotToken(client);
  });
  const way = 'appToken' in settings ? [await checkSocket(settings, log)] : [];
  if (bot === null) return [{ name: 'Slack', trouble }, ...way];
  return [
    { name: 'Slack', trouble: null },
    ...checkScopes(bot, freeText),
    await checkChannel(client, bot, freeText.channel),
    ...way,
  ];
}

function checkScopes({ missing }: BotToken, { hasUserGroup }: SlackFreeText): Checked[] {
  const name = 'Slack scopes';
  if (missing === null)
    return [
      {
        name,
        trouble: 'Slack does not say which there are: compare the app with slack-manifest.yaml',
        isOptional: true,
      },
    ];
  const wanted = missing.filter((scope) => scope !== 'usergroups:read' || hasUserGroup);
  const what = wanted.map((scope) => `${scope} (${botScopes[scope]})`).join(', ');
  return [{ name, trouble: wanted.length === 0 ? null : `the bot token lacks ${what}: ${REINSTALL}` }];
}

async function checkChannel(client: WebClient, bot: BotToken, channel: string): Promise<Checked> {
  const name = 'Slack channel';
  let found: { isMember: boolean; isArchived: boolean } | null = null;
  // Without the scope for private channels the public ones can still be looked through.
  const mayPrivate = bot.missing?.includes('groups:read') !== true;
  const trouble = await troubleInWords(async () => {
    found = await findChannel(
      client,
      channel,
      mayPrivate ? 'public_channel,private_channel' : 'public_channel',
    );
  });
  if (trouble !== null) return { name, trouble };
  if (found === null)
    return {
      name,
      trouble: `Slack shows Latchkey no channel #${channel}: make it, or, if it is private, invite Latchkey (there: /invite @Latchkey)${hintOf(channel)}`,
    };
  const { isMember, isArchived } = found as { isMember: boolean; isArchived: boolean };
  if (isArchived)
    return {
      name,
      trouble: `#${channel} is archived: take it out of the archive, or name another in the catalogue`,
    };
  return {
    name,
    trouble: isMember
      ? null
      : `Latchkey is not in #${channel}, so it can’t post there: invite it (there: /invite @Latchkey)`,
  };
}

async function findChannel(
  client: WebClient,
  name: string,
  types: string,
): Promise<{ isMember: boolean; isArchived: boolean } | null> {
  let archived: { isMember: boolean; isArchived: boolean } | null = null;
  for (let cursor: string | undefined; ; ) {
    const page = await slackCall(false, () =>
      client.conversations.list({ types, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }),
    );
    for (const channel of page.channels ?? []) {
      if (channel.name !== name) continue;
      const seen = { isMember: channel.is_member === true, isArchived: channel.is_archived === true };
      // The name of one that was archived may have been given again.
      if (!seen.isArchived) return seen;
      archived = seen;
    }
    cursor = page.response_metadata?.next_cursor || undefined;
    if (cursor === undefined) return archived;
  }
}

/** What people write in the place of a channel's name. */
function hintOf(channel: string): string {
  if (/^[CG][A-Z0-9]{8,}$/.test(channel))
    return `. “${channel}” looks like an id: the catalogue takes the name`;
  return channel === channel.toLowerCase() ? '' : '. Names of channels are in lower case';
}

/** Asks for the address of a connection, and opens none. */
async function checkSocket(
  { apiUrl, appToken }: { apiUrl: string; appToken: GivenSecret },
  log: Logger,
): Promise<Checked> {
  const client = createSlackClient({ botToken: appToken, apiUrl }, log);
  const trouble = await troubleOf(
    () => slackCall(false, () => client.apps.connections.open({})),
    () =>
      'set SLACK_APP_TOKEN to an app-level token with connections:write (Basic Information), and turn Socket Mode on',
  );
  return { name: 'Slack socket', trouble };
}

async function troubleInWords(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${faultInWords(error)}: ${nextStepFor(error)}`;
  }
}
