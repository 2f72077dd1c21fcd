// Every page of the dashboard with what the real program counted for a whole household: at a phone's
// and a desk's size, light and dark. No error, no failed request, nothing asked of anybody else.
//
//   SHOTS=folder     lives through a week first, by a made-up clock, and leaves a picture of every page

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { awake, chance, companies, devices, pairs } from '../mock/household.mjs';
import { DESK, launch, open as window, pages, PHONE, settled, shot } from '../window.mjs';
import { askAll, start, upstream } from './server.mjs';

const SHOTS = process.env.SHOTS;
const DAYS = 7;
/** When they are awake, by universal time. */
const HOURS = Array.from({ length: 18 }, (_, i) => i + 5);
const SITES = ['www.example.org', 'news.example.com', 'mail.example.net', 'weather.example.org', 'play.example.com'];

const folder = mkdtempSync(`${tmpdir()}/dashboard-`);
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('node:dgram').Socket} */
let far;
/** @type {Awaited<ReturnType<typeof start>>} */
let server;
/** @type {any} */
let login;
let phone = '';

/** Of the device of that number: the first is this machine, as the browser is on it. @param {number} d */
const address = (d) => `127.0.0.${d + 1}`;

/**
 * One hour of the household.
 * @param {number} port @param {number} day @param {number} hour
 */
async function live(port, day, hour) {
  await Promise.all(devices.map((device, d) => {
    const busy = awake(d, hour) * device.busy;
    const met = pairs.filter(([one, c, strength]) => one === d && chance('met', d, c, day, hour) < busy * strength);
    const tracked = met.flatMap(([, c]) => (companies[c]?.domains ?? []).filter((name, i) => chance('name', name, d, day, hour) < 1 / (1 + i)).slice(0, 3));
    const sites = SITES.filter((site) => chance('site', site, d, day, hour) < busy);
    return askAll(port, [...sites, ...tracked], address(d));
  }));
}

before(async () => {
  far = await upstream();
  const settings = `upstream: udp://127.0.0.1:${far.address().port}\naccess: { rate: 0 }\nhistory: { flush: 1s }\nstats: { level: full }\nprofiles:\n  - { name: adults }\n  - { name: things, bypass: all }\n`
    + '  - { name: kids, level: strict, services: [tiktok], safe_search: search, schedule: [sun-thu 20:00-07:00 night] }\n  - { name: night, only_allowed: true }\n';
  const program = String(process.env.TRACKLESS);
  const today = Math.floor(Date.now() / 86400000);
  const days = SHOTS ? Array.from({ length: DAYS }, (_, i) => today - DAYS + 1 + i) : [];
  for (const day of days) {
    for (const hour of HOURS) {
      const at = (day * 24 + hour) * 3600;
      if (at > Date.now() / 1000 - 3600) continue;
      const then = await start(program, folder, settings, new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' '));
      await live(then.dns, day, hour);
      await then.stop();
    }
  }
  server = await start(program, folder, settings);
  await live(server.dns, today, SHOTS ? new Date().getUTCHours() : 20);
  browser = await launch();
  const context = await browser.newContext();
  /** @param {'get' | 'post' | 'put'} method @param {string} path @param {any} [data] */
  const api = async (method, path, data) => {
    const answer = await context.request[method](`${server.home}/api/v1${path}`, { headers: { 'x-trackless': '1' }, ...(data ? { data } : {}) });
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return /json/.test(answer.headers()['content-type'] ?? '') ? answer.json() : null;
  };
  await api('post', '/setup', { code: server.setup.split('code=')[1], password: 'correct horse battery' });
  const { items } = await api('get', '/devices?days=7&limit=500');
  for (const [d, device] of devices.entries()) {
    const one = items.find((/** @type {any} */ item) => item.addresses.includes(address(d)));
    if (!one) continue;
    const profile = ['adults', 'kids', 'things'].includes(device.profile ?? '') ? device.profile : null;
    await api('put', `/devices/${encodeURIComponent(one.key)}`, { name: device.given ?? device.name, ...(profile ? { profile } : {}) });
    if (d === 2) phone = one.key;
  }
  assert.notEqual(phone, '');
  await api('post', '/choices', { scope: { house: true }, subject: { company: 'TikTok' }, choice: 'block' });
  await api('post', '/choices', { scope: { device: phone }, subject: { name: 'app-measurement.com' }, choice: 'allow' });
  await api('post', '/tokens', { name: 'Switch in the hall', scope: 'button' });
  login = await context.storageState();
  await context.close();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
}, { timeout: 900000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  far?.close();
  rmSync(folder, { recursive: true });
});

for (const [size, where] of /** @type {const} */ ([[PHONE, 'phone'], [DESK, 'desk']])) {
  test(`the log of queries, in parts and as a whole: ${where}`, async () => {
    const { page, go, check, close } = await window(browser, server.home, { size, login });
    await go('queries');
    const rows = page.locator('.asked li');
    /** The rows once there are others than before. @param {() => Promise<unknown>} change */
    const after = async (change) => {
      const news = page.waitForResponse((response) => response.url().includes('/queries?'));
      await change();
      await news;
      await settled(page);
    };
    assert.equal(await rows.count(), 100);
    await after(() => page.click('button >> text=Older ones'));
    await page.waitForFunction(() => document.querySelectorAll('.asked li').length === 200);
    const times = await page.locator('.asked time').allInnerTexts();
    assert.equal(times.length, 200);
    await check('the log, two pages of it');
    await after(() => page.selectOption('main select >> nth=1', 'block'));
    assert.equal(await page.locator('.asked li:not(.block)').count(), 0);
    assert.ok(await rows.count());
    await after(() => page.selectOption('main select >> nth=0', phone));
    const name = await page.locator('main select >> nth=0').evaluate((one) => /** @type {any} */ (one).selectedOptions[0].text);
    assert.deepEqual([...new Set(await page.locator('.asked .who').allInnerTexts())], [name]);
    await after(() => page.selectOption('main select >> nth=1', ''));
    await after(() => page.fill('main input[type=search]', 'example'));
    const names = await page.locator('.asked b').allInnerTexts();
    assert.ok(names.length > 0 && names.every((one) => one.includes('example')), names.join(' '));
    await rows.first().locator('button').click();
    await page.waitForSelector('dialog[open] >> text=No rule matches this name.');
    await check('why');
    await page.keyboard.press('Escape');
    await after(() => page.fill('main input[type=search]', 'nobody-asked-for-this'));
    await page.waitForSelector('.empty >> text=Nothing of that name.');
    await close();
  });
}

for (const [size, where] of /** @type {const} */ ([[PHONE, 'phone'], [DESK, 'desk']])) {
  test(`every page, light and dark: ${where}`, async () => {
    const { page, go, check, close } = await window(browser, server.home, { size, login });
    for (const name of pages(phone, 'Google')) {
      await page.emulateMedia({ colorScheme: 'light' });
      await go(name);
      if (name.startsWith('live')) {
        await live(server.dns, 1, 20);
        await page.waitForSelector('.asked li, main .list li');
      }
      for (const colour of /** @type {const} */ (['light', 'dark'])) {
        await page.emulateMedia({ colorScheme: colour });
        await check(`${name}, ${colour}`);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${shot(name, phone)}-${where}-${colour}.png`, fullPage: name !== 'home' });
      }
    }
    await close();
  });
}
