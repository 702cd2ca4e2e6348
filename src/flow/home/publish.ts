import { Fault } from '../../core/fault.ts';
import type { HomePages } from '../../core/home/pages.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import {
  forgetHome,
  type Home,
  noteHomeOpened,
  noteHomePage,
  noteHomePublished,
  readHome,
} from '../../store/homes.ts';
import { fingerprintOf } from '../../store/messages.ts';
import { type Person, readPerson } from '../../store/people.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { identify, metAs } from '../people/identify.ts';
import { type HomeFacts, type RefusedHome, readHomeFacts } from './facts.ts';

/** How the chat draws a Home tab: pure, from what is known to what is shown. */
export type HomeDrawing<Content> = {
  home: (facts: HomeFacts) => Content;
  refusedHome: (refused: RefusedHome) => Content;
};

/**
 * However much happens, one person's Home is published so often at most: chats take about a hundred a minute of all.
 */
const PUBLISHED_EVERY_MS = 2_000;

/**
 * Somebody opened their Home tab: it is published with what is so now, and from now on after whatever concerns them.
 * Throws a Fault when chat, IdP or database can't say; nothing is shown then that was not looked up.
 */
export async function openHome(
  context: Context,
  drawing: HomeDrawing<unknown>,
  accountId: string,
): Promise<void> {
  const person = await whoOpened(context, accountId);
  if (isRefusal(person)) {
    await forgetHome(context.db, accountId);
    const { admins } = await adminContacts(context);
    await context.messenger.publishHome(
      accountId,
      drawing.refusedHome({ refusal: person, contacts: admins }),
    );
    return;
  }
  const isAdmin = context.catalogue.current().admins.some((email) => sameEmail(email, person.email));
  await noteHomeOpened(context.db, { personId: person.id, accountId, isAdmin });
  await publishNow(context, drawing, person.id);
}

/** They turned to another page of a section. */
export async function turnHomePage(
  context: Context,
  drawing: HomeDrawing<unknown>,
  accountId: string,
  page: HomePages,
): Promise<void> {
  const person = await metAs(context, accountId);
  if (person === null) return await openHome(context, drawing, accountId);
  await noteHomePage(context.db, person.id, page);
  await publishNow(context, drawing, person.id);
}

/**
 * Publishes the Home of somebody anew who has opened it once. Safe to run twice: it shows the state at the time when it
 * runs, one run at a time. A tab that shows it already is not sent again.
 */
export async function updateHome(
  context: Context,
  { personId }: Extract<Job, { job: 'updateHome' }>,
  drawing: HomeDrawing<unknown>,
): Promise<Ran> {
  return await context.locks.withLock(lockOf(personId), async () => {
    const home = await readHome(context.db, personId);
    if (home === null) return done;
    const agoMs = home.publishedAgoMs ?? PUBLISHED_EVERY_MS;
    if (agoMs < PUBLISHED_EVERY_MS) return { againInMs: PUBLISHED_EVERY_MS - agoMs };
    try {
      await publish(context, drawing, home, false);
    } catch (error) {
      // Chats count each method by itself: a Home that has to wait holds up no message.
      if (!(error instanceof Fault) || error.retryAfterMs === undefined) throw error;
      return { againInMs: error.retryAfterMs };
    }
    return done;
  });
}

async function publishNow(context: Context, drawing: HomeDrawing<unknown>, personId: string): Promise<void> {
  await context.locks.withLock(lockOf(personId), async () => {
    const home = await readHome(context.db, personId);
    if (home !== null) await publish(context, drawing, home, true);
  });
}

/** Under the lock alone: so what was read last is what is shown last. `isAnyway`: also where it shows that already. */
async function publish(
  context: Context,
  drawing: HomeDrawing<unknown>,
  { personId, accountId, pages, fingerprint: shown }: Home,
  isAnyway: boolean,
): Promise<void> {
  const person = await readPerson(context.db, personId);
  if (person === null) return;
  const content = drawing.home(await readHomeFacts(context, person, pages));
  const fingerprint = fingerprintOf(content);
  if (fingerprint === shown && !isAnyway) return;
  if (await context.messenger.publishHome(accountId, content))
    return await noteHomePublished(context.db, personId, fingerprint);
  context.log.warn({ account: accountId }, 'this account has no Home tab');
  await forgetHome(context.db, accountId);
}

/**
 * A person who was met before is known by their link, and the IdP is not asked. But the chat is asked. A person who is
 * a guest by now is shown whom they can turn to, and no button that would be refused.
 */
async function whoOpened(context: Context, accountId: string): Promise<Person | Refusal> {
  const [met, account] = await Promise.all([metAs(context, accountId), context.chat.whoIs(accountId)]);
  return met !== null && account?.kind === 'member' ? met : await identify(context, accountId);
}

function lockOf(personId: string): string {
  return `updateHome:${personId}`;
}
