// The explorable map of report.html: reads the JSON island, draws with WebGL 2 (or a plain canvas where there
// is none), and asks no host for anything. Text from the data is only ever set as textContent.
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";
import KDBush from "kdbush";
import { createPainter } from "./painter.js";
import { plainly, readData, shade } from "./data.js";

// The longest legend; classes beyond it are on the map and in the tooltips.
const MOST_CLASSES = 200;
// As on the pictures: below this, fewer of a point's neighbors are right than wrong.
const RELIABLE = 0.5;
const FAINT = 0.4;
// Milliseconds between frames above which movement is not smooth.
const SLOW_FRAME = 34;

const island = document.getElementById("map-data");
const themeButton = document.getElementById("theme");
const root = document.documentElement;

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  document.dispatchEvent(new Event("themechange"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themechange")));

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).innerText;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Selected: press Ctrl+C";
    }
  });
}

if (island) explore(readData(island.textContent));

function explore(data) {
  const stage = document.getElementById("stage");
  const canvas = document.getElementById("points");
  const overlay = document.getElementById("overlay");
  const tooltip = document.getElementById("tooltip");
  const legend = document.getElementById("legend");
  const status = document.getElementById("status");
  const chooser = document.getElementById("color-by");
  const search = document.getElementById("search");
  const matches = document.getElementById("matches");
  const lassoButton = document.getElementById("lasso");
  const exportButton = document.getElementById("export");
  const clearButton = document.getElementById("clear");

  const { count, xy, columns } = data;
  // Points whose neighbors here are mostly wrong are faint, unless the map is colored by just that.
  const reliability = columns.findIndex((column) => column.kind === "numbers" && column.name === "reliability");
  const isDoubtful = (i) => reliability >= 0 && reliability !== current && columns[reliability].values[i] < RELIABLE;
  const painter = createPainter(canvas, xy, count);
  const hiddenOf = columns.map(() => new Set());
  const selected = new Uint8Array(count);
  const visible = new Uint8Array(count).fill(1);
  const colors = new Uint8Array(count * 4);
  let selectedCount = 0;
  let current = -1;
  let transform = zoomIdentity;
  let width = 0;
  let height = 0;
  let side = 0;
  let marked = -1;
  let lasso = null;
  let lassoMode = false;
  let frame = 0;
  let settling = 0;
  let slow = 0;
  let movedAt = 0;
  let index = null;

  // From data (-1..1, y up) to CSS pixels of the stage, and back.
  const screen = (i) => [
    transform.applyX(width / 2 + (xy[2 * i] * side) / 2),
    transform.applyY(height / 2 - (xy[2 * i + 1] * side) / 2),
  ];
  const world = (px, py) => [
    ((transform.invertX(px) - width / 2) * 2) / side,
    (-(transform.invertY(py) - height / 2) * 2) / side,
  ];

  const radius = () => {
    const base = Math.min(5, Math.max(0.8, side * Math.sqrt(0.09 / count)));
    return Math.min(9, base * transform.k ** 0.4);
  };

  function redraw() {
    if (!frame) frame = requestAnimationFrame(paint);
  }

  function paint(now) {
    frame = 0;
    const ratio = overlay.width / width;
    const moving = settling !== 0;
    // two slow frames in a row are no accident
    slow = moving && movedAt && now - movedAt > SLOW_FRAME ? slow + 1 : 0;
    movedAt = moving ? now : 0;
    if (slow === 2) {
      painter.hurry();
      slow = 0;
    }
    painter.draw({ transform, width, height, side, radius: radius(), ratio, moving });
    const context = overlay.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const ink = getComputedStyle(root).getPropertyValue("--ink");
    if (marked >= 0) {
      const [x, y] = screen(marked);
      context.lineWidth = 2;
      context.strokeStyle = ink;
      context.beginPath();
      context.arc(x, y, radius() + 5, 0, 2 * Math.PI);
      context.stroke();
    }
    if (lasso && lasso.length > 1) {
      context.lineWidth = 1.5;
      context.strokeStyle = ink;
      context.fillStyle = "rgba(80, 140, 220, 0.15)";
      context.beginPath();
      lasso.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.fill();
      context.stroke();
    }
    stage.dataset.drawn = "yes";
  }

  function recolor() {
    const dark = isDark();
    for (let i = 0; i < count; i++) visible[i] = 1;
    columns.forEach((column, c) => {
      if (hiddenOf[c].size === 0) return;
      for (let i = 0; i < count; i++) if (hiddenOf[c].has(column.values[i])) visible[i] = 0;
    });
    const opacity = Math.round(255 * Math.min(0.92, Math.max(0.55, 0.92 - 0.1 * Math.log10(count / 5000))));
    shade(columns[current], count, dark, colors);
    let shown = 0;
    for (let i = 0; i < count; i++) {
      shown += visible[i];
      const full = isDoubtful(i) ? opacity * FAINT : opacity;
      colors[4 * i + 3] = !visible[i] ? 0 : selectedCount && !selected[i] ? opacity * 0.12 : full;
    }
    painter.color(colors, columns[current] ? columns[current].order() : null);
    stage.dataset.visible = String(shown);
    redraw();
  }

  function say(text) {
    status.textContent = text;
  }

  // The legend: classes to hide and show, or a bar.
  function showLegend() {
    legend.replaceChildren();
    const column = columns[current];
    if (!column) return;
    const dark = isDark();
    if (column.kind === "numbers") {
      const bar = document.createElement("div");
      bar.className = "bar";
      const gradient = document.createElement("canvas");
      gradient.width = 256;
      gradient.height = 1;
      const context = gradient.getContext("2d");
      for (let i = 0; i < 256; i++) {
        context.fillStyle = `rgb(${data.scale(i / 255).join(",")})`;
        context.fillRect(i, 0, 1, 1);
      }
      const ends = document.createElement("p");
      ends.className = "ends";
      for (const value of [column.low, column.high]) {
        const end = document.createElement("span");
        end.textContent = number(value);
        ends.append(end);
      }
      bar.append(gradient, ends);
      legend.append(bar);
      if (column.missing) tell(`${column.missing.toLocaleString("en")} missing, in gray`);
      tellDoubtful();
      return;
    }
    const list = document.createElement("ul");
    const entries = column.levels
      .map((level, code) => [level, code])
      .filter(([, code]) => column.counts[code] > 0);
    if (entries.length > MOST_CLASSES) entries.sort((a, b) => column.counts[b[1]] - column.counts[a[1]]);
    const left = entries.splice(MOST_CLASSES).length;
    if (column.missing) entries.push(["missing", column.none]);
    for (const [level, code] of entries) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(!hiddenOf[current].has(code)));
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.style.background = column.color(code, dark);
      const name = document.createElement("bdi");
      name.textContent = level === "" ? "(empty)" : level;
      const size = document.createElement("span");
      size.className = "count";
      size.textContent = column.counts[code === column.none ? column.levels.length : code].toLocaleString("en");
      button.title = `${level}\nClick hides it, Shift+click shows it alone`;
      button.append(dot, name, size);
      button.addEventListener("click", (event) => toggle(code, event.shiftKey));
      item.append(button);
      list.append(item);
    }
    const all = document.createElement("button");
    all.type = "button";
    all.className = "all";
    all.textContent = "Show all";
    all.addEventListener("click", () => {
      hiddenOf[current].clear();
      refresh();
    });
    legend.append(list);
    if (left) tell(`… and ${left.toLocaleString("en")} more`);
    legend.append(all);
    tellDoubtful();
  }

  function tell(text) {
    const note = document.createElement("p");
    note.textContent = text;
    legend.append(note);
  }

  function tellDoubtful() {
    let doubtful = 0;
    for (let i = 0; i < count; i++) doubtful += isDoubtful(i);
    if (doubtful) tell(`${doubtful.toLocaleString("en")} unreliable places, faint`);
  }

  function toggle(code, alone) {
    const hidden = hiddenOf[current];
    const column = columns[current];
    if (alone) {
      hidden.clear();
      for (let other = 0; other < column.levels.length; other++) if (other !== code) hidden.add(other);
      if (code !== column.none) hidden.add(column.none);
    } else if (!hidden.delete(code)) {
      hidden.add(code);
    }
    refresh();
  }

  function refresh() {
    const focused = [...legend.querySelectorAll("button")].indexOf(document.activeElement);
    recolor();
    showLegend();
    if (focused >= 0) legend.querySelectorAll("button")[focused]?.focus();
  }

  function number(value) {
    if (!Number.isFinite(value)) return "missing";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
    return String(Number(value.toPrecision(4)));
  }

  // What is under the pointer.
  function nearest(px, py) {
    if (!index) return -1;
    const [x, y] = world(px, py);
    const reach = ((radius() + 6) * 2) / (side * transform.k);
    let best = -1;
    let least = Infinity;
    for (const i of index.within(x, y, reach)) {
      if (!visible[i]) continue;
      const distance = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  function describe(i) {
    tooltip.replaceChildren();
    const name = document.createElement("strong");
    name.textContent = plainly(data.id(i));
    tooltip.append(name);
    const table = document.createElement("dl");
    const order = [current, ...columns.keys()].filter((c, at, all) => c >= 0 && all.indexOf(c) === at).slice(0, 12);
    for (const c of order) {
      const term = document.createElement("dt");
      term.textContent = columns[c].name;
      const value = document.createElement("dd");
      value.textContent = columns[c].kind === "numbers" ? number(columns[c].values[i]) : columns[c].level(i);
      table.append(term, value);
    }
    tooltip.append(table);
  }

  function point(i) {
    marked = i;
    tooltip.hidden = i < 0;
    if (i >= 0) {
      describe(i);
      const [x, y] = screen(i);
      const left = Math.min(Math.max(8, x + 14), width - tooltip.offsetWidth - 8);
      const above = y - tooltip.offsetHeight - 14;
      tooltip.style.left = `${Math.max(8, left)}px`;
      tooltip.style.top = `${above > 8 ? above : y + 14}px`;
    }
    redraw();
  }

  overlay.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (lasso) {
      lasso.push([x, y]);
      redraw();
    } else if (event.pointerType === "mouse" && !event.buttons) {
      const i = nearest(x, y);
      if (i !== marked) point(i);
    }
  });
  overlay.addEventListener("pointerleave", () => {
    if (!lasso) point(-1);
  });
  overlay.addEventListener("click", (event) => {
    if (!lassoMode) point(nearest(...place(event)));
  });
  overlay.addEventListener("pointerdown", (event) => {
    if (!(lassoMode || event.shiftKey) || !event.isPrimary || event.button !== 0) return;
    overlay.setPointerCapture(event.pointerId);
    lasso = [place(event)];
    point(-1);
  });
  overlay.addEventListener("pointerup", finishLasso);
  overlay.addEventListener("pointercancel", () => {
    lasso = null;
    redraw();
  });

  function place(event) {
    const box = overlay.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function finishLasso() {
    if (!lasso) return;
    const corners = lasso.map(([x, y]) => world(x, y));
    lasso = null;
    if (corners.length < 3 || !index) return redraw();
    const xs = corners.map((corner) => corner[0]);
    const ys = corners.map((corner) => corner[1]);
    const inBox = index.range(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
    choose(inBox.filter((i) => visible[i] && inside(corners, xy[2 * i], xy[2 * i + 1])));
  }

  function inside(corners, x, y) {
    let odd = false;
    for (let a = 0, b = corners.length - 1; a < corners.length; b = a++) {
      const [ax, ay] = corners[a];
      const [bx, by] = corners[b];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
    return odd;
  }

  function choose(points) {
    selected.fill(0);
    for (const i of points) selected[i] = 1;
    selectedCount = points.length;
    exportButton.disabled = clearButton.disabled = selectedCount === 0;
    exportButton.textContent = selectedCount ? `Export ${selectedCount.toLocaleString("en")} ids` : "Export ids";
    stage.dataset.selected = String(selectedCount);
    say(selectedCount ? `${selectedCount.toLocaleString("en")} of ${count.toLocaleString("en")} points selected` : "Nothing selected");
    recolor();
  }

  function setLasso(on) {
    lassoMode = on;
    lassoButton.setAttribute("aria-pressed", String(on));
    overlay.classList.toggle("lassoing", on);
    say(on ? "Lasso: drag around points to select them" : "Drag moves the map, the wheel zooms");
  }
  lassoButton.addEventListener("click", () => setLasso(!lassoMode));
  clearButton.addEventListener("click", () => choose([]));

  exportButton.addEventListener("click", () => {
    const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = ["id"];
    for (let i = 0; i < count; i++) if (selected[i]) lines.push(quote(data.id(i)));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv;charset=utf-8" }));
    link.download = "selected-ids.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });

  // Pan and zoom: mouse, wheel, touch and keys.
  const behavior = zoom()
    .scaleExtent([0.5, 400])
    .filter((event) => (event.type === "wheel" || (event.touches?.length ?? 0) > 1 || !(lassoMode || event.shiftKey)) && !event.button)
    .on("zoom", (event) => {
      transform = event.transform;
      clearTimeout(settling);
      settling = setTimeout(() => {
        settling = 0;
        redraw();
      }, 160);
      if (marked >= 0) point(marked);
      redraw();
    });
  const surface = select(overlay).call(behavior);

  overlay.addEventListener("keydown", (event) => {
    const step = 60 / transform.k;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) surface.call(behavior.translateBy, ...moves[event.key]);
    else if (event.key === "+" || event.key === "=") surface.call(behavior.scaleBy, 1.4);
    else if (event.key === "-") surface.call(behavior.scaleBy, 1 / 1.4);
    else if (event.key === "0" || event.key === "Home") surface.call(behavior.transform, zoomIdentity);
    else if (event.key === "l") setLasso(!lassoMode);
    else if (event.key === "Escape") {
      lasso = null;
      choose([]);
      point(-1);
    } else return;
    event.preventDefault();
  });
  document.getElementById("reset").addEventListener("click", () => {
    surface.call(behavior.transform, zoomIdentity);
    point(-1);
  });

  function goTo(i) {
    const k = Math.max(transform.k, Math.min(40, Math.sqrt(count) / 12));
    const x = width / 2 + (xy[2 * i] * side) / 2;
    const y = height / 2 - (xy[2 * i + 1] * side) / 2;
    surface.call(behavior.transform, zoomIdentity.translate(width / 2 - k * x, height / 2 - k * y).scale(k));
    point(i);
    say(`Found ${plainly(data.id(i))}`);
  }

  // Search by id: whole, then beginning, then anywhere.
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 80);
  });
  function find() {
    const wanted = search.value.trim().toLowerCase();
    matches.replaceChildren();
    if (!wanted) return [];
    const ranked = [[], [], []];
    for (let i = 0; i < count && ranked[0].length < 8; i++) {
      const id = data.id(i).toLowerCase();
      const at = id.indexOf(wanted);
      if (at < 0) continue;
      const rank = id === wanted ? 0 : at === 0 ? 1 : 2;
      if (ranked[rank].length < 8) ranked[rank].push(i);
    }
    const found = ranked.flat().slice(0, 8);
    for (const i of found) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = plainly(data.id(i));
      button.addEventListener("click", () => {
        matches.replaceChildren();
        goTo(i);
      });
      item.append(button);
      matches.append(item);
    }
    if (!found.length) say(`No id holds “${search.value.trim().slice(0, 60)}”`);
    return found;
  }
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      clearTimeout(waiting);
      const [first] = find();
      if (first !== undefined) {
        matches.replaceChildren();
        goTo(first);
      }
    } else if (event.key === "Escape") {
      matches.replaceChildren();
    }
  });

  columns.forEach((column, c) => {
    const option = document.createElement("option");
    option.value = String(c);
    option.textContent = column.name;
    chooser.append(option);
  });
  chooser.addEventListener("change", () => {
    current = Number(chooser.value);
    refresh();
  });
  document.addEventListener("themechange", refresh);

  function layout() {
    const box = stage.getBoundingClientRect();
    const center = side ? world(width / 2, height / 2) : [0, 0];
    width = Math.max(50, box.width);
    height = Math.max(50, box.height);
    side = Math.min(width, height) * 0.94;
    const ratio = devicePixelRatio || 1;
    for (const layer of [canvas, overlay]) {
      layer.width = Math.round(width * ratio);
      layer.height = Math.round(height * ratio);
    }
    behavior.extent([[0, 0], [width, height]]);
    // What was in the middle stays there.
    const { k } = transform;
    const x = width / 2 - k * (width / 2 + (center[0] * side) / 2);
    const y = height / 2 - k * (height / 2 - (center[1] * side) / 2);
    surface.call(behavior.transform, zoomIdentity.translate(x, y).scale(k));
    paint();
  }
  new ResizeObserver(layout).observe(stage);
  (function watchDensity() {
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener("change", () => {
      layout();
      watchDensity();
    }, { once: true });
  })();

  current = columns.length ? 0 : -1;
  chooser.disabled = columns.length === 0;
  refresh();
  say(painter.kind === "webgl2" ? "Drag moves the map, the wheel zooms" : "Without WebGL 2 the map is drawn more slowly");
  // The index for pointing is built once the map is on screen.
  setTimeout(() => {
    const built = new KDBush(count, 64, Float32Array);
    for (let i = 0; i < count; i++) built.add(xy[2 * i], xy[2 * i + 1]);
    built.finish();
    index = built;
    stage.dataset.ready = "yes";
  }, 30);
}
