import type { ChangeEvent } from '../../core/change/events.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import {
  accountIsBack,
  type LostAccount,
  lostAccountsOf,
  noteLostAccount,
} from '../../store/lost-accounts.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { type AtIdp, idpName } from '../idps/idps.ts';
import { type Following, noteByLatchkey, type Unit } from '../kernel/commit.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, named } from '../people/named.ts';

/** Everything the message about accounts that one identity provider has lost is made of. */
export type LostAccountView = {
  /** The one that has lost them. */
  idpName: string;
  lost: LostLine[];
  channel: string;
  admins: Named[];
};

type LostLine = Pick<LostAccount, 'why' | 'ended' | 'stays' | 'lostAt' | 'backAt'> & {
  person: Named;
  /** The one that has them active. */
  otherName: string | null;
};

type Lost = Pick<LostAccount, 'personId' | 'idp' | 'other' | 'why' | 'stays'>;

/**
 * What the admins are told of it: nothing where the person neither loses nor keeps anything. Else a message, which many
 * lost at once share.
 */
export async function tellOfLostAccount(
  context: Pick<Data, 'catalogue'>,
  unit: Unit,
  lost: Lost,
  events: readonly ChangeEvent[],
): Promise<Job[]> {
  const ended = titles(
    events.flatMap((event) =>
      event.type === 'changeReceived'
        ? [context.catalogue.entitlement(event.entitlementKey)?.title ?? event.target?.groupName ?? '']
        : [],
    ),
  );
  const stays = titles(lost.stays);
  if (ended.length === 0 && stays.length === 0) return [];
  return [messageOf(await noteLostAccount(unit.tx, { ...lost, ended, stays }, unit.now))];
}

/** This provider has them again: a message that said otherwise says so. */
export async function accountReturned({ idp }: AtIdp, unit: Unit, personId: string): Promise<Following> {
  const notices = await accountIsBack(unit.tx, { personId, idp: idp.system }, unit.now);
  if (notices.length === 0) return {};
  return {
    notes: [noteByLatchkey(unit, 'accountBack', { personId, idp: idp.system })],
    jobs: notices.map(messageOf),
  };
}

function messageOf(id: string): Job {
  return { job: 'updateCard', about: 'lostAccount', id };
}

function titles(all: readonly string[]): string[] {
  return [...new Set(all.filter((title) => title !== ''))].sort();
}

export async function readLostAccountView(
  context: Data & Parties,
  noticeId: string,
): Promise<LostAccountView | null> {
  const lost = await lostAccountsOf(context.db, noticeId);
  const [first] = lost;
  if (first === undefined) return null;
  const known = await peopleWithAccounts(context.db, {
    ids: lost.map(({ personId }) => personId),
    emails: [],
    system: context.chat.system,
  });
  const line = async ({ personId, other, ...rest }: LostAccount): Promise<LostLine> => {
    const person = known.find(({ id }) => id === personId);
    return {
      ...rest,
      person: person === undefined ? { name: 'somebody', accountId: null } : await named(context, person),
      otherName: other === null ? null : idpName(context, { idp: other }),
    };
  };
  return {
    idpName: idpName(context, first),
    lost: await Promise.all(lost.map(line)),
    ...(await adminContacts(context)),
  };
}
