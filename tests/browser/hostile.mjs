// Labels and ids that would be markup, formulas or turns of direction if anything let them.
//   node tests/browser/hostile.mjs FOLDER        writes hostile.csv and hostile.yaml there
//   node tests/browser/hostile.mjs RUN --check   looks for every label as text, in the pictures and on the page
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";

export const HOSTILE = [
  "<script>alert(1)</script>",
  '"]]>',
  "=cmd|' /C calc'!A0",
  "</text></svg><img src=x onerror=alert(1)>",
  '" onload="alert(1)',
  "&lt;b&gt; & &amp;",
  "😀 👩‍🔬 café 日本語",
  "עברית العربية",
  "javascript:alert(1)",
  "long ".repeat(60).trim(),
];

const [folder, check] = process.argv.slice(2);
if (check) await look(folder);
else write(folder);

function write(folder) {
  const quote = (text) => `"${text.replaceAll('"', '""')}"`;
  const lines = ["id,label,height,width,weight,age,<b>bold</b>"];
  for (let row = 0; row < 200; row++) {
    const label = HOSTILE[row % HOSTILE.length];
    const numbers = [0, 1, 2, 3, 4].map((feature) => (Math.sin(row * (feature + 1)) + (row % HOSTILE.length) * (feature % 3)).toFixed(4));
    lines.push([quote(`${label} ${row}`), quote(label), ...numbers].join(","));
  }
  writeFileSync(join(folder, "hostile.csv"), `${lines.join("\n")}\n`);
  const pipeline = [
    "version: 1",
    "name: '<script>alert(2)</script>'",
    "input: {path: hostile.csv, id: id, labels: [label]}",
    "autoencoder: {code_size: 2, training: {max_epochs: 3}}",
    "plots:",
    "  - {color_by: label, format: [svg, png, pdf]}",
    "  - {color_by: ['label', '<b>bold</b>'], theme: dark}",
    "  - {color_by: label, labels_on_map: 'yes', theme: dark, title: '\" onload=\"alert(3)'}",
    "output: hostile",
  ];
  writeFileSync(join(folder, "hostile.yaml"), `${pipeline.join("\n")}\n`);
}

async function look(run) {
  const page = await launch();
  const complaints = [];
  page.listen(({ method, params }) => {
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.text);
    if (method === "Page.javascriptDialogOpening") complaints.push(`a dialog opened: ${params.message}`);
    if (method === "Network.requestWillBeSent" && !/^(file|data|blob):/.test(params.request.url)) complaints.push(params.request.url);
  });
  try {
    for (const domain of ["Page", "Runtime", "Network"]) await page.send(`${domain}.enable`);
    const open = async (name, ready) => {
      const url = pathToFileURL(resolve(run, name)).href;
      await page.send("Page.navigate", { url });
      await page.until(`location.href === ${JSON.stringify(url)} && document.readyState === "complete" && (${ready})`);
    };
    for (const name of ["embedding-label.svg", "embedding-label-2.svg"]) {
      await open(name, "true");
      const [texts, tooltips, elements] = await page.evaluate(`[
        [...document.querySelectorAll("text")].map((text) => text.textContent),
        [...document.querySelectorAll("circle > title")].map((title) => title.textContent),
        [...new Set([...document.querySelectorAll("*")].map((element) => element.localName))],
      ]`);
      for (const label of HOSTILE) {
        const begins = (text) => text === label || (text.endsWith("…") && label.startsWith(text.slice(0, -1).trimEnd()));
        assert.ok(texts.some(begins), `${name} does not show ${label.slice(0, 40)} as text`);
        assert.ok(tooltips.some((tooltip) => tooltip.startsWith(label.slice(0, 40))), `${name} has no tooltip ${label.slice(0, 40)}`);
      }
      const ours = ["svg", "g", "rect", "circle", "line", "path", "text", "title", "image"];
      assert.deepEqual(elements.filter((element) => !ours.includes(element)), [], name);
      console.log(`ok - ${name} shows ${HOSTILE.length} hostile labels as text`);
    }
    await open("report.html", `document.getElementById("stage")?.dataset.ready === "yes"`);
    const [legend, heading, scripts, handlers] = await page.evaluate(`[
      [...document.querySelectorAll("#legend li bdi")].map((name) => name.textContent),
      document.querySelector("h1").textContent,
      document.scripts.length,
      [...document.querySelectorAll("*")].filter((element) => [...element.attributes].some((a) => a.name.startsWith("on"))).length,
    ]`);
    for (const label of HOSTILE) assert.ok(legend.includes(label), `the legend does not show ${label.slice(0, 40)} as text`);
    assert.deepEqual([heading, scripts, handlers], ["<script>alert(2)</script>", 2, 0]);
    assert.deepEqual(complaints, []);
    console.log(`ok - report.html shows ${HOSTILE.length} hostile labels as text and runs none`);
  } catch (error) {
    console.log(`not ok - ${error.message}`);
    process.exitCode = 1;
  } finally {
    await page.close();
  }
}
