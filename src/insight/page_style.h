#pragma once

namespace vitrine {

// The look of the report's page. Colours keep 4.5 to 1 against their ground, in light and dark.
inline constexpr char kPageStyle[] = R"(
:root { color-scheme: light dark; --ground: #fdfdfc; --panel: #f2f3f0; --ink: #1c2022;
  --soft: #565d61; --rule: #d4d8d3; --s1: #1f6f8b; --s2: #b5512b; --s3: #5b7f2a;
  --heat: 31 111 139; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181a; --panel: #1e2427; --ink: #e9ecea; --soft: #a4adb0; --rule: #39424a;
    --s1: #5cb3cf; --s2: #e58a63; --s3: #9dc464; --heat: 92 179 207; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-top: 1.25rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 0 0 .25rem; }
p { margin: .25rem 0 .75rem; } .soft { color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; }
.card { background: var(--panel); border-radius: .5rem; padding: .9rem 1rem; }
.card p { margin: 0; } .big { font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .75rem 0 .25rem; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal;
  overflow-wrap: anywhere; min-width: 8rem; }
thead th { color: var(--soft); font-weight: 500; } tbody th { font-weight: 400; }
td.heat { background: rgb(var(--heat) / calc(var(--v) * .7)); }
svg { width: 100%; height: auto; max-width: 46rem; display: block; margin: .5rem 0 1rem; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.grid { stroke: var(--rule); fill: none; }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.line.s1 { stroke: var(--s1); } .line.s2 { stroke: var(--s2); stroke-dasharray: 7 4; }
.line.s3 { stroke: var(--s3); stroke-dasharray: 2 4; }
rect.s1, rect.cell { fill: var(--s1); } rect.s2 { fill: var(--s2); } rect.s3 { fill: var(--s3); }
@media print { body { max-width: none; } h2 { break-after: avoid; } }
)";

}  // namespace vitrine
