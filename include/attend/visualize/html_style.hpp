#pragma once

#include <attend/visualize/svg_style.hpp>

#include <string>

namespace attend::detail {

/// What a token is painted with, from the least (b0) to the most weight (b15): the colours of the heatmap.
inline constexpr int token_levels = 16;

[[nodiscard]] inline std::string token_colors(Paper paper) {
  std::string rules;
  for (int level = 0; level < token_levels; ++level) {
    Rgb const color = color_at((level + 0.5) / token_levels, paper);
    rules += ".b" + std::to_string(level) + "{background:" + hex(color) + ";color:" + hex(ink_on(color)) + "}";
  }
  return rules;
}

inline constexpr char page_rules[] = R"css(
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--muted:#59636e;--edge:#d1d9e0;--link:#0b6e99;--soft:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--muted:#9198a1;--edge:#3d444d;--link:#f2cc60;--soft:#151b23}}
body{margin:0 auto;padding:1.5rem;max-width:76rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:0}p{margin:.25rem 0;max-width:48rem}
.muted{color:var(--muted)}.lead{white-space:pre-line}
nav{display:flex;flex-wrap:wrap;gap:.4rem;margin:1rem 0}
nav a,button{font:inherit;font-size:.9rem;padding:.25rem .7rem;border:1px solid var(--edge);border-radius:1rem;background:var(--soft);
color:var(--ink);text-decoration:none;cursor:pointer}
nav a[aria-selected=true],button[aria-pressed=true]{background:var(--ink);color:var(--paper);border-color:var(--ink)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
section{margin:1.25rem 0}figure{margin:.5rem 0;overflow-x:auto}svg{max-width:100%;height:auto}
main{margin-top:1.5rem}
.js section:not(.on){display:none}.js.all main{display:grid;grid-template-columns:repeat(auto-fill,minmax(22rem,1fr));gap:1.5rem}
.js.all section{display:block;margin:0}.js.all section.on h2{text-decoration:underline}
details{margin:.5rem 0}table{border-collapse:collapse;font-size:.75rem;display:block;overflow-x:auto}
th,td{border:1px solid var(--edge);padding:.1rem .4rem;text-align:right}th{font-weight:600;white-space:pre}
#text{position:relative;border:1px solid var(--edge);border-radius:.6rem;padding:.5rem 1rem 1rem;background:var(--soft)}
#text .bar{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.25rem 0}
.strip{line-height:3.1;padding-top:1.4rem;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.95rem}
.token{position:relative;z-index:1;border:1px solid transparent;border-radius:.35rem;padding:.15rem .35rem;margin:0 .1rem;white-space:pre;
background:none;font-family:inherit;line-height:1.2}
.token.source{border-color:var(--link);box-shadow:0 0 0 1px var(--link)}
#arcs{position:absolute;inset:0;width:100%;height:100%;max-width:none;pointer-events:none;fill:none;stroke:var(--link);overflow:visible}
#says{min-height:3rem;max-width:none}#says span{white-space:pre}.mark{fill:none;stroke:var(--link);stroke-width:2;pointer-events:none}
)css";

[[nodiscard]] inline std::string page_style() {
  return page_rules + svg_style() + "\n" + token_colors(Paper::light) + "\n@media(prefers-color-scheme:dark){" +
         token_colors(Paper::dark) + "}";
}

}  // namespace attend::detail
