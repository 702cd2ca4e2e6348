export { alreadyHtml, type Html, html } from '../../web/html.ts';
