import type { Cause } from '../../core/change/change.ts';
import { type StatusText, statusText } from '../../core/wording/change-status.ts';
import { decidersInWords } from '../../core/wording/deciders.ts';
import { idpName } from '../../flow/idps/idps.ts';
import type { Context } from '../../flow/kernel/context.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import type { ListedChange } from '../../store/page/changes.ts';
import { html } from '../html.ts';
import type { Column } from './table.ts';

/** Why a change is on the road, in a few words. */
export const causeWords: Readonly<Record<Cause, string>> = {
  request: 'asked for',
  extension: 'extended',
  expiry: 'its time was over',
  release: 'given back',
  finding: 'found: nobody asked for it',
  loss: 'found: taken out of the group',
  revert: 'taken away: nobody asked for it',
  leaver: 'the person left',
  birthright: 'by rule for the department',
  renewal: 'by rule, renewed',
  move: 'the person moved',
  canary: 'the canary',
  lostApp: 'MuleSoft app switched off',
  restore: 'given back after a return',
  breakGlass: 'emergency',
  review: 'access review',
  ticketClosed: 'its ticket was closed',
  ticketGone: 'its ticket is gone',
};

/** The change that a row is about, as a link to its page. */
export const changeColumn: Column<{ changeId: string | null }> = {
  key: 'changeId',
  title: 'Change',
  is: 'text',
  value: ({ changeId }) => changeId,
  show: ({ changeId }) =>
    changeId === null ? '–' : html`<a href="${PAGE_PATH}/changes/${changeId}">${changeId.slice(0, 8)}</a>`,
};

export function titleOf({ catalogue }: Pick<Context, 'catalogue'>, key: string): string {
  return catalogue.entitlement(key)?.title ?? key;
}

/** Where a change stands, in the words of its card. */
export function changeWords(
  context: Context,
  { change, ending, person }: Pick<ListedChange, 'change' | 'ending' | 'person'>,
  time: (at: Date) => string = (at) => at.toISOString(),
): StatusText {
  const entitlement = context.catalogue.entitlement(change.entitlementKey);
  return statusText(change, ending, {
    beneficiary: person.name,
    isToThem: false,
    title: entitlement?.title ?? change.entitlementKey,
    deciders: decidersInWords(change.plan, ({ name }) => name),
    owner: entitlement?.owner ?? 'the owner',
    idp: change.target === null ? context.idps.name : idpName(context, change.target),
    signInAt: context.signInUrl,
    time,
    safe: (text) => text,
  });
}
