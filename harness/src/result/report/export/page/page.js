"use strict";
(() => {
  const WIDTH = 2000, HEIGHT = 1000, SHOWN = 14;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const plots = all(".plot").map((figure) => ({
    figure, area: figure.querySelector(".area"), cursor: figure.querySelector(".cursor"), band: figure.querySelector(".window"),
    end: +figure.dataset.end, high: +figure.dataset.high, unit: figure.dataset.unit, stacked: "stacked" in figure.dataset, curves: null,
  }));

  // The points of each curve, read from its path once somebody asks.
  const curves = (plot) => plot.curves ??= all(".curve", plot.figure).map((path) => {
    const points = [...path.getAttribute("d").matchAll(/(-?\d+) (-?\d+)/g)].map((pair) => [+pair[1], +pair[2]]);
    // A stacked one begins on the ground, where its own colour begins.
    return { path, name: path.dataset.name, index: +path.dataset.curve, points: plot.stacked ? points.slice(1) : points };
  }).sort((one, other) => one.index - other.index);

  const height = (points, x) => {
    if (!points.length || x < points[0][0] - 12 || x > points[points.length - 1][0] + 12) return null;
    let low = 0, high = points.length - 1;
    while (high - low > 1) { const middle = (low + high) >> 1; if (points[middle][0] <= x) low = middle; else high = middle; }
    const [[x0, y0], [x1, y1]] = [points[low], points[high]];
    return x1 === x0 ? y0 : y0 + (y1 - y0) * Math.min(1, Math.max(0, (x - x0) / (x1 - x0)));
  };

  // What a plot shows at a time in seconds: each curve's name and value.
  const values = (plot, time) => {
    let below = 0;
    return curves(plot).flatMap((curve) => {
      const y = height(curve.points, time / plot.end * WIDTH);
      if (y === null) return [];
      const top = (HEIGHT - y) / HEIGHT * plot.high, value = plot.stacked ? Math.max(0, top - below) : top;
      if (plot.stacked) below = top;
      return [{ name: curve.name, path: curve.path, value }];
    });
  };

  const round = (value) => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  const tip = document.getElementById("tip");
  const cell = (row, text, look) => { const made = row.insertCell(); made.textContent = text; if (look) made.className = look; return made; };

  const point = (plot, event) => {
    const box = plot.area.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    for (const other of plots) { other.cursor.hidden = false; other.cursor.style.left = part * 100 + "%"; }
    const time = part * plot.end, seen = values(plot, time);
    const table = document.createElement("table");
    cell(table.insertRow(), time.toFixed(2) + " s", "note");
    if (plot.stacked && seen.length > 1) {
      const row = table.insertRow();
      cell(row, "all"); cell(row, round(seen.reduce((sum, { value }) => sum + value, 0)) + " " + plot.unit, "num");
    }
    const told = seen.length > SHOWN ? [...seen].sort((one, other) => other.value - one.value).slice(0, SHOWN) : seen;
    for (const { name, path, value } of told) {
      const row = table.insertRow(), first = cell(row, ""), swatch = document.createElement("span");
      swatch.className = "swatch " + path.getAttribute("class").replace(/curve|fill|line|lit/g, "");
      first.append(swatch, name);
      cell(row, round(value) + " " + plot.unit, "num");
    }
    if (told.length < seen.length) cell(table.insertRow(), `and ${seen.length - told.length} lower ones`, "note");
    tip.replaceChildren(table);
    tip.hidden = false;
    const left = event.clientX + 16 + tip.offsetWidth > innerWidth ? event.clientX - 16 - tip.offsetWidth : event.clientX + 16;
    tip.style.left = Math.max(4, left) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 4)) + "px";
  };
  const leave = () => { tip.hidden = true; for (const plot of plots) plot.cursor.hidden = true; };
  for (const plot of plots) {
    plot.area.addEventListener("pointermove", (event) => point(plot, event));
    plot.area.addEventListener("pointerdown", (event) => point(plot, event));
    plot.area.addEventListener("pointerleave", leave);
  }

  // A row and its curves, in all plots of its group.
  let kept = null;
  const light = (row) => {
    for (const lit of all(".lit")) lit.classList.remove("lit");
    for (const { figure } of plots) figure.classList.toggle("faded", !!row && figure.dataset.group === row.dataset.group);
    if (!row) return;
    row.classList.add("lit");
    const wanted = row.dataset.curve.split(" ");
    for (const { figure } of plots) if (figure.dataset.group === row.dataset.group)
      for (const path of all(".curve", figure)) path.classList.toggle("lit", wanted.includes(path.dataset.curve));
  };
  for (const row of all("tr[data-curve]")) {
    row.addEventListener("pointerenter", () => light(row));
    row.addEventListener("pointerleave", () => light(kept));
    row.addEventListener("click", () => light(kept = kept === row ? null : row));
  }

  // A verdict and its window, in all plots.
  const verdicts = all(".verdict");
  const choose = (row, move) => {
    const chosen = row && row.getAttribute("aria-selected") !== "true" ? row : null;
    for (const other of verdicts) other.setAttribute("aria-selected", String(other === chosen));
    for (const plot of plots) {
      const [from, to] = chosen ? [chosen.dataset.from, chosen.dataset.to].map((time) => Math.min(1, time / plot.end) * WIDTH) : [0, 0];
      plot.band.setAttribute("x", from);
      plot.band.setAttribute("width", Math.max(chosen ? 1 : 0, to - from));
    }
    history.replaceState(null, "", chosen ? "#" + chosen.id : location.pathname + location.search);
    const figure = chosen && (document.getElementById(chosen.dataset.plot) ?? plots[0]?.figure);
    if (figure && move) figure.scrollIntoView({ block: "center", behavior: "smooth" });
  };
  for (const row of verdicts) {
    row.addEventListener("click", () => choose(row, true));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(row, true); } });
  }
  const named = document.getElementById(location.hash.slice(1));
  if (named?.classList.contains("verdict")) choose(named, true);

  addEventListener("beforeprint", () => { for (const details of all("details")) details.open = true; });
})();
