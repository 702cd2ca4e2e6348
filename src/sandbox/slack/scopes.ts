import { type Args, type SlackError, slackError } from './call.ts';

/** The scopes that Latchkey's app is granted at installation: all that slack-manifest.yaml asks for, and some more. */
const GRANTED: readonly string[] = [
  'app_mentions:read',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'im:write',
  'reactions:write',
  'usergroups:read',
  'users:read',
  'users:read.email',
];

/** By method, the scopes of which it takes any [docs.slack.dev/reference/methods]; what is not named takes none. */
const NEEDED: Record<string, readonly string[]> = {
  'chat.delete': ['chat:write'],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'files.getUploadURLExternal': ['files:write'],
  'files.completeUploadExternal': ['files:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history', 'mpim:history'],
  'conversations.info': ['channels:read', 'groups:read', 'im:read', 'mpim:read'],
  'conversations.members': ['channels:read', 'groups:read', 'im:read', 'mpim:read'],
  'conversations.open': ['im:write', 'channels:manage', 'groups:write', 'mpim:write'],
  'conversations.replies': ['channels:history', 'groups:history', 'im:history', 'mpim:history'],
  'reactions.add': ['reactions:write'],
  'usergroups.list': ['usergroups:read'],
  'usergroups.users.list': ['usergroups:read'],
  'users.info': ['users:read'],
  'users.list': ['users:read'],
  'users.lookupByEmail': ['users:read.email'],
};

/** conversations.list takes the scope of each type that is asked for. */
const BY_TYPE: Record<string, string> = {
  public_channel: 'channels:read',
  private_channel: 'groups:read',
  im: 'im:read',
  mpim: 'mpim:read',
};

/** The scopes of the installed app: fewer than it asked for until it is installed again. */
export class GrantedScopes {
  #granted: readonly string[] = GRANTED;

  /** Null: all again. */
  grant(scopes: readonly string[] | null): void {
    this.#granted = scopes ?? GRANTED;
  }

  /** As the header `x-oauth-scopes` has them. */
  listed(): string {
    return this.#granted.join(',');
  }

  /** The answer to a method that the app may not call; null: it may. */
  refusal(method: string, args: Args): SlackError | null {
    const missing =
      method === 'conversations.list'
        ? (args.text('types') ?? 'public_channel')
            .split(',')
            .map((type) => BY_TYPE[type.trim()] ?? '')
            .filter((scope) => scope !== '' && !this.#granted.includes(scope))
        : this.#mayAny(NEEDED[method] ?? [])
          ? []
          : (NEEDED[method] ?? []);
    return missing.length === 0
      ? null
      : { ...slackError('missing_scope'), needed: missing.join(','), provided: this.listed() };
  }

  #mayAny(scopes: readonly string[]): boolean {
    return scopes.length === 0 || scopes.some((scope) => this.#granted.includes(scope));
  }
}
