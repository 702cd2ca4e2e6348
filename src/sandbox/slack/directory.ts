import type { Person } from '../seed.ts';
import { company } from '../seed.ts';

/** Latchkey's own app, as this workspace has it installed. */
export const app = {
  id: 'A0LATCHKEY',
  botId: 'B0LATCHKEY',
  userId: 'U0LATCHKEY',
  name: 'latchkey',
  realName: 'Latchkey',
} as const;

/** Slack's own event source: tells a person that a command failed. */
export const slackbotId = 'USLACKBOT';

/** The workspace that people from outside (Slack Connect) belong to. */
const OTHER_TEAM_ID = 'T00000099';

/** Slack counts in seconds; nothing in the sandbox depends on the day itself. */
const ACCOUNTS_UPDATED_AT_SECONDS = 1_767_225_600;

/** What somebody says that they are doing. `expiration`: seconds since 1970; 0: it stays until it is changed. */
export type Status = { text: string; emoji: string; expiration: number };

export type SlackUser = Record<string, unknown> & { id: string; name: string; team_id: string };

/** Finds people by the names that Slack knows them by. Follows `people()` when the company grows. */
export class Directory {
  /** Key by an id that is good in the whole organisation. */
  alsoKnownAs = new Map<string, string>();
  /** People's statuses, by Slack user id; a person who is not in it says nothing. */
  statuses = new Map<string, Status>();
  #source: () => readonly Person[];
  #indexed: readonly Person[] = [];
  #indexedCount = -1;
  #byKey = new Map<string, Person>();
  #byId = new Map<string, Person>();
  #byEmail = new Map<string, Person>();

  constructor(source: () => readonly Person[]) {
    this.#source = source;
  }

  all(): readonly Person[] {
    this.#refresh();
    return [...this.#byKey.values()];
  }

  byKey(key: string): Person | null {
    this.#refresh();
    return this.#byKey.get(key) ?? null;
  }

  byId(slackId: string): Person | null {
    this.#refresh();
    return this.#byId.get(slackId) ?? this.byKey(this.alsoKnownAs.get(slackId) ?? '');
  }

  byEmail(email: string): Person | null {
    this.#refresh();
    return this.#byEmail.get(email.toLowerCase()) ?? null;
  }

  /** A person named by handle or by Slack id. */
  named(name: string): Person | null {
    return this.byKey(name) ?? this.byId(name);
  }

  /** Everybody with an account. */
  everybody(): readonly Person[] {
    this.#refresh();
    return [...this.#byKey.values()];
  }

  displayName(userId: string): string {
    if (userId === app.userId) return app.realName;
    if (userId === slackbotId) return 'Slackbot';
    return this.byId(userId)?.name ?? userId;
  }

  #refresh(): void {
    const people = this.#source();
    if (people === this.#indexed && people.length === this.#indexedCount) return;
    const accounts = people.filter((p) => p.slackKind !== 'none');
    this.#byKey = new Map(accounts.map((p) => [p.key, p]));
    this.#byId = new Map(accounts.map((p) => [p.slackId, p]));
    this.#byEmail = new Map(accounts.map((p) => [p.email.toLowerCase(), p]));
    this.#indexed = people;
    this.#indexedCount = people.length;
  }
}

export function teamOf(person: Person): string {
  return person.slackKind === 'stranger' ? OTHER_TEAM_ID : company.slackTeamId;
}

/** A person as `users.info` shows them; `status`: what they say that they are doing, unless its time is over. */
export function slackUser(person: Person, status?: Status): SlackUser {
  const { text, emoji, expiration } =
    status === undefined || (status.expiration > 0 && status.expiration * 1_000 <= Date.now())
      ? { text: '', emoji: '', expiration: 0 }
      : status;
  const [first = '', ...rest] = person.name.split(' ');
  const isBot = person.slackKind === 'bot';
  const teamId = teamOf(person);
  return {
    id: person.slackId,
    team_id: teamId,
    name: person.key,
    deleted: person.slackKind === 'deactivated',
    color: '9f69e7',
    real_name: person.name,
    tz: 'Europe/Berlin',
    tz_label: 'Central European Time',
    tz_offset: 3600,
    profile: {
      title: person.title,
      phone: '',
      skype: '',
      real_name: person.name,
      real_name_normalized: person.name,
      display_name: person.key,
      display_name_normalized: person.key,
      fields: null,
      status_text: text,
      status_emoji: emoji,
      status_expiration: expiration,
      avatar_hash: `g${person.slackId.toLowerCase()}`,
      first_name: first,
      last_name: rest.join(' '),
      team: teamId,
      ...(isBot ? { bot_id: `B${person.slackId.slice(1).padStart(9, '0')}` } : { email: person.email }),
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: person.slackKind === 'guest',
    is_ultra_restricted: false,
    is_stranger: person.slackKind === 'stranger',
    is_bot: isBot,
    is_app_user: false,
    is_email_confirmed: !isBot,
    updated: ACCOUNTS_UPDATED_AT_SECONDS,
  };
}

/** Latchkey's bot user as `users.info` shows it. */
export function appUser(): SlackUser {
  return {
    id: app.userId,
    team_id: company.slackTeamId,
    name: app.name,
    deleted: false,
    color: '1d9bd1',
    real_name: app.realName,
    tz: 'America/Los_Angeles',
    tz_label: 'Pacific Standard Time',
    tz_offset: -28_800,
    profile: {
      title: '',
      phone: '',
      skype: '',
      real_name: app.realName,
      real_name_normalized: app.realName,
      display_name: '',
      display_name_normalized: '',
      fields: null,
      status_text: '',
      status_emoji: '',
      avatar_hash: 'glatchkey',
      api_app_id: app.id,
      bot_id: app.botId,
      team: company.slackTeamId,
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_stranger: false,
    is_bot: true,
    is_app_user: false,
    is_email_confirmed: false,
    updated: ACCOUNTS_UPDATED_AT_SECONDS,
  };
}
