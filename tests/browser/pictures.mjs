// Opens SVG files in headless Chromium with the network off: they parse, run nothing, ask for nothing.
//   node tests/browser/pictures.mjs [--shots FOLDER] PICTURE.svg …
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

const files = process.argv.slice(2);
const shots = files[0] === "--shots" ? files.splice(0, 2)[1] : null;
const page = await launch({ width: 1200, height: 1000 });
const complaints = [];
const requests = [];
page.listen(({ method, params }) => {
  if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.text);
  if (method === "Log.entryAdded" && params.entry.level === "error") complaints.push(params.entry.text);
  if (method === "Page.javascriptDialogOpening") complaints.push(`a dialog opened: ${params.message}`);
  if (method === "Network.requestWillBeSent" && !/^(file|data):/.test(params.request.url)) requests.push(params.request.url);
});
try {
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
  await page.send("Network.emulateNetworkConditions", { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 });
  for (const file of files) {
    const started = performance.now();
    const url = pathToFileURL(resolve(file)).href;
    await page.send("Page.navigate", { url });
    await page.until(`location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    const found = await page.evaluate(`({
      root: document.documentElement.localName,
      broken: document.getElementsByTagName("parsererror").length,
      texts: document.getElementsByTagName("text").length,
      circles: document.getElementsByTagName("circle").length,
      scripts: document.getElementsByTagName("script").length,
    })`);
    assert.equal(found.root, "svg", `${file} is not an SVG to the browser`);
    assert.deepEqual([found.broken, found.scripts], [0, 0], file);
    assert.ok(found.texts > 0, `${file} has no text`);
    if (shots) {
      mkdirSync(shots, { recursive: true });
      const { data } = await page.send("Page.captureScreenshot", { format: "png" });
      writeFileSync(join(shots, `${basename(file, ".svg")}.png`), Buffer.from(data, "base64"));
    }
    console.log(`ok - ${basename(file)}: ${found.texts} texts, ${found.circles} circles, ${seconds} s`);
  }
  assert.deepEqual([complaints, requests], [[], []]);
} catch (error) {
  console.log(`not ok - ${error.message}`);
  process.exitCode = 1;
} finally {
  await page.close();
}
