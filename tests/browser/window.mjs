// A browser's window that must not complain, nor ask anybody else; and what is wrong with a page in it.
//
//   FROM_DISK=1      takes the dashboard's files as they are, not as they were built in

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import de from '../../src/web/dashboard/strings/de.js';
import en from '../../src/web/dashboard/strings/en.js';

const AXE = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1440, height: 900 };
/** Every page there is, and one there is not. @param {string} device key of one @param {string} company */
export const pages = (device, company) => ['home', 'constellation', 'devices', `device/${device}`, 'companies', `company/${encodeURIComponent(company)}`, 'live', 'live?mode=broken', 'record', 'queries', 'lists',
  'profiles', 'upstreams', 'privacy', 'help', 'alerts', 'access', 'settings', 'more', 'welcome', 'nowhere'];
/** The name of a page's picture. @param {string} page @param {string} device key of one */
export const shot = (page, device) => page.replace(device, 'one').replace(/\W+/g, '-');

/** Chromium with nothing of anybody's in it; CHROMIUM names another than Debian's. */
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/**
 * A window of its own, without anybody's login.
 * @param {import('playwright-core').Browser} browser @param {string} home where the dashboard is
 * @param {{ size?: { width: number, height: number }, colour?: 'light' | 'dark', language?: string, quiet?: RegExp, login?: any }} [how]
 *   quiet: what may go wrong; login: as from `storageState` of another window
 */
export async function open(browser, home, { size = DESK, colour = 'light', language = 'en-GB', quiet, login } = {}) {
  const context = await browser.newContext({ viewport: size, colorScheme: colour, locale: language, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', ...(login ? { storageState: login } : {}) });
  context.setDefaultTimeout(20000);
  const page = await context.newPage();
  if (process.env.FROM_DISK) {
    await context.route((url) => url.origin === home && !/^\/(api|metrics)/.test(url.pathname), (route) => {
      const { pathname } = new URL(route.request().url());
      return route.fulfill({ path: fileURLToPath(new URL(`../../src/web/dashboard${pathname === '/' ? '/index.html' : pathname}`, import.meta.url)) });
    });
  }
  /** @type {string[]} */
  const wrong = [];
  /** @param {string} text */
  const note = (text) => { if (!quiet?.test(text)) wrong.push(`${page.url()}: ${text}`); };
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) note(message.text()); });
  page.on('pageerror', (error) => note(String(error)));
  page.on('response', (response) => { if (response.status() >= 400) note(`${response.status()} for ${response.url()}`); });
  page.on('request', (request) => { if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).origin !== home) wrong.push(`asked ${request.url()}`); });
  /** @param {string} name */
  const go = async (name) => {
    await page.goto(`${home}/#/${name}`);
    await settled(page);
  };
  /** @param {string} name of the page shown */
  const check = async (name) => wrong.push(...(await faults(page)).map((fault) => `${name}: ${fault}`));
  const close = async () => {
    await context.close();
    assert.deepEqual(wrong, []);
  };
  return { page, go, check, close };
}

/** Shown, and nothing of it is still to come. @param {import('playwright-core').Page} page */
export async function settled(page) {
  await page.waitForSelector('main h1, main .empty');
  await page.waitForFunction(() => !document.querySelector('.bones'));
}

// Lines of the picture say nothing to a reader, and there are hundreds: axe need not look at them.
/** What is wrong with the page shown. @param {import('playwright-core').Page} page */
async function faults(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  const missing = await page.evaluate((keys) => keys.filter((key) => key.includes('.') && document.body.innerText.split(/\s/).includes(key)), Object.keys(en));
  const broken = await page.evaluate((words) => words.some((word) => document.querySelector('main')?.innerText.includes(word)), [en['error.unknown'], de['error.unknown']]);
  // Words over words, in one row of something.
  const covered = await page.evaluate(() => [...document.querySelectorAll('main li, main tr, main dl, main header')].flatMap((row) => {
    const walk = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    /** @type {{ text: string, edge: DOMRect }[]} */
    const all = [];
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (!text || node.parentElement?.closest('.unseen, svg, option, thead')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      // What is cut off at the edge of its box is not seen.
      const box = node.parentElement && getComputedStyle(node.parentElement).overflowX !== 'visible' ? node.parentElement.getBoundingClientRect().right : Infinity;
      all.push(...[...range.getClientRects()].map(({ left, right, top, bottom }) => ({ text, edge: new DOMRect(left, top, Math.max(0, Math.min(right, box) - left), bottom - top) })));
    }
    const over = (/** @type {DOMRect} */ a, /** @type {DOMRect} */ b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return all.flatMap((one, i) => all.slice(i + 1).filter((other) => other.text !== one.text && over(one.edge, other.edge)).map((other) => `${one.text} | ${other.text}`));
  }).slice(0, 3));
  await page.evaluate(AXE);
  const found = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run({ exclude: [['.links']] }, { resultTypes: ['violations'] }));
  return [
    ...(wide > window ? [`${wide} px wide in a window of ${window}`] : []),
    ...(broken ? ['it is broken'] : []),
    ...covered.map((words) => `one covers the other: ${words}`),
    ...missing.map((key) => `no words for ${key}`),
    ...found.violations.filter((/** @type {any} */ one) => ['serious', 'critical'].includes(one.impact))
    .map((/** @type {any} */ one) => `${one.id}: ${one.nodes.slice(0, 3).map((/** @type {any} */ node) => `${node.html.slice(0, 140)} (${node.any[0]?.message ?? ''})`).join(' | ')}`),
  ];
}
