// Books a slot in headless Chromium as a person would, and keeps what they saw.
//
//   node browser.mjs MODE URL FOLDER    MODE: scripts | no-scripts | keyboard | pictures
//
// Prints one JSON line: what was booked and where its page is. Exits non-zero with the reason otherwise.

import { createRequire } from "node:module";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const require = createRequire(process.env.KALENDS_NODE_MODULES + "/");
const { chromium } = require("playwright-core");
const [mode, url, folder] = process.argv.slice(2);
const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

async function open(width, scripts, more = {}) {
  const profile = mkdtempSync(path.join(tmpdir(), "kalends-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM, headless: true, args: ["--no-sandbox", ...FLAGS], javaScriptEnabled: scripts,
    viewport: { width, height: width < 600 ? 780 : 900 }, timezoneId: "Asia/Kolkata", locale: "en-GB", ...more,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const trouble = [];
  page.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("response", (response) => response.status() >= 500 && trouble.push(`${response.status()} ${response.url()}`));
  return { context, page, trouble };
}

async function fits(page, what) {
  const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
  expect(whole <= inner, `${what}: ${whole} px wide in a window of ${inner} px`);
}

async function fill(page) {
  await page.fill("#name", "Grace Hopper");
  await page.fill("#email", "grace@example.net");
  await page.fill("#notes", "About compilers.\nTwo lines.");
}

async function toForm(page) {
  await page.goto(url);
  // With scripts the visitor's zone is found; the page is asked once more with it.
  await page.waitForLoadState("networkidle");
  await page.locator("a.time").first().click();
  const next = page.locator("[data-next], a.next, button.next").first();
  if (await next.isVisible().catch(() => false)) await next.click();
  await page.waitForSelector("#form");
}

async function book(scripts) {
  const { context, page, trouble } = await open(1366, scripts);
  await toForm(page);
  if (scripts) {
    const zone = await page.locator("[data-zone]").first().getAttribute("data-zone");
    expect(/Asia\/(Kolkata|Calcutta)/.test(zone), `the zone of the visitor is not found: ${zone}`);
  }
  await fill(page);
  await page.click("#form button[type=submit]");
  await page.waitForSelector("[data-booked]");
  const seen = { url: page.url(), heading: await page.locator("h1").innerText() };
  expect(trouble.length === 0, trouble.join("\n"));
  await context.close();
  return seen;
}

// Tab, arrows and Enter only; counts the key presses.
async function keyboard() {
  const { context, page, trouble } = await open(1366, true);
  await page.goto(url);
  await page.waitForLoadState("networkidle");
  let presses = 0;
  const press = async (key) => { presses += 1; await page.keyboard.press(key); };
  const focused = (selector) => page.evaluate((what) => document.activeElement?.matches(what) ?? false, selector);
  const tabTo = async (selector) => {
    for (let step = 0; step < 40; step += 1) {
      if (await focused(selector)) return;
      await press("Tab");
      const visible = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return true;
        const style = getComputedStyle(element);
        return style.outlineStyle !== "none" || style.boxShadow !== "none" || element.matches("input,textarea,select");
      });
      expect(visible, "the focus cannot be seen on " + (await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))));
    }
    throw new Error(`Tab never comes to ${selector}`);
  };
  await tabTo("table.grid a.day");
  const before = await page.evaluate(() => document.activeElement.textContent);
  await press("ArrowRight");
  const after = await page.evaluate(() => document.activeElement.textContent);
  expect(before !== after, "arrow keys do not move in the month");
  await press("ArrowLeft");
  await press("Enter");
  await page.waitForTimeout(400);
  await tabTo("a.time");
  await press("Enter");
  await page.waitForTimeout(400);
  if (await page.locator("#form").count() === 0) {
    await tabTo("[data-next], a.next, button.next");
    await press("Enter");
  }
  await page.waitForSelector("#form");
  for (const [field, text] of [["#name", "Key Board"], ["#email", "keys@example.net"]]) {
    await tabTo(field);
    await page.keyboard.type(text);
  }
  await press("Enter");
  await page.waitForSelector("[data-booked]");
  expect(presses <= 25, `${presses} key presses from load to done`);
  expect(trouble.length === 0, trouble.join("\n"));
  const seen = { url: page.url(), heading: await page.locator("h1").innerText(), presses };
  await context.close();
  return seen;
}

async function pictures() {
  const kept = [];
  for (const width of [360, 768, 1366]) {
    const { context, page } = await open(width, true, { deviceScaleFactor: 1 });
    const shot = async (name) => {
      await fits(page, `${name} at ${width} px`);
      await page.screenshot({ path: `${folder}/${name}-${width}.png`, fullPage: width < 600 });
      kept.push(`${name}-${width}.png`);
    };
    await page.goto(url);
    await page.waitForLoadState("networkidle");
    await shot("booking-page");
    await toForm(page);
    await fill(page);
    await shot("booking-form");
    await page.click("#form button[type=submit]");
    await page.waitForSelector("[data-booked]");
    await shot("booking-done");
    await context.close();
  }
  const { context, page } = await open(1366, true, { colorScheme: "dark", deviceScaleFactor: 1 });
  await page.goto(url);
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: `${folder}/booking-page-dark-1366.png` });
  await context.close();
  return { kept };
}

const modes = { scripts: () => book(true), "no-scripts": () => book(false), keyboard, pictures };
try {
  console.log(JSON.stringify(await modes[mode]()));
} catch (error) {
  console.error(String(error?.stack ?? error));
  process.exit(1);
}
