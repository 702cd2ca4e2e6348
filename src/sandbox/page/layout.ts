/** The frame that everything else is drawn into. Each `data-region` is replaced when it changes. */
import type { System } from '../emulator.ts';
import { drawActs } from './acts.ts';
import { type Html, html } from './html.ts';
import { latchkeyMark } from './people-panel.ts';

type Drawn = {
  as: string;
  channel: string;
  systems: readonly System[];
  /** Address of Latchkey's web page; null: Latchkey is not there yet. */
  webPage: string | null;
  parts: Record<string, Html>;
};

export function drawDocument(drawn: Drawn): Html {
  const { parts } = drawn;
  const region = (name: string) => parts[name] ?? html``;
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Latchkey sandbox</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/page/blocks.css">
  <link rel="stylesheet" href="/page/page.css">
  <script src="/page/main.js" type="module"></script>
</head>
<body data-as="${drawn.as}" data-channel="${drawn.channel}">
  <aside class="people" aria-label="People">
    <div class="brand">${latchkeyMark('medium')}<div><strong>Latchkey</strong><span>sandbox at Acme</span></div></div>
    <div data-region="people">${region('people')}</div>
    <p class="fine">Everything here is made up and runs on this machine. The model is <strong>scripted</strong>: no AI is asked.${drawn.webPage === null ? '' : html`<br><a href="${drawn.webPage}" target="_blank" data-testid="web-page">Latchkey’s web page</a> shows it all: sign in as Sam.`}</p>
  </aside>
  <main class="slack" aria-label="Slack">
    <nav class="sidebar" aria-label="Conversations"><div class="team">Acme <span>Slack</span></div><div data-region="sidebar">${region('sidebar')}</div></nav>
    <div class="conversation${drawn.channel === 'home' ? ' on-home' : ''}">
      <header class="conversation-head" data-region="header">${region('header')}</header>
      <div class="stream" data-region="stream" data-testid="messages" role="log" aria-live="polite" aria-label="Messages" tabindex="0">${region('stream')}</div>
      <form class="composer" data-testid="composer" autocomplete="off">
        <div class="replying" hidden><span>Replying in thread</span><button type="button" class="icon-button" data-stop-reply aria-label="Stop replying">×</button></div>
        <div class="composer-box"><label class="hidden" for="composer-input">Message or command</label>
          <input id="composer-input" name="text" data-testid="composer-input" placeholder="Write a message, or type /access" autocomplete="off">
          <button type="submit" class="send" data-testid="send" aria-label="Send">➤</button></div>
        <div class="composer-foot"><div class="try"><button type="button" data-shortcut="ask_for_access" data-testid="shortcut-ask">⚡ Ask for access</button><span>Try</span>${[
          '/access',
          '/access mine',
          '/access status',
          '/access help',
        ].map(
          (command) => html`<button type="button" data-try="${command}">${command}</button>`,
        )}</div><p class="ack" role="status" data-testid="ack"></p></div>
      </form>
    </div>
    <div data-region="modal" data-testid="modal-root">${region('modal')}</div>
  </main>
  <aside class="outside" aria-label="The world outside" data-testid="world">
    <section class="panel world-pair" aria-label="The world outside">
      <div data-region="groups" data-testid="groups">${region('groups')}</div>
      <div><h2><span class="vendor anypoint" aria-hidden="true"></span>Anypoint teams</h2><div data-region="teams" data-testid="teams">${region('teams')}</div></div>
    </section>
    <section class="panel canary" aria-label="Canary"><h2>Canary <small>there and back, round after round</small></h2><div data-region="canary" data-testid="canary">${region('canary')}</div></section>
    <details class="panel acts" data-testid="acts-panel"><summary>Let something happen outside Slack</summary>${drawActs(drawn.systems)}</details>
    <details class="panel tickets-panel" data-testid="tickets-panel"><summary>Tickets, which access can end with</summary><div data-region="tickets" data-testid="tickets">${region('tickets')}</div></details>
    <details class="panel misbehave" data-testid="misbehave"><summary>Make the world misbehave</summary><div data-region="switches" data-testid="switches">${region('switches')}</div></details>
    <section class="panel changes" aria-label="Changes"><h2>What Latchkey did <small>each change against 60 s</small></h2><div data-region="timeline" data-testid="timeline" tabindex="0">${region('timeline')}</div></section>
  </aside>
  <dialog class="confirm" data-testid="confirm"><h3></h3><p></p><div class="modal-foot"><button type="button" class="bk-button" value="no"></button><button type="button" class="bk-button bk-primary" value="yes" data-testid="confirm-yes"></button></div></dialog>
</body>
</html>
`;
}
