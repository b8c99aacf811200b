/** The style of the page: light or dark, as in the reader's system. The page loads nothing. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #16202e; --soft: #5b6878; --line: #e2e6ec;
  --good: #0b7a53; --good-back: #e3f6ee; --bad: #b3261e; --bad-back: #fdeceb;
  --shade: rgb(60 80 120 / 7%); --gap: #c2571a; --flow: #3866c9; --flow-back: rgb(56 102 201 / 16%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e131a; --card: #171e28; --ink: #e7ecf3; --soft: #94a2b5; --line: #27303d;
    --good: #4cd3a0; --good-back: #10312a; --bad: #ff8b82; --bad-back: #3b1a1c;
    --shade: rgb(150 180 255 / 8%); --gap: #f0945b; --flow: #7fa6ff; --flow-back: rgb(127 166 255 / 18%);
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.02em; }
h2 { font-size: 20px; margin: 0; letter-spacing: -0.01em; }
h3 { font-size: 13px; font-weight: 600; margin: 22px 0 2px; }
p { margin: 0; }
.soft, h3 span { color: var(--soft); font-weight: 400; }
.verdict { border-radius: 16px; padding: 24px 28px; margin-bottom: 20px; background: var(--good-back); border: 1px solid color-mix(in srgb, var(--good) 25%, transparent); }
.verdict h1 { color: var(--good); }
.verdict.noticed { background: var(--bad-back); border-color: color-mix(in srgb, var(--bad) 25%, transparent); }
.verdict.noticed h1, .figure.bad b { color: var(--bad); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 22px 24px; margin-bottom: 20px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px; margin: 16px 0 4px; }
.figure { border: 1px solid var(--line); border-radius: 12px; padding: 10px 14px; }
.figure b { display: block; font-size: 22px; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.figure.good b { color: var(--good); }
.figure span { color: var(--soft); font-size: 12.5px; }
.compare { margin-top: 14px; padding: 10px 14px; border-radius: 12px; background: var(--page); }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 640px; height: auto; }
svg text { font-size: 11.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); } .tick { stroke: var(--soft); stroke-opacity: 0.5; }
.all { stroke: var(--soft); stroke-dasharray: 3 4; }
.faultWindow { fill: var(--shade); }
.waiting { opacity: 0.25; } .ending { opacity: 0.55; mask: url(#hatch); }
.gap { fill: var(--gap); } .delivered { fill: var(--flow-back); } .edge { fill: none; stroke: var(--flow); stroke-width: 1.5; }
.published { fill: none; stroke: var(--flow); stroke-width: 1.5; stroke-dasharray: 4 3; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 4px 0 0 64px; padding: 0; list-style: none; font-size: 12.5px; color: var(--soft); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
td, th { text-align: left; padding: 7px 12px 7px 0; border-top: 1px solid var(--line); vertical-align: top; font-weight: 400; }
th { color: var(--soft); white-space: nowrap; width: 1%; padding-right: 28px; }
tr:first-child > * { border-top: 0; }
code { font: 13px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 12.5px; }
@media (max-width: 640px) { main { padding: 16px 12px 40px; } .card, .verdict { padding: 16px; } h1 { font-size: 24px; } th { white-space: normal; width: 34%; padding-right: 12px; } .legend { margin-left: 0; } }
@media print { body { background: none; } .card, .verdict { break-inside: avoid; } }
`;
