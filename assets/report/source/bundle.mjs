// Bundles explore.js with the libraries it uses into ../explore.js, their licenses above it.
//   cd assets/report/source && npm ci && npm run bundle
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const result = await build({
  entryPoints: ["explore.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2021",
  charset: "ascii",
  write: false,
  metafile: true,
});
const used = new Set(
  Object.keys(result.metafile.outputs[Object.keys(result.metafile.outputs)[0]].inputs)
    .map((path) => path.match(/node_modules\/([^/]+)\//)?.[1])
    .filter(Boolean),
);
const licenses = [...used].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
  const file = readdirSync(`node_modules/${name}`).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version}\n\n${file && existsSync(`node_modules/${name}/${file}`) ? readFileSync(`node_modules/${name}/${file}`, "utf8").trim() : "ISC"}`;
});
writeFileSync("../LICENSES.txt", `Libraries in explore.js\n\n${licenses.join("\n\n----------------------------------------\n\n")}\n`);
const names = [...used].sort().map((name) => `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version}`);
const texts = [...new Set(licenses.map((text) => text.split("\n").slice(2).join("\n")))].join("\n\n");
// "</" would end the script element of the page.
const code = `/*! ${names.join(", ")}\n\n${texts.replaceAll("*/", "* /")}\n*/\n${result.outputFiles[0].text}`.replaceAll("</", "<\\/");
writeFileSync("../explore.js", code);
writeFileSync("../explore.sha256", createHash("sha256").update(code).digest("base64"));
console.log(`${code.length} bytes; ${names.join(", ")}`);
