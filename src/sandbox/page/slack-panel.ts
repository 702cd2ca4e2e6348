/** The middle of the page: a Slack client for whoever one is. */
import { madeUpBefore } from '../on-purpose.ts';
import { isMentioned } from '../slack/mentions.ts';
import { type Drawing, drawBlocks, drawText } from './blocks.ts';
import { type Html, html } from './html.ts';
import { avatar, latchkeyMark } from './people-panel.ts';
import type { ShownChannel, ShownMessage, ShownPerson, ShownView, SlackSeen } from './sources.ts';

/** The home tab is looked at like a channel. */
const HOME = 'home';
const APP_USER = 'U0LATCHKEY';

function drawingFor(seen: SlackSeen): Drawing {
  const names = new Map(seen.people.map((p) => [p.slackId, p.name]));
  const channels = new Map(seen.channels.map((c) => [c.id, c.name]));
  return {
    userName: (id) => (id === APP_USER ? 'Latchkey' : (names.get(id) ?? id)),
    channelName: (id) => channels.get(id) ?? id,
    values: {},
    errors: {},
    people: seen.people
      .filter((p) => p.slackKind !== 'bot' && p.slackKind !== 'deactivated')
      .map((p) => ({ value: p.slackId, label: p.name, hint: p.title })),
    conversations: seen.channels.map((c) => ({
      value: c.id,
      label: c.kind === 'im' ? c.name : `#${c.name}`,
    })),
  };
}

/** Where one is when nothing was chosen: the conversation with Latchkey. */
export function channelIn(seen: SlackSeen, wanted: string): string {
  if (wanted === HOME || seen.channels.some((c) => c.id === wanted)) return wanted;
  return seen.channels.find((c) => c.kind === 'im')?.id ?? seen.channels[0]?.id ?? HOME;
}

/** The newest message that is for this person: any in a conversation of their own, a mention in a channel. */
function latestFor(me: ShownPerson, channel: ShownChannel): string {
  const isForMe = (m: ShownMessage) => channel.kind === 'im' || m.ephemeral || isMentioned(m, me.slackId);
  return channel.messages.findLast((m) => m.user !== me.slackId && isForMe(m))?.ts ?? '';
}

export function drawSidebar(seen: SlackSeen, current: string): Html {
  const link = (channel: ShownChannel, label: Html) =>
    html`<a href="?as=${seen.me.key}&amp;channel=${channel.id}" class="side-link" data-channel="${channel.id}" data-latest="${latestFor(
      seen.me,
      channel,
    )}" data-testid="channel-${channel.kind === 'im' ? 'latchkey' : channel.name}"${
      channel.id === current ? html` aria-current="page"` : null
    }>${label}<span class="unread-dot" aria-label="unread" hidden></span></a>`;
  const rooms = seen.channels.filter((c) => c.kind === 'channel');
  const direct = seen.channels.filter((c) => c.kind === 'im');
  return html`<h2 class="side-head">Channels</h2>
    ${rooms.map((c) => link(c, html`<span class="hash" aria-hidden="true">#</span><span class="side-name">${c.name}</span>`))}
    ${rooms.length === 0 ? html`<p class="side-none">none</p>` : null}
    <h2 class="side-head">Apps</h2>
    ${direct.map((c) => link(c, html`${latchkeyMark('small')}<span class="side-name">Latchkey</span>`))}
    <a href="?as=${seen.me.key}&amp;channel=${HOME}" class="side-link" data-channel="${HOME}" data-testid="channel-home"${
      current === HOME ? html` aria-current="page"` : null
    }><span class="hash" aria-hidden="true">⌂</span><span class="side-name">Latchkey home</span></a>`;
}

export function drawHeader(seen: SlackSeen, current: string): Html {
  if (current === HOME) return html`<h1>Latchkey <small>Home tab of ${seen.me.name}</small></h1>`;
  const channel = seen.channels.find((c) => c.id === current);
  if (channel?.kind === 'im')
    return html`<h1>Latchkey <span class="app-badge">APP</span> <small>direct messages with ${seen.me.name}</small></h1>`;
  return html`<h1><span class="hash" aria-hidden="true">#</span>${channel?.name ?? ''}</h1>`;
}

