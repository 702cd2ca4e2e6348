import { createHash } from 'node:crypto';
import { PAGE_PATH } from '../../flow/page/sign-in.ts';

/** The one style sheet. No style stands in a page: the content security policy lets none through. */
export const style = `
:root {
  color-scheme: light dark;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
  --ground: light-dark(#f5f6f8, #14171b);
  --paper: light-dark(#fff, #1d2126);
  --ink: light-dark(#1b1f24, #e7eaee);
  --soft: light-dark(#565f6b, #a9b2bd);
  --line: light-dark(#dde1e6, #343a42);
  --key: light-dark(#1f5f8b, #7cc0ee);
  --good: light-dark(#0b6b46, #63d2a1);
  --wait: light-dark(#7a5200, #edbc5a);
  --bad: light-dark(#b3123c, #ff8aa3);
  --good-soft: light-dark(#e0f3ea, #15352a);
  --wait-soft: light-dark(#fbf0d9, #3a2f16);
  --bad-soft: light-dark(#fce4ea, #43192a);
  --over-soft: light-dark(#e9ecf0, #2b3138);
  --c1: light-dark(#1f5f8b, #7cc0ee);
  --c2: light-dark(#b45309, #f0a35a);
  --c3: light-dark(#7e3fa8, #cf9df0);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
html.in body { display: grid; grid-template-columns: 13.5rem minmax(0, 1fr); min-height: 100vh; }
a { color: var(--key); text-underline-offset: 2px; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible { outline: 3px solid var(--key); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 8px; top: 8px; padding: 6px 10px; background: var(--paper); z-index: 2; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; flex-direction: column; gap: 14px; padding: 20px 14px; background: var(--paper); border-right: 1px solid var(--line); position: sticky; top: 0; height: 100vh; overflow-y: auto; }
.brand { margin: 0; font-weight: 700; font-size: 1.1rem; } .brand a { color: inherit; text-decoration: none; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 6px 10px; border-radius: 7px; color: inherit; text-decoration: none; }
nav a:hover { background: var(--over-soft); } nav a[aria-current] { background: var(--key); color: var(--paper); font-weight: 600; }
.who { margin-top: auto; font-size: .87rem; } .who p { margin: 0 0 8px; } .who span { color: var(--soft); }
main { padding: 26px clamp(14px, 3vw, 40px); max-width: 92rem; width: 100%; }
main.alone { max-width: 32rem; margin: 10vh auto; padding: 26px; background: var(--paper); border: 1px solid var(--line); border-radius: 12px; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .5em; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.8em 0 .5em; }
.about { color: var(--soft); margin: 0 0 1.2em; max-width: 46rem; }
footer { margin-top: 2.5em; color: var(--soft); font-size: .87rem; }
button, .button, input, select { font: inherit; color: inherit; padding: 6px 10px; border: 1px solid light-dark(#767e88, #7b8591); border-radius: 7px; background: var(--paper); }
button, .button { cursor: pointer; text-decoration: none; display: inline-block; }
.button.main { background: light-dark(#1f5f8b, #1f6f9f); border-color: transparent; color: #fff; font-weight: 600; padding: 9px 18px; }
.filters { display: flex; flex-wrap: wrap; gap: 10px 14px; align-items: end; padding: 12px 14px; margin: 0 0 16px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
.filters p { margin: 0; } .filters label { display: block; font-size: .82rem; color: var(--soft); } .filters input, .filters select, .filters button { height: 2.5rem; } .filters input, .filters select { max-width: 14rem; min-width: 7rem; }
.bar { display: flex; flex-wrap: wrap; gap: 4px 18px; justify-content: space-between; margin: 10px 0; color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th, td { text-align: left; vertical-align: top; padding: 8px 12px; border-bottom: 1px solid var(--line); } td { overflow-wrap: break-word; max-width: 26rem; }
th { font-size: .82rem; font-weight: 600; color: var(--soft); background: var(--over-soft); white-space: nowrap; }
tr:last-child td { border-bottom: 0; } tbody tr:hover { background: light-dark(#f8fafb, #22272d); }
.number { text-align: right; font-variant-numeric: tabular-nums; } time { font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child { min-width: 5rem; }
td small, .soft { color: var(--soft); font-size: .87rem; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: .85rem; font-weight: 600; background: var(--over-soft); white-space: nowrap; }
.badge.good { color: var(--good); background: var(--good-soft); } .badge.waiting, .badge.moving { color: var(--wait); background: var(--wait-soft); } .badge.bad, .badge.no { color: var(--bad); background: var(--bad-soft); }
.figures { list-style: none; margin: 0 0 22px; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 12px; }
.figures li { padding: 12px 14px; background: var(--paper); border: 1px solid var(--line); border-left: 4px solid var(--line); border-radius: 9px; }
.figures .label, .figures .value, .figures .note { display: block; } .figures .label { font-size: .87rem; color: var(--soft); }
.figures .value { font-size: 1.6rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } .figures .note { font-size: .85rem; color: var(--soft); }
.figures .good { border-left-color: var(--good); } .figures .waiting { border-left-color: var(--wait); } .figures .bad { border-left-color: var(--bad); }
.empty { padding: 26px; text-align: center; background: var(--paper); border: 1px dashed var(--line); border-radius: 10px; } .empty p { margin: .3em auto; max-width: 36rem; }
.card { padding: 14px 18px; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 16px; } .card > :first-child { margin-top: 0; } .card > :last-child { margin-bottom: 0; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: 5px 18px; margin: 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
ol.timeline { list-style: none; margin: 0; padding: 0 0 0 14px; border-left: 2px solid var(--line); } ol.timeline li { margin: 0 0 12px; position: relative; } ol.timeline li::before { content: ""; position: absolute; left: -20px; top: 7px; width: 10px; height: 10px; border-radius: 50%; background: var(--key); border: 2px solid var(--paper); }
.chart { width: 100%; height: auto; display: block; } .chart text { fill: var(--soft); font-size: 12px; } .chart .grid { stroke: var(--line); } .chart .goal { stroke: var(--bad); stroke-dasharray: 6 4; } .chart .goal-word { fill: var(--bad); }
.chart .line { fill: none; stroke-width: 2.5; } .chart .s1 { stroke: var(--c1); } .chart .s2 { stroke: var(--c2); } .chart .s3 { stroke: var(--c3); } .chart .dot { fill: var(--paper); stroke-width: 2.5; }
.chart .b1 { fill: var(--c1); } .chart .b2 { fill: var(--c2); } .chart .b3 { fill: var(--c3); } .chart .b4 { fill: var(--soft); } .chart .bad-bar { fill: var(--bad); }
ul.plain { list-style: none; } pre.card { overflow-x: auto; font-size: .87rem; white-space: pre-wrap; overflow-wrap: anywhere; } .files { display: flex; flex-wrap: wrap; gap: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 8px 0 0; padding: 0; font-size: .87rem; } .legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px; vertical-align: middle; background: var(--soft); } .legend .b1 i { background: var(--c1); } .legend .b2 i { background: var(--c2); } .legend .b3 i { background: var(--c3); } .legend .bad-bar i { background: var(--bad); }
@media (max-width: 800px) {
  html.in body { display: block; }
  header { position: static; height: auto; padding: 12px 14px; gap: 8px; border-right: 0; border-bottom: 1px solid var(--line); }
  nav ul { display: flex; flex-wrap: wrap; gap: 2px; } nav a { padding: 5px 9px; font-size: .93rem; }
  .who { display: flex; justify-content: space-between; align-items: center; gap: 10px; margin: 0; } .who p { margin: 0; }
  main { padding: 18px 14px; }
  table, tbody, tr, td { display: block; } table { border: 0; background: none; } thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 10px; padding: 6px 12px; }
  td { display: grid; grid-template-columns: 7.2rem minmax(0, 1fr); gap: 10px; border: 0; padding: 4px 0; max-width: none; overflow-wrap: anywhere; } td .badge { justify-self: start; white-space: normal; } td.number { text-align: left; } td::before { content: attr(data-label); color: var(--soft); font-size: .85rem; }
  .filters > p { flex: 1 1 44%; min-width: 0; } .filters input, .filters select { width: 100%; max-width: none; } .filters .go { flex: 1 1 100%; }
  .chart { overflow: visible; } .chart text { font-size: 26px; } .chart .line, .chart .dot, .chart .goal { stroke-width: 4; } .chart .odd { display: none; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0 8px; } .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media print { header, .filters, .bar, .skip { display: none; } html.in body { display: block; } body { background: #fff; } }
`;

/** Its address changes with it, so that a browser keeps it for as long as it is the same. */
export const stylePath = `${PAGE_PATH}/style-${createHash('sha256').update(style).digest('hex').slice(0, 12)}.css`;
