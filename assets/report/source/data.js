// The JSON island: plain names and numbers, large columns as base64.

const NONE = 0xffff;

// A text as it may be shown: control characters and turns of direction become visible. Exports keep the original.
export function plainly(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text).buffer;
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out.buffer;
}

export function readData(text) {
  const json = JSON.parse(text);
  const raw = new Float32Array(bytes(json.points));
  const count = raw.length / 2;
  const xy = normalize(raw, count);
  const palette = json.scale.map(rgb);
  const scale = (t) => palette[Math.max(0, Math.min(palette.length - 1, Math.round(t * (palette.length - 1))))];
  return {
    count,
    xy,
    scale,
    columns: json.columns.map((column) => (column.kind === "classes" ? classes(column, count) : numbers(column, count, scale))),
    id: json.ids ? (i) => json.ids[i] : (i) => String(i),
  };
}

function rgb(hex) {
  const code = parseInt(hex.slice(1), 16);
  return [code >> 16, (code >> 8) & 255, code & 255];
}

// Into -1..1, one scale for both axes.
function normalize(raw, count) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < 2 * count; i++) {
    low[i & 1] = Math.min(low[i & 1], raw[i]);
    high[i & 1] = Math.max(high[i & 1], raw[i]);
  }
  const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2 || 1;
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  const out = new Float32Array(2 * count);
  for (let i = 0; i < 2 * count; i++) out[i] = (raw[i] - middle[i & 1]) / half;
  return out;
}

// Rows in an order that favors no class, the missing ones first.
function shuffled(count, isMissing) {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return missingFirst(order, isMissing);
}

function missingFirst(order, isMissing) {
  const out = new Uint32Array(order.length);
  let at = 0;
  for (const i of order) if (isMissing(i)) out[at++] = i;
  for (const i of order) if (!isMissing(i)) out[at++] = i;
  return out;
}

function once(make) {
  let made = null;
  return () => (made ??= make());
}

function classes(column, count) {
  const values = new Uint16Array(bytes(column.values));
  const counts = new Array(column.levels.length + 1).fill(0);
  for (const value of values) counts[value === NONE ? column.levels.length : value]++;
  const light = column.light.map(rgb);
  const dark = column.dark.map(rgb);
  const color = (code, isDark) => (code === NONE ? (isDark ? "#4b525c" : "#c9cdd2") : (isDark ? column.dark : column.light)[code]);
  return {
    kind: "classes",
    name: plainly(column.name),
    levels: column.levels.map(plainly),
    values,
    counts,
    none: NONE,
    missing: counts[column.levels.length],
    color,
    level: (i) => (values[i] === NONE ? "missing" : plainly(column.levels[values[i]])),
    rgbOf: (i, isDark) => (values[i] === NONE ? null : (isDark ? dark : light)[values[i]]),
    order: once(() => shuffled(count, (i) => values[i] === NONE)),
  };
}

function numbers(column, count, scale) {
  const values = new Float32Array(bytes(column.values));
  let missing = 0;
  for (const value of values) if (!Number.isFinite(value)) missing++;
  const span = column.high - column.low || 1;
  return {
    kind: "numbers",
    name: plainly(column.name),
    values,
    missing,
    low: column.low,
    high: column.high,
    rgbOf: (i) => (Number.isFinite(values[i]) ? scale((values[i] - column.low) / span) : null),
    order: once(() => {
      const order = new Uint32Array(count);
      for (let i = 0; i < count; i++) order[i] = i;
      // Sixteen bits of the value decide: enough for an order of drawing, and as fast as a count.
      const buckets = new Uint32Array(65538);
      const bucket = (i) => (Number.isFinite(values[i]) ? 1 + Math.max(0, Math.min(65535, Math.round(((values[i] - column.low) / span) * 65535))) : 0);
      for (let i = 0; i < count; i++) buckets[bucket(i) + 1]++;
      for (let b = 1; b < buckets.length; b++) buckets[b] += buckets[b - 1];
      for (let i = 0; i < count; i++) order[buckets[bucket(i)]++] = i;
      return order;
    }),
  };
}

// Red, green and blue of every point.
export function shade(column, count, dark, out) {
  const missing = dark ? [75, 82, 92] : [201, 205, 210];
  const plain = dark ? [86, 180, 233] : [0, 114, 178];
  for (let i = 0; i < count; i++) {
    const color = column ? (column.rgbOf(i, dark) ?? missing) : plain;
    out[4 * i] = color[0];
    out[4 * i + 1] = color[1];
    out[4 * i + 2] = color[2];
  }
}
