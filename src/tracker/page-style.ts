// The style of the catalog page. Light and dark by the reader's own setting; a table on wide screens, cards on narrow
// ones.

export const STYLE = `
:root {
  --ground: #fbfbfa; --raised: #ffffff; --line: #e2e2de; --text: #1c1c1a; --quiet: #62625c; --accent: #0b6478;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #161718; --raised: #1e2021; --line: #33363a; --text: #e6e6e3; --quiet: #a3a49e; --accent: #6cc3d6; }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
header, main, footer { max-width: 1200px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 12px 24px; padding-top: 20px; padding-bottom: 16px; }
h1 { margin: 0; font-size: 20px; letter-spacing: -0.01em; }
h1 a { color: inherit; text-decoration: none; }
form { display: flex; flex: 1 1 280px; max-width: 520px; gap: 8px; }
input[type="search"] {
  flex: 1; min-width: 0; height: 36px; padding: 0 12px; font: inherit; color: inherit;
  background: var(--raised); border: 1px solid var(--quiet); border-radius: 6px;
}
button {
  height: 36px; padding: 0 14px; font: inherit; color: var(--text); cursor: pointer;
  background: var(--raised); border: 1px solid var(--quiet); border-radius: 6px;
}
button:hover { border-color: var(--accent); color: var(--accent); }
a { color: var(--accent); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.total { margin: 0 0 0 auto; color: var(--quiet); font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; background: var(--raised); border: 1px solid var(--line); }
th, td { padding: 7px 12px; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
tbody tr:hover { background: var(--ground); }
thead th { font-size: 12px; font-weight: 500; color: var(--quiet); }
th.name { width: 100%; white-space: normal; overflow-wrap: anywhere; }
tbody th.name { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.version { font-weight: 400; font-size: 12px; color: var(--quiet); white-space: nowrap; margin-left: 6px; }
.unseeded td, .unseeded th { color: var(--quiet); }
time { color: var(--quiet); }
code, pre { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
td code { color: var(--quiet); }
.links a { margin-right: 10px; }
.empty { margin: 48px 0; text-align: center; color: var(--quiet); }
.empty pre { display: inline-block; margin: 0; padding: 10px 16px; color: var(--text); background: var(--raised); border: 1px solid var(--line); border-radius: 6px; max-width: 100%; overflow-x: auto; text-align: left; }
.paging { display: flex; gap: 20px; padding: 16px 0; }
.paging a[rel="next"] { margin-left: auto; }
footer { padding-top: 8px; padding-bottom: 32px; color: var(--quiet); overflow-wrap: anywhere; }
@media (min-width: 761px) and (max-width: 960px) {
  [data-label="Published"], thead th:nth-child(5) { display: none; }
}
@media (max-width: 760px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  .total { margin-left: 0; }
  form { flex-basis: 100%; max-width: none; }
  table { border: 0; background: none; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody { display: grid; gap: 10px; }
  tbody tr {
    display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 12px;
    background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
  }
  tbody th, tbody td { display: block; padding: 0; border: 0; text-align: left; }
  tbody th.name { flex-basis: 100%; }
  tbody td[data-label]::before { content: attr(data-label) " "; font-size: 12px; color: var(--quiet); }
  td.links { flex-basis: 100%; margin-top: 4px; }
  td.links a { display: inline-block; padding: 4px 0; margin-right: 18px; }
}
`.trimStart();
