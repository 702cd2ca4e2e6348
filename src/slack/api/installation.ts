import type { WebClient } from '@slack/web-api';
import { slackCall } from './call.ts';

/** Where the app is installed, as Slack says of the bot token. */
export type Installation = {
  /** The workspace; null where it is installed for a whole organisation. */
  teamId: string | null;
  /** The Enterprise Grid organisation; null: there is none. */
  enterpriseId: string | null;
  isOrgWide: boolean;
  /** Where people open it, e.g. `https://acme.slack.com/`; left out: Slack does not say. */
  url?: string;
};

export type InstallationReader = {
  read(): Promise<Installation>;
  /** The workspaces of an installation for a whole organisation, each of which has to be named; else empty. */
  workspaces(): Promise<readonly string[]>;
};

/** One page of a listing. */
const PAGE = 200;

/** One for each client: all that use it ask Slack once between them. */
const readers = new WeakMap<WebClient, InstallationReader>();

/** Asks Slack once; what went wrong is asked again. Faults `slack.*`. */
export function installationOf(client: WebClient): InstallationReader {
  const known = readers.get(client) ?? createReader(client);
  readers.set(client, known);
  return known;
}

function createReader(client: WebClient): InstallationReader {
  const read = once(async (): Promise<Installation> => {
    const {
      team_id: teamId,
      enterprise_id,
      is_enterprise_install,
      url,
    } = await slackCall(false, () => client.auth.test());
    // Of an installation for a whole organisation, its own id may stand in the place of a workspace's.
    const isOrganisation = teamId?.startsWith('E') === true;
    return {
      teamId: isOrganisation ? null : (teamId ?? null),
      enterpriseId: enterprise_id || (isOrganisation ? teamId : undefined) || null,
      isOrgWide: is_enterprise_install === true,
      ...(url !== undefined && URL.canParse(url) ? { url } : {}),
    };
  });

  const workspaces = once(async (): Promise<readonly string[]> => {
    if (!(await read()).isOrgWide) return [];
    const ids: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await slackCall(false, () =>
        client.auth.teams.list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }),
      );
      ids.push(...(page.teams ?? []).flatMap(({ id }) => id ?? []));
      cursor = page.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return ids;
    }
  });

  return { read, workspaces };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return async () => {
    asked ??= ask();
    try {
      return await asked;
    } catch (error) {
      asked = null;
      throw error;
    }
  };
}

/** What Slack says of where an account belongs. */
export type Belonging = {
  team_id?: string;
  is_stranger?: boolean;
  enterprise_user?: { id?: string; enterprise_id?: string; teams?: string[] };
  profile?: { team?: string };
};

/**
 * Whether an account is of our own people. In an Enterprise Grid organisation, the people of all its workspaces are
 * ours. `enterprise_user` says to which organisation and workspaces somebody belongs. `team_id` may be another
 * workspace's, the organisation's, or left out. People of other organisations, whom a shared channel brings here, are
 * not ours. A person is not ours either if Slack does not say where they belong.
 */
export async function isOurs(user: Belonging, installation: InstallationReader): Promise<boolean> {
  if (user.is_stranger === true) return false;
  const { teamId, enterpriseId, isOrgWide } = await installation.read();
  const { enterprise_id: theirs, teams = [] } = user.enterprise_user ?? {};
  if (theirs && enterpriseId !== null) return theirs === enterpriseId;
  const of = [user.team_id || user.profile?.team, ...teams].filter((id) => id !== undefined && id !== '');
  if (of.some((id) => id === teamId || id === enterpriseId)) return true;
  if (!isOrgWide || of.length === 0) return false;
  const ours = await installation.workspaces();
  return of.some((id) => ours.includes(id as string));
}

/**
 * Every id that Slack may call a person by. In an organisation that was made of workspaces, some people have two ids.
 * One is good everywhere (`W…`, or `U…`), the other is a workspace's own. The first is the one to keep.
 */
export function idsOf(user: Belonging & { id: string }): [string, ...string[]] {
  const everywhere = user.enterprise_user?.id;
  return everywhere === undefined || everywhere === '' || everywhere === user.id
    ? [user.id]
    : [everywhere, user.id];
}
