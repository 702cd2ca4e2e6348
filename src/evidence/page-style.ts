/** Light and dark by the reader's setting, and plain on paper. */
export const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 24px 20px 60px; background: light-dark(#fff, #17181a); color: light-dark(#1d1c1d, #e8e8e6); }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4em; }
h2 { font-size: 1.25rem; margin: 2em 0 .5em; padding-bottom: .2em; border-bottom: 2px solid light-dark(#d8d8d4, #44474b); }
h3 { font-size: 1.05rem; margin: 1.4em 0 .4em; } h4 { margin: 0 0 .5em; }
p { max-width: 48rem; margin: .5em 0; } p, li { overflow-wrap: anywhere; }
a { color: light-dark(#0b5394, #8ec5ff); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid light-dark(#1264a3, #8ec5ff); outline-offset: 2px; }
.brand, .of, .files { color: light-dark(#5c5c5c, #b0b0ae); font-size: .9rem; } .brand { margin: 0; } .of { font-weight: 400; }
nav ol { columns: 2 18rem; padding-left: 1.4em; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 10px; margin: 0; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 10px 14px; border-radius: 8px; background: light-dark(#f1f3f1, #222427); border-left: 4px solid light-dark(#007a5a, #4cc38a); }
.figures div.bad { border-color: light-dark(#b4281e, #ff8a80); }
.figures dd { margin: 0; font-size: 1.6rem; font-weight: 600; font-variant-numeric: tabular-nums; } .figures dt { font-size: .9rem; }
.bad b, b.bad { color: light-dark(#a4161a, #ff8a80); }
.asks { font-style: italic; }
.empty { padding: 8px 12px; border-left: 4px solid light-dark(#007a5a, #4cc38a); background: light-dark(#f1f7f3, #1d2622); }
.limits { border-left: 4px solid light-dark(#b4281e, #ff8a80); padding: 2px 16px 8px; margin: 1em 0; background: light-dark(#fdf3f2, #2a1f1f); } .limits h2 { margin: .4em 0; border: 0; font-size: 1.05rem; }
.none { border-color: light-dark(#b4281e, #ff8a80); }
.scroll { overflow-x: auto; margin: .6em 0; }
table { border-collapse: collapse; font-size: .88rem; min-width: 30rem; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px 4px 0; border-bottom: 1px solid light-dark(#e2e2de, #3a3d41); }
td, dd, li, blockquote { unicode-bidi: plaintext; }
td { max-width: 26rem; overflow-wrap: break-word; } th { white-space: nowrap; }
code, pre { font: .85em/1.45 ui-monospace, monospace; } pre { white-space: pre-wrap; overflow-wrap: anywhere; background: light-dark(#f4f4f2, #222427); padding: 8px 12px; }
details { margin: .3em 0; }
.story { border: 1px solid light-dark(#d8d8d4, #44474b); border-radius: 8px; padding: 12px 16px; margin: 14px 0; break-inside: avoid-page; }
.story dl { margin: 0; } .story dl div { display: grid; grid-template-columns: 14rem 1fr; gap: 10px; padding: 2px 0; }
dt { color: light-dark(#5c5c5c, #b0b0ae); } .story dd { margin: 0; overflow-wrap: anywhere; }
blockquote { margin: .5em 0; padding: 4px 12px; border-left: 4px solid light-dark(#c9c9c6, #55585c); }
@media (max-width: 600px) { body { padding: 16px 12px 40px; } .story dl div { grid-template-columns: 1fr; gap: 0; } }
@page { size: A4; margin: 15mm 13mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; } @bottom-left { content: "Latchkey: evidence of access"; font: 8pt system-ui, sans-serif; } }
@media print {
:root { color-scheme: light; print-color-adjust: exact; } body { max-width: none; padding: 0; font-size: 9.5pt; } a { color: inherit; text-decoration: none; }
p { orphans: 3; widows: 3; } h2, h3, h4, summary { break-after: avoid; } h2 { margin-top: 1.4em; }
.figures { grid-template-columns: repeat(4, 1fr); } .figures div, tr, .control { break-inside: avoid; }
.scroll { overflow: visible; } table { min-width: 0; width: 100%; font-size: 7.5pt; } th, td { white-space: normal; max-width: none; padding-right: 6px; } .wide { font-size: 6.5pt; } .wide th, .wide td { overflow-wrap: anywhere; padding-right: 4px; }
.story { break-inside: auto; padding: 8px 10px; font-size: 8.5pt; } .story h4 { font-size: 10pt; }
details::details-content { content-visibility: visible; block-size: auto; } summary { list-style: none; font-weight: 600; } pre { font-size: 6.5pt; }
}
`;