export function drawStream(seen: SlackSeen, current: string): Html {
  const drawing = drawingFor(seen);
  if (current === HOME) return drawHome(seen.home, drawing);
  const channel = seen.channels.find((c) => c.id === current);
  if (channel === undefined || channel.messages.length === 0) {
    return html`<div class="empty" data-key="empty">${latchkeyMark('large')}
      <p><strong>Nothing here yet.</strong></p><p>Type <kbd>/access</kbd> below to ask for access to an API.</p></div>`;
  }
  const known = new Set(channel.messages.map((m) => m.ts));
  const isReply = (m: ShownMessage) => m.threadTs !== null && m.threadTs !== m.ts && known.has(m.threadTs);
  return html`${channel.messages
    .filter((m) => !isReply(m))
    .map((message) => {
      const replies = channel.messages.filter((m) => isReply(m) && m.threadTs === message.ts);
      return html`<section class="thread" data-key="${message.ts}">
        ${drawMessage(message, channel.id, drawing)}
        ${replies.length === 0 ? null : html`<div class="replies" aria-label="Thread">${replies.map((r) => drawMessage(r, channel.id, drawing))}</div>`}
      </section>`;
    })}`;
}

function drawMessage(message: ShownMessage, channel: string, base: Drawing): Html {
  const drawing = { ...base, values: message.chosen };
  const isApp = message.user === APP_USER;
  const isReply = message.threadTs !== null && message.threadTs !== message.ts;
  return html`<article class="message${message.ephemeral ? ' ephemeral' : ''}${isReply ? ' reply' : ''}" data-key="${message.ts}" data-testid="message" data-channel="${channel}" data-ts="${message.ts}" data-as-app="${isApp ? 'yes' : 'no'}">
    <div class="face">${isApp ? latchkeyMark('medium') : avatar(message.userName)}</div>
    <div class="message-main">
      <header><strong>${message.userName}</strong>${isApp ? html`<span class="app-badge">APP</span>` : null}<time data-seconds="${message.ts}">${clock(message.ts)}</time>${
        message.edited ? html`<span class="edited">(edited)</span>` : null
      }</header>
      ${message.ephemeral ? html`<p class="only-you"><span aria-hidden="true">◉</span> Only visible to you</p>` : null}
      <div class="bk">${
        message.blocks === null ? drawText(message.text, drawing) : drawBlocks(message.blocks, drawing)
      }</div>
      ${message.files.map(
        ({ id, name }) =>
          html`<p class="file"><a href="/slack/files/${id}" data-testid="file" download>${name}</a></p>`,
      )}
      ${
        message.reactions.length === 0
          ? null
          : html`<p class="reactions">${message.reactions.map((r) => html`<span>:${r.name}: ${r.users.length}</span>`)}</p>`
      }
    </div>
    ${
      message.ephemeral
        ? null
        : html`<div class="message-menu"><button type="button" class="reply-button" data-shortcut="ask_because_of_message" data-testid="ask-because" aria-label="Ask because of this message">Ask because of this</button>
    <button type="button" class="reply-button" data-reply="${message.threadTs ?? message.ts}" aria-label="Reply in thread">Reply</button></div>`
    }
  </article>`;
}

function clock(ts: string): string {
  return new Date(Number(ts) * 1_000).toISOString().slice(11, 16);
}

function drawHome(home: ShownView | null, base: Drawing): Html {
  if (home === null) {
    return html`<div class="empty" data-key="no-home">${latchkeyMark('large')}<p>Latchkey hasn’t filled this tab yet.</p></div>`;
  }
  const drawing = { ...base, values: home.state.values };
  return html`<div class="home bk" data-key="home" data-view="${home.id}" data-testid="home">${drawBlocks(home.blocks, drawing)}</div>
    <p class="on-purpose home-note" data-key="home-note"><span class="tag">sandbox</span> ${madeUpBefore}</p>`;
}

/** The topmost modal, over everything else; empty when none is open. */
export function drawModal(seen: SlackSeen): Html {
  const view = seen.views.at(-1);
  if (view === undefined) return html``;
  const drawing = { ...drawingFor(seen), values: view.state.values, errors: view.errors };
  const general = view.errors[''];
  return html`<div class="veil" data-key="${view.id}">
    <form class="modal" role="dialog" aria-modal="true" aria-labelledby="modal-title" data-view="${view.id}" data-testid="modal" novalidate>
      <header class="modal-head">${latchkeyMark('medium')}<h2 id="modal-title">${view.title ?? ''}</h2>
        ${seen.views.length > 1 ? html`<span class="depth">${seen.views.length} deep</span>` : null}
        <button type="button" class="icon-button" data-close-view aria-label="Close">×</button></header>
      <div class="modal-body bk" data-key="${view.id}" tabindex="-1">
        ${general === undefined ? null : html`<p class="bk-error general" role="alert">${general}</p>`}
        ${drawBlocks(view.blocks, drawing)}
      </div>
      <footer class="modal-foot"><button type="button" class="bk-button" data-close-view data-testid="cancel">${view.close ?? 'Cancel'}</button>
        ${view.submit === null ? null : html`<button type="submit" class="bk-button bk-primary" data-testid="submit">${view.submit}</button>`}</footer>
    </form>
  </div>`;
}
