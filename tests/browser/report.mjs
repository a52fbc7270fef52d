// Opens a report with the network off and uses it as a reader would.
//   node tests/browser/report.mjs REPORT.html [FOLDER FOR SCREENSHOTS]
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const [file, pictures] = process.argv.slice(2);
if (!file) {
  console.error("usage: node tests/browser/report.mjs REPORT.html [FOLDER FOR SCREENSHOTS]");
  process.exit(2);
}

const downloads = mkdtempSync(join(tmpdir(), "reduce-downloads-"));
const page = await launch();
const complaints = [];
const requests = [];
page.listen(({ method, params }) => {
  if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type))
    complaints.push(params.args.map((argument) => argument.value ?? argument.description).join(" "));
  if (method === "Log.entryAdded" && params.entry.level === "error") complaints.push(params.entry.text);
  if (method === "Network.requestWillBeSent" && !/^(file|data|blob):/.test(params.request.url)) requests.push(params.request.url);
  if (method === "Page.javascriptDialogOpening") complaints.push(`a dialog opened: ${params.message}`);
});

const shot = async (name) => {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  const { data } = await page.send("Page.captureScreenshot", { format: "png" });
  writeFileSync(join(pictures, `${name}.png`), Buffer.from(data, "base64"));
};
const steps = [];
const step = async (name, work) => {
  await work();
  steps.push(name);
  console.log(`ok ${steps.length} - ${name}`);
};

