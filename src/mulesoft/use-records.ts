import { z } from 'zod';
import { isStorable, oneLine } from '../core/storable.ts';
import type { UsePage, UseRecord } from '../ports/usage.ts';
import { nextOffset } from './pages.ts';
import { readAnswer, type Session } from './session.ts';
import { teamEventsIn } from './team-events.ts';

/** The largest page of users (mulesoft-dx, apis/access-management/api.yaml). */
const USERS_LIMIT = 500;
/** The largest page of the audit log as JSON (docs-access-management, audit-logging.adoc). */
const AUDIT_LIMIT = 200;
/** An organisation may keep no more than this (same source: 30 to 2,190 days). */
const FIRST_LOOK_MS = 30 * 24 * 3_600_000;
/** How late a row may be written is not documented: so much is read again each time. */
const OVERLAP_MS = 3_600_000;
/** Pages read in one look; the rest comes with the next, so that a first look holds up nothing. */
const PAGES_PER_LOOK = 100;
const WHAT_MAX = 120;

const usersSchema = z.object({
  data: z.array(
    z.object({ id: z.string().min(1), lastLogin: z.string().nullish(), deleted: z.boolean().default(false) }),
  ),
  total: z.number().optional(),
});

const auditSchema = z.object({
  data: z.array(
    z.object({
      timestamp: z.union([z.number(), z.string()]),
      userId: z.string().nullish(),
      userName: z.string().nullish(),
      action: z.string().nullish(),
      objects: z
        .array(
          z.object({
            objectId: z.string().nullish(),
            objectName: z.string().nullish(),
            objectType: z.string().nullish(),
          }),
        )
        .nullish(),
      payload: z.unknown(),
    }),
  ),
  cursor: z.string().optional(),
});
export type AuditRow = z.infer<typeof auditSchema>['data'][number];

/** Anypoint's own records of who used it: when each user last signed in, and who changed what. */
export function createUseRecords(session: Session, orgId: string): UseRecord[] {
  const organization = encodeURIComponent(orgId);
  return [
    {
      source: 'anypointUsers',
      system: 'anypoint',
      name: 'Anypoint’s list of users',
      read: () => readUsers(session, `/accounts/api/organizations/${organization}/users`),
    },
    {
      source: 'anypointAudit',
      system: 'anypoint',
      name: 'Anypoint’s audit log',
      read: (position) => readAudit(session, `/audit/v2/organizations/${organization}/query`, position),
    },
  ];
}

/** All of them each time: a user has only the last sign-in, which no cursor can point at. */
async function* readUsers(session: Session, path: string): AsyncGenerator<UsePage, void, undefined> {
  for (let offset: number | null = 0; offset !== null; ) {
    const answer = await session.call({
      method: 'GET',
      path,
      query: { type: 'all', limit: String(USERS_LIMIT), offset: String(offset) },
    });
    const { data, total } = readAnswer(usersSchema, answer, path);
    offset = nextOffset(path, { offset, rows: data.length, total });
    const uses = data.flatMap(({ id, lastLogin, deleted }) => {
      const at = new Date(lastLogin ?? '');
      return deleted || Number.isNaN(at.getTime()) ? [] : [{ account: id, at, what: null }];
    });
    yield { uses, position: '', since: null, isEnd: offset === null };
  }
}

/** By cursor from a time on: the cursor lives for one look, the time is where the next goes on. */
async function* readAudit(
  session: Session,
  path: string,
  position: string | null,
): AsyncGenerator<UsePage, void, undefined> {
  const now = Date.now();
  const since = position === null ? null : Date.parse(position);
  const from = since === null ? now - FIRST_LOOK_MS : since - OVERLAP_MS;
  let newest = since ?? from;
  let cursor: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const answer = await session.call({
      method: 'POST',
      path,
      query: { cursorPagination: 'true' },
      body: {
        startDate: new Date(from).toISOString(),
        endDate: new Date(now).toISOString(),
        ascending: true,
        limit: AUDIT_LIMIT,
        ...(cursor === undefined ? {} : { cursor }),
      },
    });
    const page = readAnswer(auditSchema, answer, path);
    for (const row of page.data) newest = Math.max(newest, atOf(row) || newest);
    cursor = page.cursor;
    const isEnd = cursor === undefined || page.data.length === 0;
    yield {
      uses: page.data.flatMap(useIn),
      teamEvents: page.data.flatMap(teamEventsIn),
      position: new Date(isEnd ? Math.max(newest, now - OVERLAP_MS) : newest).toISOString(),
      since: new Date(from),
      isEnd,
    };
    if (isEnd || pages === PAGES_PER_LOOK) return;
  }
}

function atOf({ timestamp }: AuditRow): number {
  return new Date(timestamp).getTime();
}

function useIn(row: AuditRow) {
  const at = new Date(row.timestamp);
  const account = row.userId ?? '';
  if (Number.isNaN(at.getTime()) || account === '' || !isStorable(account)) return [];
  const [object] = row.objects ?? [];
  const words = [row.action, object?.objectType, object?.objectName].filter((word) => word != null);
  const what = oneLine(words.filter(isStorable).join(' ')).slice(0, WHAT_MAX);
  return [{ account, at, what: what === '' ? null : what }];
}
