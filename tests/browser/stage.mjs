// Where the tests play: a server with the checkout page, and a browser.
//
// The tests know this file's functions only, so that another server can take the place of the
// example: `KASSA_CHECKOUT_PAGE` is the program to start.

import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import axe from "axe-core";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PICTURES = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "browser");

/** A server with the page, and what happens outside it. */
export class Stage {
  static async open() {
    const own = process.env.KASSA_CHECKOUT_PAGE;
    const cargo = ["cargo", "run", "--quiet", "--package", "surfaces", "--example", "checkout_page"];
    const [program, ...words] = own ? [own] : cargo;
    const server = spawn(program, words, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: server.stdout });
    const base = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      server.once("error", reject);
      server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return new Stage(server, base);
  }

  constructor(server, base) {
    this.server = server;
    this.base = base;
  }

  close() {
    this.server.kill();
  }

  /** Makes a checkout and gives its id. */
  async checkout(wish = {}) {
    const response = await this.#post("/fake/checkouts", wish);
    return (await response.json()).id;
  }

  /** The address of a checkout's page. */
  at(id, rest = "?lang=en") {
    return `${this.base}/checkout/${id}${rest}`;
  }

  /** The payer approves outside the browser. */
  async approve(id) {
    await this.#post(`/fake/approve/${id}`);
  }

  /** Time goes on. */
  async advance(milliseconds) {
    await this.#post(`/fake/advance/${milliseconds}`);
  }

  /** How many payments a checkout has. */
  async payments(id) {
    return (await (await fetch(`${this.base}/fake/checkouts/${id}`)).json()).payments;
  }

  async #post(path, body = {}) {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(this.base + path, request);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response;
  }
}

/** Starts the browser. */
export function browser() {
  const executablePath = process.env.KASSA_CHROMIUM ?? installed();
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

function installed() {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // It is somewhere else, or nowhere.
      }
    }
  }
  throw new Error("there is no Chromium: apt-get install chromium, or set KASSA_CHROMIUM");
}

/** Keeps a picture of a page under target/browser/. */
export async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** What axe finds wrong with a page, a line each; best practices count too. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await page.evaluate(
    (values) => globalThis.axe.run({ runOnly: { type: "tag", values } }),
    tags,
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
  );
}
