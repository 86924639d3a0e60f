#pragma once

namespace attend::detail {

/// What the page does when scripts may run: tabs, the text with its links, and an answer for each cell.
///
/// A weight is one byte: 0 is exactly 0, 255 is not finite, 1 … 254 run evenly from the lowest to the highest weight.
inline constexpr char page_script[] = R"js("use strict";
(() => {
  const data = JSON.parse(document.getElementById("weights").textContent);
  const n = data.rows.length, m = data.columns.length, root = document.documentElement;
  if (!n || !m || !data.maps.length) return;
  const maps = data.maps.map(map => ({...map, codes: Uint8Array.from(atob(map.codes), c => c.charCodeAt(0))}));
  const weight = (map, i, j) => {
    const code = map.codes[i * m + j];
    return code === 255 ? NaN : code === 0 ? 0 : map.low + (code - 1) / 253 * (map.high - map.low);
  };
  const make = (tag, attributes = {}, text = "") => {
    const svg = ["svg", "path", "rect"].includes(tag);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.textContent = text;
    return node;
  };
  const sections = [...document.querySelectorAll("section")], tabs = [...document.querySelectorAll("nav a")];
  let active = 0, inward = false, chosen = null, pinned = false;

  // The text: one strip of tokens where queries and keys are the same words, otherwise one strip for each.
  const panel = make("div", {id: "text"}), bar = make("div", {class: "bar"});
  const says = make("p", {id: "says", "aria-live": "polite"});
  const arcs = make("svg", {id: "arcs", "aria-hidden": "true"});
  const outward_button = make("button", {type: "button"}, "what it looks at");
  const inward_button = make("button", {type: "button"}, "what looks at it");
  const all_button = make("button", {type: "button", "aria-pressed": "false"}, "all pictures side by side");
  bar.append(make("span", {class: "muted"}, "Point at a word, or use the arrow keys:"));
  bar.append(outward_button, inward_button, all_button);
  panel.append(bar);
  const strip = (labels, name, side) => {
    const line = make("div", {class: "strip", role: "group", "aria-label": name});
    if (!data.same) line.append(make("span", {class: "muted"}, name + " "));
    const tokens = labels.map((label, index) => {
      const looks = {type: "button", class: "token", dir: "auto", tabindex: index ? -1 : 0};
      const token = make("button", looks, label || "∅");
      token.addEventListener("pointerenter", () => pinned || choose(index, side));
      token.addEventListener("focus", () => pinned || choose(index, side));
      token.addEventListener("click", () => {
        const again = pinned && chosen && chosen.index === index;
        choose(index, side);
        pinned = !again;
      });
      return token;
    });
    line.addEventListener("keydown", event => {
      const at = tokens.indexOf(document.activeElement), last = tokens.length - 1, after = at + 1, before = at - 1;
      const to = {ArrowRight: after, ArrowDown: after, ArrowLeft: before, ArrowUp: before, Home: 0, End: last}[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      const next = tokens[Math.min(Math.max(to, 0), last)];
      tokens.forEach(token => token.tabIndex = token === next ? 0 : -1);
      pinned = false;
      next.focus();
    });
    line.append(...tokens.flatMap(token => [token, " "]));
    panel.append(line);
    return tokens;
  };
  const queries = strip(data.rows, "queries", "row"), keys = data.same ? queries : strip(data.columns, "keys", "column");
  panel.append(says, arcs);
  document.querySelector("nav").after(panel);

  const number = value => Number.isNaN(value) ? "not finite" : value === 0 ? "0"
                        : Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(2);
  function choose(index, side) {
    if (!data.same) inward = side === "column";
    chosen = {index};
    draw();
  }
  function draw() {
    outward_button.setAttribute("aria-pressed", !inward);
    inward_button.setAttribute("aria-pressed", inward);
    outward_button.hidden = inward_button.hidden = !data.same;
    for (const token of new Set([...queries, ...keys])) token.className = "token";
    document.querySelectorAll(".mark").forEach(mark => mark.remove());
    arcs.replaceChildren();
    if (!chosen) return says.replaceChildren();
    const map = maps[active], i = chosen.index;
    const targets = inward ? queries : keys, source = (inward ? keys : queries)[i];
    const links = targets.map((token, j) => ({token, j, weight: inward ? weight(map, j, i) : weight(map, i, j)}))
                         .filter(link => !(link.weight <= 0));
    // Widths and colours are relative to the strongest other word: most words like themselves best.
    const largest = some => Math.max(...some.map(link => link.weight).filter(Number.isFinite), 0);
    const most = largest(links.filter(link => link.token !== source)) || largest(links) || 1;
    links.sort((a, b) => (b.weight || 0) - (a.weight || 0));
    for (const link of links)
      if (Number.isFinite(link.weight)) link.token.classList.add("b" + Math.min(15, Math.floor(link.weight / most * 16)));
    source.classList.add("source");
    // Lines for the links that can be told apart by their width.
    const box = arcs.getBoundingClientRect();
    const top = token => {
      const place = token.getBoundingClientRect();
      return [place.left + place.width / 2 - box.left, place.top - box.top];
    };
    const [x, y] = top(source);
    for (const link of links.filter(link => link.weight > most / 50 && link.token !== source).slice(0, 40)) {
      const [u, v] = top(link.token), part = link.weight / most;
      const height = Math.min(y, v) - Math.min(34, 12 + Math.abs(u - x) / 14);
      const line = `M${x} ${y}C${x} ${height} ${u} ${height} ${u} ${v}`;
      arcs.append(make("path", {d: line, "stroke-width": 0.75 + 4 * part, opacity: 0.25 + 0.65 * part}));
    }
    const name = inward ? data.columns[i] : data.rows[i], other = inward ? data.rows : data.columns;
    says.replaceChildren(make("strong", {}, name), inward ? " is looked at by " : " looks at ");
    links.slice(0, 6).forEach((link, k) =>
      says.append(k ? "  ·  " : "", make("span", {}, `${other[link.j]} ${number(link.weight)}`)));
    if (!links.length) says.append("nothing");
    sections.forEach(section => {
      const cells = section.querySelector(".cells");
      if (!cells) return;
      const [x, y, width, height] = ["x", "y", "width", "height"].map(key => Number(cells.getAttribute(key)));
      const line = inward ? {x: x + i * width / m, y, width: width / m, height}
                          : {x, y: y + i * height / n, width, height: height / n};
      cells.after(make("rect", {class: "mark", ...line}));
    });
  }
  function show(index) {
    active = index;
    sections.forEach((section, k) => section.classList.toggle("on", k === index));
    tabs.forEach((tab, k) => { tab.setAttribute("aria-selected", k === index); tab.tabIndex = k === index ? 0 : -1; });
    draw();
  }

  document.querySelector("nav").setAttribute("role", "tablist");
  tabs.forEach((tab, k) => {
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", event => { event.preventDefault(); show(k); });
    tab.addEventListener("keydown", event => {
      const to = {ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: tabs.length - 1}[event.key];
      if (event.key === " ") { event.preventDefault(); return show(k); }
      if (to === undefined) return;
      event.preventDefault();
      const next = (to + tabs.length) % tabs.length;
      show(next);
      tabs[next].focus();
    });
  });
  sections.forEach((section, k) => {
    section.setAttribute("role", "tabpanel");
    const cells = section.querySelector(".cells");
    if (!cells) return;
    cells.addEventListener("pointermove", event => {
      if (pinned) return;
      const box = cells.getBoundingClientRect();
      const place = (part, count) => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
      const i = place((event.clientY - box.top) / box.height, n), j = place((event.clientX - box.left) / box.width, m);
      if (active !== k) show(k);
      choose(inward && data.same ? j : i, "row");
      says.append(make("br"), `${data.rows[i]} → ${data.columns[j]}: ${number(weight(maps[k], i, j))}`);
    });
  });
  outward_button.addEventListener("click", () => { inward = false; draw(); });
  inward_button.addEventListener("click", () => { inward = true; draw(); });
  all_button.addEventListener("click", () => {
    all_button.setAttribute("aria-pressed", root.classList.toggle("all"));
    draw();
  });
  addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    chosen = null;
    pinned = false;
    draw();
  });
  addEventListener("resize", draw);
  root.classList.add("js");
  choose(data.row, "row");
  show(data.picture);
})();
)js";

}  // namespace attend::detail
