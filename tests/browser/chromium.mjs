// A headless Chromium, spoken to over a pipe: no package beyond node and the browser.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function launch({ width = 1280, height = 900 } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "reduce-browser-"));
  const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader", "--hide-scrollbars",
    `--window-size=${width},${height}`, `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank",
  ];
  const browser = spawn(process.env.CHROMIUM ?? "chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const failed = new Promise((_, reject) => browser.once("error", reject));
  const [outgoing, incoming] = [browser.stdio[3], browser.stdio[4]];
  const waiting = new Map();
  const listeners = [];
  let next = 1;
  let rest = Buffer.alloc(0);
  incoming.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      const message = JSON.parse(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
      if (message.id) {
        const { resolve, reject } = waiting.get(message.id);
        waiting.delete(message.id);
        if (message.error) reject(new Error(`${message.error.message}`));
        else resolve(message.result);
      } else {
        for (const listener of listeners) listener(message);
      }
    }
  });
  const raw = (method, params = {}, sessionId = undefined) =>
    Promise.race([
      failed,
      new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        outgoing.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      }),
    ]);
  const { targetId } = await raw("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await raw("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params) => raw(method, params, sessionId);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const until = async (expression, seconds = 30) => {
    const end = Date.now() + 1000 * seconds;
    while (Date.now() < end) {
      if (await evaluate(expression)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`not within ${seconds} s: ${expression}`);
  };
  const mouse = (type, x, y, more = {}) => send("Input.dispatchMouseEvent", { type, x, y, ...more });
  const close = async () => {
    await raw("Browser.close").catch(() => {});
    await new Promise((resolve) => (browser.exitCode === null ? browser.once("exit", resolve) : resolve()));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { send, raw, evaluate, until, mouse, close, listen: (listener) => listeners.push(listener) };
}
