#pragma once

namespace sentences {

/// What the page does: paints the heads, enlarges the one that is chosen, and draws the links of a token in it.
///
/// A weight is one byte, 255·√w.
inline constexpr char page_script[] = R"js("use strict";
(() => {
  const data = JSON.parse(document.getElementById("weights").textContent);
  const n = data.tokens.length, count = data.layers * data.heads;
  const codes = Uint8Array.from(atob(data.codes), c => c.charCodeAt(0));
  const code = (head, i, j) => codes[(head * n + i) * n + j];
  const weight = (head, i, j) => (code(head, i, j) / 255) ** 2;
  const is_mark = data.tokens.map(token => token === "[CLS]" || token === "[SEP]");
  const at = id => document.getElementById(id);
  const night = matchMedia("(prefers-color-scheme:dark)");
  const palette = () => night.matches ? data.dark : data.light;
  const percent = value => value >= 0.0995 ? Math.round(100 * value) + " %"
                         : value >= 0.001 ? (100 * value).toPrecision(1) + " %" : value ? "< 0.1 %" : "0 %";
  const make = (tag, attributes = {}, text = "") => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.textContent = text;
    return node;
  };
  let head = 0, token = null, inward = false, words_only = false, pinned = false;
  const hides = j => words_only && is_mark[j];

  // The grid of heads.
  const grid = at("heads");
  grid.style.gridTemplateColumns = `auto repeat(${data.heads},minmax(0,1fr))`;
  grid.append(make("span", {}, "head"), ...Array.from({length: data.heads}, (_, h) => make("span", {}, h + 1)));
  const name = index => `Layer ${Math.floor(index / data.heads) + 1}, head ${index % data.heads + 1}`;
  const small = Array.from({length: count}, (_, index) => {
    const button = make("button", {type: "button", "aria-label": name(index), title: name(index)});
    button.append(make("canvas", {width: n, height: n}));
    button.addEventListener("click", () => choose_head(index));
    if (index % data.heads === 0) grid.append(make("span", {}, `layer ${index / data.heads + 1}`));
    grid.append(button);
    return button;
  });
  grid.addEventListener("keydown", event => {
    const moves = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: data.heads, ArrowUp: -data.heads};
    const next = head + moves[event.key];
    if (!small.includes(document.activeElement) || !(next >= 0 && next < count)) return;
    event.preventDefault();
    choose_head(next);
    small[next].focus();
  });
  function paint_small() {
    const colors = palette().map(hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16)));
    small.forEach((button, index) => {
      const pen = button.firstChild.getContext("2d"), image = pen.createImageData(n, n);
      for (let i = 0; i < n * n; ++i) {
        const hidden = hides(Math.floor(i / n)) || hides(i % n);
        image.data.set([...colors[hidden ? 0 : codes[index * n * n + i]], 255], 4 * i);
      }
      pen.putImageData(image, 0, 0);
    });
  }

  // The large picture: token names where there is room for them.
  const canvas = document.querySelector("#large canvas"), pen = canvas.getContext("2d");
  const size = Math.min(32, Math.max(3, Math.floor(600 / n))), has_names = size >= 10;
  const font = `${Math.min(14, size)}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace`;
  pen.font = font;
  const margin = has_names ? Math.ceil(Math.max(...data.tokens.map(t => pen.measureText(t).width))) + 8 : 1;
  const side = margin + n * size + 1, scale = devicePixelRatio || 1;
  canvas.width = canvas.height = side * scale;
  canvas.style.width = side + "px";
  function paint_large() {
    const colors = palette(), style = getComputedStyle(document.body);
    const link = getComputedStyle(document.documentElement).getPropertyValue("--link");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, side, side);
    pen.font = font;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (let i = 0; i < n; ++i) {
      for (let j = 0; j < n; ++j) {
        pen.fillStyle = colors[hides(i) || hides(j) ? 0 : code(head, i, j)];
        pen.fillRect(margin + j * size, margin + i * size, size, size);
      }
      if (!has_names) continue;
      pen.fillStyle = style.color;
      pen.fillText(data.tokens[i], margin - 5, margin + (i + 0.5) * size);
      pen.save();
      pen.translate(margin + (i + 0.5) * size, margin - 5);
      pen.rotate(Math.PI / 2);
      pen.fillText(data.tokens[i], 0, 0);
      pen.restore();
    }
    if (token === null) return;
    pen.strokeStyle = link;
    pen.lineWidth = 2;
    if (inward) pen.strokeRect(margin + token * size, margin, size, n * size);
    else pen.strokeRect(margin, margin + token * size, n * size, size);
  }
  const place_of = event => {
    const box = canvas.getBoundingClientRect(), cell = box.width / side;
    const [j, i] = [event.clientX - box.left, event.clientY - box.top].map(p => Math.floor((p / cell - margin) / size));
    return i >= 0 && j >= 0 && i < n && j < n ? [i, j] : null;
  };
  canvas.addEventListener("pointermove", event => {
    const place = place_of(event);
    if (!place) return;
    const [i, j] = place;
    if (!pinned) choose_token(inward ? j : i);
    at("cell").textContent = `${data.tokens[i]} → ${data.tokens[j]}: ${percent(weight(head, i, j))}`;
  });

  // What a head does on the whole, as shares of all its weight.
  function share() {
    const sums = {marks: 0, itself: 0, before: 0, after: 0};
    for (let i = 0; i < n; ++i)
      for (let j = 0; j < n; ++j) {
        const kind = is_mark[j] ? "marks" : {0: "itself", "-1": "before", 1: "after"}[j - i];
        if (kind) sums[kind] += weight(head, i, j) / n;
      }
    return `Of its weight ${percent(sums.marks)} goes to [CLS] and [SEP], ${percent(sums.itself)} to the token itself, ` +
           `${percent(sums.before)} to the one before and ${percent(sums.after)} to the one after.`;
  }

  // The text and its links.
  const strip = data.tokens.map((text, index) => {
    const node = make("button", {type: "button", dir: "auto", tabindex: index ? -1 : 0}, text);
    node.addEventListener("pointerenter", () => pinned || choose_token(index));
    node.addEventListener("focus", () => pinned || choose_token(index));
    node.addEventListener("click", () => {
      const again = pinned && token === index;
      choose_token(index);
      pinned = !again;
    });
    return node;
  });
  at("strip").append(...strip);
  at("strip").addEventListener("keydown", event => {
    const here = strip.indexOf(document.activeElement), last = n - 1;
    const to = {ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: last}[event.key];
    if (here < 0 || to === undefined) return;
    event.preventDefault();
    const next = strip[Math.min(Math.max(to, 0), last)];
    strip.forEach(node => node.tabIndex = node === next ? 0 : -1);
    pinned = false;
    next.focus();
  });
  const arcs = at("arcs");
  function draw_links() {
    arcs.replaceChildren();
    at("says").replaceChildren();
    const colors = palette();
    strip.forEach((node, j) => {
      node.className = "";
      node.style.background = node.style.color = "";
      node.style.opacity = hides(j) ? 0.35 : 1;
    });
    if (token === null) return;
    const links = data.tokens.map((_, j) => ({j, weight: inward ? weight(head, j, token) : weight(head, token, j)}))
                             .filter(link => link.weight > 0 && !hides(link.j));
    links.sort((a, b) => b.weight - a.weight);
    // Widths and colours are relative to the strongest other token: many like themselves best.
    const most = Math.max(...links.filter(link => link.j !== token).map(link => link.weight), 1e-9);
    for (const link of links) {
      const step = Math.min(255, Math.round(255 * link.weight / most)), color = colors[step];
      const [r, g, b] = [1, 3, 5].map(k => parseInt(color.slice(k, k + 2), 16));
      strip[link.j].style.background = color;
      strip[link.j].style.color = 0.3 * r + 0.59 * g + 0.11 * b > 120 ? "#000" : "#fff";
    }
    strip[token].classList.add("source");
    const box = arcs.getBoundingClientRect();
    const top = node => {
      const place = node.getBoundingClientRect();
      return [place.left + place.width / 2 - box.left, place.top - box.top];
    };
    const [x, y] = top(strip[token]);
    for (const link of links.filter(link => link.weight > most / 50 && link.j !== token).slice(0, 40)) {
      const [u, v] = top(strip[link.j]), part = link.weight / most;
      const height = Math.min(y, v) - Math.min(44, 12 + Math.abs(u - x) / 12);
      const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("d", `M${x} ${y}C${x} ${height} ${u} ${height} ${u} ${v}`);
      line.setAttribute("stroke-width", 0.75 + 4 * part);
      line.setAttribute("opacity", 0.25 + 0.65 * part);
      arcs.append(line);
    }
    at("says").append(make("strong", {}, data.tokens[token]), inward ? " is looked at by " : " looks at ",
      links.slice(0, 8).map(link => `${data.tokens[link.j]} ${percent(link.weight)}`).join("  ·  ") || "nothing");
  }

  function choose_head(index) {
    head = index;
    small.forEach((button, k) => {
      button.setAttribute("aria-pressed", k === index);
      button.tabIndex = k === index ? 0 : -1;
    });
    document.querySelector("#large h2").textContent = name(index);
    at("share").textContent = share();
    paint_large();
    draw_links();
  }
  function choose_token(index) {
    token = index;
    paint_large();
    draw_links();
  }
  function look(is_inward) {
    inward = is_inward;
    at("inward").setAttribute("aria-pressed", inward);
    at("outward").setAttribute("aria-pressed", !inward);
    choose_token(token);
  }
  at("outward").addEventListener("click", () => look(false));
  at("inward").addEventListener("click", () => look(true));
  at("words").addEventListener("click", () => {
    words_only = !words_only;
    at("words").setAttribute("aria-pressed", words_only);
    paint_small();
    choose_token(token);
  });
  addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    pinned = false;
    choose_token(null);
  });
  addEventListener("resize", draw_links);
  night.addEventListener("change", () => { paint_small(); choose_token(token); });
  // At first a link that says something: a strong one between words that stand far apart.
  const is_word = data.tokens.map(text => /^[\p{L}\p{N}#]+$/u.test(text));
  let best = {head: 0, token: null, worth: 0};
  for (let index = 0; index < count; ++index)
    for (let i = 0; i < n; ++i)
      for (let j = 0; j < n; ++j)
        if (is_word[i] && is_word[j] && i !== j) {
          const worth = weight(index, i, j) * Math.log(Math.abs(i - j));
          if (worth > best.worth) best = {head: index, token: i, worth};
        }
  paint_small();
  choose_head(best.head);
  choose_token(best.token);
})();
)js";

}  // namespace sentences
