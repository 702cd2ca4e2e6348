import { mayOpen, type Reader, type RouteRule } from '../../core/page/reader.ts';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';
import { alreadyHtml, type Html, html } from '../html.ts';
import { stylePath } from './style.ts';

/** A page that the menu leads to. */
export type MenuItem = { path: string; title: string; rule: RouteRule };

/** What every page shows of who reads it. */
export type Frame = { reader: Reader; formToken: string; menu: readonly MenuItem[]; path: string };

const roleWords: Record<Reader['role'], string> = {
  employee: 'you see what is yours',
  owner: 'owner: you see what is yours and what you own',
  auditor: 'auditor: you see everything',
  admin: 'admin: you see everything',
};

/** A page for somebody who is signed in. */
export function framed(title: string, body: Html, { reader, formToken, menu, path }: Frame): string {
  const items = menu.filter(({ rule }) => mayOpen(rule, reader));
  return document(
    title,
    html`<a class="skip" href="#main">To the content</a>
<header><p class="brand"><a href="${PAGE_PATH}">Latchkey</a></p>
<nav aria-label="Pages"><ul>${items.map((item) => html`<li><a href="${PAGE_PATH}${item.path}"${item.path === path ? html` aria-current="page"` : ''}>${item.title}</a></li>`)}</ul></nav>
<div class="who"><p><b>${reader.name}</b><br><span>${roleWords[reader.role]}</span></p>
<form method="post" action="${PAGE_PATH}/sign-out"><input type="hidden" name="token" value="${formToken}"><button class="plain">Sign out</button></form></div></header>
<main id="main"><h1>${title}</h1>
${body}
<footer><p>Times are in ${reader.timeZone}. Deciding is done in chat: this page only reads.</p></footer></main>`,
    'in',
  );
}

/** A page for whoever is not signed in, or may not be here. */
export function unframed(title: string, body: Html): string {
  return document(
    title,
    html`<main id="main" class="alone"><p class="brand">Latchkey</p><h1>${title}</h1>${body}</main>`,
    'out',
  );
}

function document(title: string, body: Html, kind: string): string {
  return html`<!doctype html>
<html lang="en" class="${kind}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Latchkey</title>
<link rel="stylesheet" href="${stylePath}">
<link rel="icon" href="${PAGE_PATH}/icon.svg" type="image/svg+xml">
</head>
<body>${body}</body>
</html>
`.toString();
}

/** A state in a word, coloured by what it means; the colour says nothing that the word does not. */
export function badge(mood: string, label: string): Html {
  return html`<span class="badge ${mood}">${label}</span>`;
}

export function figures(
  items: readonly { label: string; value: string | number; note?: string; mood?: string; to?: string }[],
): Html {
  return html`<ul class="figures">${items.map(
    ({ label, value, note, mood, to }) =>
      html`<li class="${mood ?? ''}"><span class="label">${to === undefined ? label : html`<a href="${PAGE_PATH}${to}">${label}</a>`}</span> <span class="value">${value}</span>${note === undefined ? '' : html` <span class="note">${note}</span>`}</li>`,
  )}</ul>`;
}

export const icon = alreadyHtml(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f5f8b"/><circle cx="16" cy="12.5" r="5" fill="none" stroke="#fff" stroke-width="3"/><path d="M16 17v9m0-5h4" stroke="#fff" stroke-width="3" fill="none"/></svg>',
);
