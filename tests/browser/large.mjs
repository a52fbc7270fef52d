// Opens a report whose map was replaced by one of very many points, and measures opening and moving.
//   node tests/browser/large.mjs REPORT.html POINTS [MOST SECONDS TO OPEN [MOST MILLISECONDS A FRAME]]
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const [report, wanted, mostSeconds = "20", mostMilliseconds = "250"] = process.argv.slice(2);
const count = Number(wanted);
const html = readFileSync(report, "utf8");

// Ten groups on a ring, by a small generator with a fixed seed.
let state = 7;
const draw = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
const points = new Float32Array(2 * count);
const classes = new Uint16Array(count);
const reliability = new Float32Array(count);
const ids = [];
for (let i = 0; i < count; i++) {
  const group = i % 10;
  const [far, turn] = [Math.sqrt(-2 * Math.log(draw() + 1e-12)), 2 * Math.PI * draw()];
  points[2 * i] = 40 * Math.cos(0.628 * group) + 6 * far * Math.cos(turn);
  points[2 * i + 1] = 40 * Math.sin(0.628 * group) + 6 * far * Math.sin(turn);
  classes[i] = group;
  reliability[i] = draw();
  ids.push(`row-${i}`);
}
const plain = (array) => Buffer.from(array.buffer).toString("base64");
const island = JSON.parse(html.match(/id="map-data">(.*?)<\/script>/s)[1]);
const colors = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf", "#393b79"];
const columns = [
  { kind: "classes", name: "group", levels: colors.map((_, group) => `group ${group}`), light: colors, dark: colors, values: plain(classes) },
  { kind: "numbers", name: "reliability", low: 0, high: 1, values: plain(reliability) },
];
const data = JSON.stringify({ ...island, points: plain(points), ids, columns });
const folder = mkdtempSync(join(tmpdir(), "reduce-large-"));
const file = join(folder, "report.html");
writeFileSync(file, html.replace(/(id="map-data">)(.*?)(<\/script>)/s, (_, before, __, after) => before + data + after));

const page = await launch();
const complaints = [];
page.listen(({ method, params }) => {
  if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.text);
});
try {
  for (const domain of ["Page", "Runtime"]) await page.send(`${domain}.enable`);
  const started = performance.now();
  await page.send("Page.navigate", { url: pathToFileURL(file).href });
  await page.until(`document.getElementById("stage")?.dataset.ready === "yes"`, 120);
  const seconds = (performance.now() - started) / 1000;
  await page.evaluate(`document.getElementById("stage").scrollIntoView({ block: "center" })`);
  const box = await page.evaluate(`(({ x, y, width, height }) => ({ x, y, width, height }))(document.getElementById("stage").getBoundingClientRect())`);
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  // The time between frames while the map is dragged about and zoomed.
  await page.evaluate(`(() => {
    globalThis.frames = [];
    let last = performance.now();
    const tick = (now) => { frames.push(now - last); last = now; if (frames) requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  })()`);
  await page.mouse("mousePressed", ...middle, { button: "left", clickCount: 1 });
  for (let step = 0; step < 60; step++) {
    await page.mouse("mouseMoved", middle[0] + 120 * Math.sin(step / 9), middle[1] + 80 * Math.cos(step / 9), { button: "left", buttons: 1 });
    await new Promise((done) => setTimeout(done, 16));
  }
  await page.mouse("mouseReleased", ...middle, { button: "left", clickCount: 1 });
  for (let step = 0; step < 20; step++) await page.mouse("mouseWheel", ...middle, { deltaX: 0, deltaY: step < 10 ? -60 : 60 });
  const frames = (await page.evaluate(`frames.slice(2)`)).sort((left, right) => left - right);
  const at = (share) => frames[Math.floor(share * (frames.length - 1))];
  const searched = await page.evaluate(`(async () => {
    const search = document.getElementById("search");
    const begun = performance.now();
    search.value = "row-${count - 3}";
    search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    return [performance.now() - begun, document.querySelector("#tooltip strong")?.textContent];
  })()`);
  assert.equal(searched[1], `row-${count - 3}`);
  console.log(
    `# ${count} points: open and interactive after ${seconds.toFixed(2)} s; a frame while moving ${at(0.5).toFixed(0)} ms (median), ` +
      `${at(0.95).toFixed(0)} ms (95 %), ${frames.length} frames; a search ${searched[0].toFixed(0)} ms`,
  );
  assert.ok(seconds <= Number(mostSeconds), `not open within ${mostSeconds} s`);
  assert.ok(at(0.5) <= Number(mostMilliseconds), `a frame took ${at(0.5)} ms`);
  assert.deepEqual(complaints, []);
  console.log(`ok - a map of ${count} points opens and moves`);
} catch (error) {
  console.log(`not ok - ${error.message}`);
  process.exitCode = 1;
} finally {
  await page.close();
  rmSync(folder, { recursive: true, force: true });
}
