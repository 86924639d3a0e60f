#pragma once

namespace sentences {

inline constexpr char page_style[] = R"css(
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--muted:#59636e;--edge:#d1d9e0;--link:#0b6e99;--soft:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--muted:#9198a1;--edge:#3d444d;--link:#f2cc60;--soft:#151b23}}
body{margin:0 auto;padding:1.5rem;max-width:86rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:0}p{margin:.25rem 0;max-width:56rem}
.lead{font-size:1.1rem;overflow-wrap:anywhere;max-height:8rem;overflow-y:auto}.muted{color:var(--muted);font-size:.9rem}
button{font:inherit;color:inherit;background:none;border:0;padding:0;margin:0;cursor:pointer}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
#text{position:relative;margin:1rem 0;border:1px solid var(--edge);border-radius:.6rem;padding:.75rem 1rem 1rem;background:var(--soft)}
#strip{line-height:3;padding-top:2.2rem;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.95rem}
#strip button{position:relative;z-index:1;line-height:1.3;padding:.1rem .35rem;margin:0 .1rem;border-radius:.35rem;border:1px solid transparent;white-space:pre}
#strip button.source{border-color:var(--link);box-shadow:0 0 0 1px var(--link)}
#arcs{position:absolute;inset:0;width:100%;height:100%;pointer-events:none;fill:none;stroke:var(--link);overflow:visible}
#says{min-height:1.6rem;max-width:none}
.bar{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center}
.bar button{border:1px solid var(--edge);border-radius:1rem;padding:.1rem .7rem;font-size:.9rem;background:var(--paper)}
.bar button[aria-pressed=true]{background:var(--ink);color:var(--paper)}
main{display:flex;flex-wrap:wrap;gap:2rem;align-items:flex-start}
#heads{display:grid;gap:3px;flex:1 1 34rem;min-width:0;max-width:52rem;font-size:.75rem;color:var(--muted);align-items:center;text-align:center}
#heads button{display:block;line-height:0;border:2px solid transparent;border-radius:3px}
#heads button:hover{border-color:var(--muted)}#heads button[aria-pressed=true]{border-color:var(--link)}
#heads canvas{width:100%;image-rendering:pixelated}
#large{flex:1 1 24rem;min-width:0}#large canvas{max-width:100%;cursor:crosshair}
)css";

inline constexpr char page_body[] =
    R"html(<noscript><p>This page draws with scripts; allow them to see it.</p></noscript>
<section id="text">
<div class="bar"><span class="muted">Point at a token, or use the arrow keys:</span>
<button type="button" id="outward" aria-pressed="true">what it looks at</button>
<button type="button" id="inward" aria-pressed="false">what looks at it</button>
<button type="button" id="words" aria-pressed="false">without [CLS] and [SEP]</button></div>
<div id="strip" role="group" aria-label="tokens"></div>
<p id="says" aria-live="polite"></p>
<svg id="arcs" aria-hidden="true"></svg>
</section>
<main>
<div id="heads" role="group" aria-label="layers and heads"></div>
<section id="large"><h2></h2><p class="muted" id="share"></p><canvas></canvas><p class="muted" id="cell"></p></section>
</main>
)html";

}  // namespace sentences
