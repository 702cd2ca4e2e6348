import { countInWords, durationInWords } from '../core/duration.ts';
import { STEP_UP_PATH } from '../flow/request/step-up.ts';
import type { StepUpPage } from '../flow/step-up/sign-in.ts';
import { alreadyHtml, type Html, html } from './html.ts';

/**
 * What the pages are told besides what they are about. `link`: the secret part of the address; null: not known here.
 */
type Told = { idp: string; chat: string; link: string | null; now: Date };

type Said = { title: string; mood: 'good' | 'bad' | 'open'; body: Html };

/** A page of a fresh sign-in, whole. */
export function stepUpHtml(page: StepUpPage, told: Told): string {
  const { title, mood, body } = said(page, told);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Latchkey</title>
<style>${alreadyHtml(style)}</style>
</head>
<body>
<main class="${mood}">
<p class="brand">Latchkey</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.toString();
}

function said(page: StepUpPage, told: Told): Said {
  switch (page.is) {
    case 'open':
      return openPage(page, told);
    case 'over':
      return page.counts
        ? {
            title: 'Your approval counts',
            mood: 'good',
            body: html`<p>You signed in, and it was you. The card in ${told.chat} shows how it goes on.</p><p>You can close this page.</p>`,
          }
        : { title: 'Not approved', mood: 'bad', body: html`<p>${page.says}</p>` };
    case 'kept':
      return {
        title: 'You signed in',
        mood: 'open',
        body: html`<p>Your approval is kept. What else has to be looked up does not answer yet; it is settled by itself as soon as it does, and ${told.chat} tells you.</p>`,
      };
    case 'otherBrowser':
      return {
        title: 'Not in this browser',
        mood: 'bad',
        body: html`<p>The sign-in was begun in another browser, or this one keeps no cookies. Nothing was approved.</p><p>Press the link in ${told.chat} again, and stay in one browser. If you did not press <b>Approve</b>, tell your security team who sent you here.</p>`,
      };
    case 'refused':
      return {
        title: 'Not approved',
        mood: 'bad',
        body: html`<p>${refusedInWords(page.error, told.idp)}</p>${tryAgain(page.expiresAt, told)}`,
      };
    case 'away':
      return {
        title: 'Not approved',
        mood: 'bad',
        body: html`<p>${told.idp} did not answer, or not in a way that can be trusted, so your sign-in could not be checked. What can’t be checked does not count.</p>${tryAgain(page.expiresAt, told)}`,
      };
    case 'unknown':
      return {
        title: 'Nothing here',
        mood: 'bad',
        body: html`<p>Latchkey does not know this link. Press <b>Approve</b> on the card in ${told.chat} to get a new one.</p>`,
      };
    default:
      return page satisfies never;
  }
}

function openPage(
  { clicker, beneficiary, title, insteadOf, seconds, expiresAt }: Extract<StepUpPage, { is: 'open' }>,
  { idp, chat, link, now }: Told,
): Said {
  const time = seconds === null ? '' : `, for ${durationInWords(seconds)}`;
  return {
    title: 'Is it you who approves this?',
    mood: 'open',
    body: html`<p><b>${clicker}</b> pressed <b>Approve</b> in ${chat}:</p>
<p class="what"><b>${beneficiary}</b> gets <b>${title}</b>${time}${insteadOf === null ? '' : html`, instead of ${insteadOf}`}</p>
<p>Policy wants a fresh sign-in for it. The approval counts once ${clicker} has signed in with ${idp}. You have ${minutesLeft(expiresAt, now)}.</p>
<form method="post" action="${`${STEP_UP_PATH}/${link ?? ''}`}"><button class="main">Sign in with ${idp}</button></form>
<p>If you did not press <b>Approve</b> yourself, don’t sign in, whoever asks you to:</p>
<form method="post" action="${`${STEP_UP_PATH}/${link ?? ''}/not-me`}"><button>I did not press Approve</button></form>`,
  };
}

function tryAgain(expiresAt: Date, { chat, now }: Told): Html {
  return expiresAt > now
    ? html`<p>You can try again with the link in ${chat}: you have ${minutesLeft(expiresAt, now)}.</p>`
    : html`<p>Press <b>Approve</b> on the card in ${chat} again.</p>`;
}

function minutesLeft(expiresAt: Date, now: Date): string {
  const minutes = Math.ceil((expiresAt.getTime() - now.getTime()) / 60_000);
  return minutes <= 1 ? 'less than a minute' : `${countInWords(minutes)} minutes`;
}

/** Error codes of OpenID Connect Core section 3.1.2.6 and RFC 9470. */
function refusedInWords(error: string, idp: string): string {
  switch (error) {
    case 'access_denied':
      return `You did not finish signing in, or ${idp} did not let you: your account has to be assigned to the Latchkey app.`;
    case 'unmet_authentication_requirements':
      return `${idp} could not ask you for a strong enough sign-in: set up a second factor there first.`;
    case 'invalid_grant':
      return `${idp} takes this sign-in for used or too old.`;
    default:
      return `${idp} did not complete the sign-in (${error}).`;
  }
}

const style = `
:root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 6vh 16px; background: light-dark(#f4f4f2, #17181a); color: light-dark(#1d1c1d, #e8e8e6); }
main { max-width: 34rem; margin: 0 auto; padding: 20px 24px 24px; background: light-dark(#fff, #222427); border-radius: 10px; border-top: 5px solid #5b6470; box-shadow: 0 1px 4px #0003; }
main.good { border-color: #007a5a; } main.bad { border-color: #c01343; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .6em; }
.brand { margin: 0 0 .4em; font-size: .85rem; color: light-dark(#5c5c5c, #b0b0ae); }
.what { padding: 10px 14px; border-left: 4px solid light-dark(#c9c9c6, #55585c); }
p { overflow-wrap: anywhere; }
button { font: inherit; padding: 9px 16px; border-radius: 6px; border: 1px solid light-dark(#767676, #9a9a98); background: transparent; color: inherit; cursor: pointer; }
button.main { background: #007a5a; border-color: #007a5a; color: #fff; font-weight: 600; }
button:focus-visible { outline: 3px solid #1264a3; outline-offset: 2px; }
`;