try {
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
  await page.send("Network.emulateNetworkConditions", { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 });
  await page.raw("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
  const started = performance.now();
  await page.send("Page.navigate", { url: pathToFileURL(resolve(file)).href });
  const stage = (name) => page.evaluate(`document.getElementById("stage").dataset.${name} ?? null`);

  await step("opens and becomes interactive", async () => {
    await page.until(`document.getElementById("stage")?.dataset.ready === "yes"`);
    const seconds = (performance.now() - started) / 1000;
    const megabytes = statSync(file).size / 1e6;
    console.log(`# ${megabytes.toFixed(2)} MB, interactive after ${seconds.toFixed(2)} s, ${await stage("visible")} points`);
    await page.evaluate(`document.getElementById("stage").scrollIntoView({ block: "center" })`);
  });
  await shot("report-top");

  const box = await page.evaluate(`(({ x, y, width, height }) => ({ x, y, width, height }))(document.getElementById("stage").getBoundingClientRect())`);
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const island = `JSON.parse(document.getElementById("map-data").textContent)`;
  const id = await page.evaluate(`(() => { const d = ${island}; return d.ids ? d.ids[Math.floor(d.ids.length / 2)] : "7"; })()`);

  // The share of the map's pixels that hold a point.
  const inked = () => page.evaluate(`(() => {
    const points = document.getElementById("points");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [points.width, points.height];
    const context = copy.getContext("2d");
    context.drawImage(points, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let full = 0;
    for (let at = 3; at < data.length; at += 4) full += data[at] > 40;
    return full / (data.length / 4);
  })()`);
  await step("draws the points", async () => {
    const share = await inked();
    console.log(`# ${(100 * share).toFixed(1)} % of the map is drawn on, with ${await page.evaluate(`document.getElementById("points").getContext("webgl2") ? "WebGL 2" : "a plain canvas"`)}`);
    assert.ok(share > 0.0005 && share < 0.9, `${share} of the map is drawn on`);
  });
  await step("finds a point by its id", async () => {
    await page.evaluate(`document.getElementById("search").focus()`);
    await page.send("Input.insertText", { text: id });
    for (const type of ["keyDown", "keyUp"]) await page.send("Input.dispatchKeyEvent", { type, key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
    await page.until(`!document.getElementById("tooltip").hidden`);
    const shown = await page.evaluate(`document.querySelector("#tooltip strong").textContent`);
    assert.equal(shown.toLowerCase(), id.toLowerCase());
  });
  await step("hovers a point and tells its id and columns", async () => {
    await page.mouse("mouseMoved", box.x + 9, box.y + 9);
    await page.mouse("mouseMoved", box.x + 9, box.y - 30);
    await page.until(`document.getElementById("tooltip").hidden`);
    await page.mouse("mouseMoved", ...middle);
    await page.until(`!document.getElementById("tooltip").hidden`);
    const told = await page.evaluate(`[...document.querySelectorAll("#tooltip dt")].map((name) => name.textContent)`);
    const names = await page.evaluate(`${island}.columns.map((column) => column.name)`);
    assert.deepEqual([...told].sort(), names.slice(0, 12).sort(), "the tooltip tells every column");
  });
  await shot("report-hover");
  await step("zooms with the wheel and shows the whole map again", async () => {
    await page.mouse("mouseWheel", ...middle, { deltaX: 0, deltaY: -300 });
    await page.evaluate(`document.getElementById("reset").click()`);
  });
  await step("selects with the lasso and exports the ids", async () => {
    await page.evaluate(`document.getElementById("lasso").click()`);
    const corners = [[0.12, 0.12], [0.88, 0.12], [0.88, 0.7], [0.12, 0.7]].map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
    await page.mouse("mousePressed", ...corners[0], { button: "left", clickCount: 1 });
    for (const corner of [...corners.slice(1), corners[0]]) await page.mouse("mouseMoved", ...corner, { button: "left", buttons: 1 });
    await shot("report-lasso-drawing");
    await page.mouse("mouseReleased", ...corners[0], { button: "left", clickCount: 1 });
    await page.until(`Number(document.getElementById("stage").dataset.selected) > 0`);
    await shot("report-lasso");
    await page.evaluate(`document.getElementById("export").click()`);
    const csv = join(downloads, "selected-ids.csv");
    for (let tries = 0; tries < 200 && !existsSync(csv); tries++) await new Promise((done) => setTimeout(done, 25));
    await new Promise((done) => setTimeout(done, 200));
    const lines = readFileSync(csv, "utf8").trimEnd().split("\n");
    assert.equal(lines[0], "id");
    assert.ok(lines.length - 1 >= Number(await stage("selected")));
    await page.evaluate(`document.getElementById("clear").click(); document.getElementById("lasso").click()`);
  });
  await step("hides a class and shows it again", async () => {
    const before = Number(await stage("visible"));
    const chosen = await page.evaluate(`(() => {
      const at = ${island}.columns.findIndex((column) => column.kind === "classes");
      if (at < 0) return false;
      const chooser = document.getElementById("color-by");
      chooser.value = String(at);
      chooser.dispatchEvent(new Event("change"));
      return true;
    })()`);
    if (!chosen) return;
    const whole = await inked();
    await page.evaluate(`document.querySelector("#legend li button").click()`);
    assert.ok(Number(await stage("visible")) < before);
    await new Promise((done) => setTimeout(done, 300));
    assert.ok((await inked()) < whole, "the hidden class is still drawn");
    await shot("report-hidden");
    await page.evaluate(`document.querySelector("#legend .all").click()`);
    assert.equal(Number(await stage("visible")), before);
  });
  await step("colors by every column", async () => {
    await page.evaluate(`for (const option of document.getElementById("color-by").options) {
      option.parentElement.value = option.value;
      option.parentElement.dispatchEvent(new Event("change"));
    }`);
  });
  await shot("report-numbers");
  await step("moves by keys alone", async () => {
    await page.evaluate(`document.getElementById("overlay").focus()`);
    for (const key of ["ArrowLeft", "+", "-", "0", "Escape"])
      for (const type of ["keyDown", "keyUp"]) await page.send("Input.dispatchKeyEvent", { type, key });
  });
  await step("reaches every control of the map by Tab", async () => {
    await page.evaluate(`document.getElementById("theme").focus()`);
    const wanted = new Set(["color-by", "search", "lasso", "reset", "overlay"]);
    for (let presses = 0; presses < 12 && wanted.size; presses++) {
      for (const type of ["keyDown", "keyUp"]) await page.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
      wanted.delete(await page.evaluate(`document.activeElement.id`));
    }
    assert.deepEqual([...wanted], []);
    const before = await page.evaluate(`document.getElementById("color-by").value = "0", document.getElementById("color-by").dispatchEvent(new Event("change")), Number(document.getElementById("stage").dataset.visible)`);
    if (await page.evaluate(`(() => { const first = document.querySelector("#legend li button"); first?.focus(); return Boolean(first); })()`)) {
      for (const press of [{ type: "keyDown", text: "\r" }, { type: "keyUp" }]) await page.send("Input.dispatchKeyEvent", { ...press, key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
      assert.ok(Number(await stage("visible")) < before, "Enter on a class did not hide it");
      await page.evaluate(`document.querySelector("#legend .all").click()`);
    }
  });
  await step("turns dark", async () => {
    await page.evaluate(`document.getElementById("theme").click(); scrollTo(0, 0)`);
    await new Promise((done) => setTimeout(done, 300));
  });
  await shot("report-dark");
  if (pictures) {
    await page.evaluate(`document.getElementById("theme").click()`);
    const tall = await page.evaluate(`document.documentElement.scrollHeight`);
    await page.send("Emulation.setDeviceMetricsOverride", { width: 1280, height: Math.min(tall, 8000), deviceScaleFactor: 1, mobile: false });
    await new Promise((done) => setTimeout(done, 500));
    await shot("report-whole");
    await page.evaluate(`document.getElementById("theme").click()`);
    await new Promise((done) => setTimeout(done, 500));
    await shot("report-whole-dark");
    await page.evaluate(`document.getElementById("theme").click()`);
    await page.send("Emulation.setDeviceMetricsOverride", { width: 390, height: 1900, deviceScaleFactor: 2, mobile: true });
    await new Promise((done) => setTimeout(done, 500));
    await shot("report-phone");
  }
  await step("fits a phone without scrolling sideways", async () => {
    await page.send("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 2, mobile: true });
    await new Promise((done) => setTimeout(done, 300));
    assert.ok((await page.evaluate(`document.documentElement.scrollWidth`)) <= 390);
  });
  await step("asked no host for anything and found nothing to complain of", () => {
    assert.deepEqual(requests, []);
    assert.deepEqual(complaints, []);
  });
  console.log(`1..${steps.length}`);
} catch (error) {
  console.log(`not ok ${steps.length + 1} - ${error.message}`);
  for (const complaint of complaints) console.log(`# ${complaint}`);
  process.exitCode = 1;
} finally {
  await page.close();
  rmSync(downloads, { recursive: true, force: true });
}
