/** `/messages`: every message and form that Latchkey has, each in its states, as Slack draws it. */
import { fileURLToPath } from 'node:url';
import { loadPolicy } from '../../policy/policy-folder.ts';
import { spoken } from '../../slack/mrkdwn.ts';
import { allSamples, type SampledMessages, type SampleSection } from '../messages/all-samples.ts';
import type { FormSample } from '../messages/sample.ts';
import { people } from '../seed.ts';
import { stateOf } from '../slack/elements.ts';
import type { Block } from '../slack/workspace.ts';
import { type Drawing, drawBlocks } from './blocks.ts';
import { type Html, html } from './html.ts';
import { latchkeyMark } from './people-panel.ts';
import { plainText } from './plain-text.ts';
import type { ShownBlock } from './sources.ts';

const EXAMPLE_POLICY = fileURLToPath(new URL('../../../policy', import.meta.url));

/** The page, whole. It only shows: no script runs on it, so its buttons do nothing. */
export async function drawMessagesPage(): Promise<Html> {
  const { catalogue } = await loadPolicy(EXAMPLE_POLICY);
  const sections = allSamples(catalogue);
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Latchkey: all messages</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/page/blocks.css">
  <link rel="stylesheet" href="/page/page.css">
</head>
<body class="gallery">
  <header class="gallery-head">${latchkeyMark('medium')}<div><h1>All messages</h1>
    <p>Every message and form of Latchkey, made by the functions that make the real ones, out of made-up states. Buttons do nothing here. <a href="/">Back to the sandbox</a></p></div></header>
  <nav class="gallery-nav" aria-label="Kinds of messages"><ul>${sections.map(
    ({ heading }, i) => html`<li><a href="#kind-${i}">${heading}</a></li>`,
  )}</ul></nav>
  <main>${sections.map(drawSection)}</main>
</body>
</html>
`;
}

function drawSection({ heading, states, forms }: SampleSection, i: number): Html {
  return html`<section class="gallery-kind" id="kind-${i}" data-testid="kind-${i}" aria-labelledby="kind-${i}-head"><h2 id="kind-${i}-head">${heading}</h2>${states.map(
    (state, n) => drawState(state, `${i}-${n}`),
  )}${forms.map((form, n) => drawForm(form, `${i}-f${n}`))}</section>`;
}

function drawState({ title, notices }: SampledMessages, id: string): Html {
  return html`<article class="gallery-state" data-testid="state" aria-labelledby="s-${id}"><h3 id="s-${id}">${title}</h3>${
    notices.length === 0 ? html`<p class="nobody">nobody is told</p>` : null
  }${notices.map(
    ({
      key,
      to,
      under,
      content,
    }) => html`<div class="gallery-message${under === null ? '' : ' reply'}" data-testid="sample" data-message="${key}">
      <p class="gallery-to">${'channel' in to ? `in #${to.channel}` : `to ${userName(to.account)}`}${under === null ? null : ', a reply in its thread'}</p>
      <div class="gallery-body"><div class="face">${latchkeyMark('medium')}</div><div class="bk">${drawBlocks(content.blocks as ShownBlock[], drawing(''))}</div></div>
      <p class="gallery-text" data-testid="fallback"><span>Notification</span> ${withoutMarks(content.text)}</p>
    </div>`,
  )}</article>`;
}

function drawForm({ title, view }: FormSample, id: string): Html {
  const blocks = view.blocks as unknown as ShownBlock[];
  const head = view.type === 'modal' ? plainText(view.title) : 'Home';
  const foot =
    view.type === 'modal'
      ? [plainText(view.close), plainText(view.submit)].filter((text) => text !== '')
      : [];
  return html`<article class="gallery-state" data-testid="state" aria-labelledby="s-${id}"><h3 id="s-${id}">${title}</h3>
    <div class="gallery-form" data-testid="form-sample"><p class="gallery-form-head"><strong>${head}</strong></p>
      <div class="modal-body bk">${drawBlocks(blocks, { ...drawing(`${id}-`), values: stateOf(blocks as unknown as Block[]) })}</div>
      ${foot.length === 0 ? null : html`<p class="gallery-form-foot">${foot.map((text) => html`<span class="gallery-form-button">${text}</span>`)}</p>`}</div></article>`;
}

function drawing(idPrefix: string): Drawing {
  return {
    idPrefix,
    userName,
    channelName: (id) => id,
    values: {},
    errors: {},
    people: people.map((p) => ({ value: p.slackId, label: p.name })),
    conversations: [],
  };
}

function userName(account: string): string {
  return people.find((p) => p.slackId === account)?.name ?? account;
}

/** As a phone’s lock screen shows it: names for mentions, no markup. */
function withoutMarks(text: string): string {
  return spoken(text)
    .replace(/<@(\w+)>/g, (_all, id: string) => `@${userName(id)}`)
    .replace(/<!date\^\d+\^[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
