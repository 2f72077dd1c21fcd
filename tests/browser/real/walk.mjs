// A new user's way through the dashboard of the real program: from the link in its log to the button,
// and to everything else that is done with it. What a page says is held against what DNS answers.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { launch, open as window, PHONE } from '../window.mjs';
import { ANSWERED, ask, NXDOMAIN, start, upstream } from './server.mjs';

const PASSWORD = 'correct horse battery';
const VIEWER = 'only wants to look';
const TRACKER = 'stats.g.doubleclick.net';
const ANOTHER = 'www.google-analytics.com';
/** Let through until somebody chooses otherwise: what sites need is there, too. */
const NEEDED = { company: 'Akamai', names: ['e1.a.akamaiedge.net', 'e2.a.akamaiedge.net', 'e3.a.akamaiedge.net'] };
/** Refused where the service is. */
const SERVICE = 'www.tiktok.com';
/** Refused by `strict` alone. */
const STRICT = 'event.2performant.com';

const folder = mkdtempSync(`${tmpdir()}/dashboard-`);
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('node:dgram').Socket} */
let far;
/** @type {Awaited<ReturnType<typeof start>>} */
let server;
/** The owner's, once there is one. @type {any} */
let login;

before(async () => {
  far = await upstream();
  server = await start(String(process.env.TRACKLESS), folder, `upstream: udp://127.0.0.1:${far.address().port}\nhistory: { flush: 1s }\n`);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  far?.close();
  rmSync(folder, { recursive: true });
});

/** @param {Parameters<typeof window>[2]} [how] */
const open = (how) => window(browser, server.home, { login, ...how });
/** @param {string} name */
const says = (name) => ask(server.dns, name);
/** @param {string} name @param {string} expected */
const becomes = async (name, expected) => assert.equal(await says(name), expected, name);

/** What an app shows for a secret. @param {string} secret in base 32 @param {number} later steps of half a minute */
function code(secret, later) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + later));
  const tag = createHmac('sha1', key).update(step).digest();
  return String((tag.readUInt32BE((tag[19] ?? 0) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

/** Tries to log in until that leads to something: who guessed must wait. @param {import('playwright-core').Page} page @param {string} something */
async function submitted(page, something) {
  for (let n = 0; n < 60 && !(await page.locator(something).count()); n += 1) {
    await page.locator('button.main:enabled').click({ timeout: 1000 }).catch(() => {});
    await page.waitForSelector(something, { timeout: 500 }).catch(() => {});
  }
  await page.waitForSelector(something);
}

test('from the link in the log to the button', async () => {
  const began = Date.now();
  await becomes(TRACKER, NXDOMAIN);
  const { page, check, close } = await open({ size: PHONE });
  await page.goto(server.setup);
  await page.fill('input[name=password]', PASSWORD);
  await page.click('button.main');
  await page.waitForSelector('text=/^You are /');
  await check('welcome');
  await page.click('.big');
  await page.click('dialog >> text=10 minutes');
  await page.waitForSelector('.big.paused');
  await becomes(TRACKER, ANSWERED);
  await page.click('.big');
  await page.waitForSelector('.big.on');
  await becomes(TRACKER, NXDOMAIN);
  const seconds = (Date.now() - began) / 1000;
  console.log(`from the link to the button and back: ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 120);
  login = await page.context().storageState();
  await close();
});

test('the button by keys alone', async () => {
  const { page, go, close } = await open();
  await go('home');
  const on = (/** @type {string} */ selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
  for (let n = 0; n < 60 && !(await on('.big')); n += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  for (let n = 0; n < 10 && !(await on('dialog .stack button')); n += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.big.paused');
  await becomes(TRACKER, ANSWERED);
  // The focus comes back to the button.
  await page.waitForFunction(() => document.activeElement?.matches('.big'));
  await page.keyboard.press('Enter');
  await page.waitForSelector('.big.on');
  await becomes(TRACKER, NXDOMAIN);
  await close();
});

test('the picture has who just asked; a company is refused in it, and no more', async () => {
  await becomes(NEEDED.names[0], ANSWERED);
  const { page, go, check, close } = await open();
  // What was counted is written once a second.
  await go('constellation');
  await page.click('.segments >> text=Table');
  await assert.doesNotReject(async () => {
    for (let n = 0; n < 40 && !(await page.locator(`td >> text=${NEEDED.company}`).count()); n += 1) {
      await page.waitForTimeout(250);
      await page.reload();
      await page.click('.segments >> text=Table');
      await page.waitForSelector('main table, main .empty');
    }
    await page.waitForSelector(`td >> text=${NEEDED.company}`);
  });
  await page.waitForSelector('td >> text=Google');
  await check('the table');
  await page.click('.segments >> text=Picture');
  await page.locator(`.dots g:has(text:text-is("${NEEDED.company}")) circle.back`).click({ force: true });
  await page.waitForSelector('.panel');
  await page.click('.panel button >> text=Refuse');
  await page.waitForSelector('.toast >> text=/is refused/');
  await becomes(NEEDED.names[1], NXDOMAIN);
  await becomes(NEEDED.names[0], NXDOMAIN);
  await check('the panel');
  await page.click('.toast >> text=Undo');
  await page.waitForSelector('.toast >> text=/as the lists say/');
  await becomes(NEEDED.names[2], ANSWERED);
  await close();
});

test('live: why a name was refused, let it through, take that back', async () => {
  const { page, go, check, close } = await open();
  await go('live');
  await page.waitForSelector('text=Nothing was asked yet.');
  await becomes(ANOTHER, NXDOMAIN);
  await becomes('www.example.org', ANSWERED);
  await page.waitForSelector('.asked li.pass >> text=www.example.org');
  await page.click(`.asked li.block:has-text("${ANOTHER}") button`);
  await page.waitForSelector('dialog .rules >> text=decides');
  await check('why');
  await page.click('dialog >> text=Let through');
  await page.waitForSelector('.toast >> text=/is let through/');
  await becomes(ANOTHER, ANSWERED);
  await page.click('.toast >> text=Undo');
  await page.waitForSelector('.toast >> text=/as the lists say/');
  await becomes(ANOTHER, NXDOMAIN);
  await close();
});

test('record: a site, and the trackers it brings; gone when it is stopped', async () => {
  const { page, go, check, close } = await open({ quiet: /404/ });
  await go('record');
  const made = page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith('/recordings'));
  await page.click('button.main');
  const { id } = await (await made).json();
  await becomes('www.wikipedia.org', ANSWERED);
  await becomes(TRACKER, NXDOMAIN);
  await page.waitForSelector('main h3 >> text=wikipedia.org');
  await page.waitForSelector('main .list >> text=Google');
  await check('recording');
  await page.click('text=Stop and forget');
  await page.waitForSelector('button.main');
  assert.equal(await page.evaluate(async (one) => (await fetch(`/api/v1/recordings/${one}`)).status, id), 404);
  await close();
});

test('a setting is wrong, then right, and acts; then it is as it was', async () => {
  await becomes(STRICT, ANSWERED);
  const { page, go, check, close } = await open({ quiet: /422/ });
  await go('settings');
  await page.fill('#setting-level', 'much');
  await page.click('.setting button.main');
  await page.waitForSelector('.setting .wrong >> text=/strict/');
  await check('a wrong setting');
  await page.fill('#setting-level', 'strict');
  await page.click('.setting button.main');
  // All lists are compiled again.
  await page.waitForSelector('.toast >> text=/It holds already/', { timeout: 60000 });
  await becomes(STRICT, NXDOMAIN);
  await page.locator('.setting', { has: page.locator('#setting-level') }).locator('text=Back to what it was').click();
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('#setting-level'))?.value !== 'strict', null, { timeout: 60000 });
  await becomes(STRICT, ANSWERED);
  await close();
});

test('a profile by its form: for whom, and which services are refused', async () => {
  await becomes(SERVICE, ANSWERED);
  const { page, go, check, close } = await open({ size: PHONE });
  await go('profiles');
  await page.click('button >> text=New profile');
  await page.fill('dialog label:has-text("Name") input >> nth=0', 'kids');
  await page.fill('dialog label:text-is("For") ~ .row input', '127.0.0.1');
  await page.keyboard.press('Enter');
  await page.locator('dialog .segments >> nth=0').locator('button').nth(1).click();
  await page.fill('dialog input[type=search]', 'tiktok');
  await page.locator('dialog .ticks-list input').click();
  await check('the form');
  await page.click('dialog button.main');
  await page.waitForSelector('.toast >> text=/It holds already/', { timeout: 60000 });
  await becomes(SERVICE, NXDOMAIN);
  await page.click('button[aria-label="Edit: kids"]');
  await page.fill('dialog label:has-text("Name") input >> nth=0', 'teens');
  await page.click('dialog button.main');
  await page.waitForSelector('button[aria-label="Edit: teens"]', { timeout: 60000 });
  await becomes(SERVICE, NXDOMAIN);
  await page.click('button[aria-label="Edit: teens"]');
  await page.click('dialog button.danger');
  await page.click('dialog button.danger >> text=Yes');
  await page.waitForSelector('.toast >> text=/is gone/', { timeout: 60000 });
  await becomes(SERVICE, ANSWERED);
  await close();
});

test('who guesses waits; a second factor; a viewer looks', async () => {
  const owner = await open();
  await owner.go('access');
  await owner.page.click('button >> text=Switch on');
  const secret = await owner.page.locator('dialog .mono').innerText();
  await owner.check('the second factor');
  await owner.page.fill('dialog input', code(secret, 0));
  await owner.page.click('dialog button.main');
  await owner.page.waitForSelector('.toast >> text=The second factor is on.');
  await owner.page.click('main .segments >> text=Viewer');
  const [old, fresh] = await owner.page.locator('main input[type=password]').all();
  await old?.fill(PASSWORD);
  await fresh?.fill(VIEWER);
  await owner.page.click('button >> text=Change');
  await owner.page.waitForSelector('.toast >> text=The password is changed.');

  const guest = await open({ login: undefined, quiet: /401|429/ });
  await guest.go('login');
  await guest.page.fill('input[name=password]', 'a wrong one');
  await guest.page.click('button.main');
  await guest.page.waitForSelector('.wrong:not(:empty)');
  await submitted(guest.page, '.wrong >> text=/Try again in/');
  await guest.check('locked out');
  await guest.page.fill('input[name=password]', PASSWORD);
  await submitted(guest.page, 'input[name=code]');
  // A code is good once: the next one is taken a little early.
  await guest.page.fill('input[name=code]', code(secret, 1));
  await submitted(guest.page, '.rail');
  await guest.close();

  const viewer = await open({ login: undefined, quiet: /403/ });
  await viewer.go('login');
  await viewer.page.click('.segments >> text=Viewer');
  await viewer.page.fill('input[name=password]', VIEWER);
  await viewer.page.click('button.main');
  await viewer.page.waitForSelector('.rail');
  await viewer.go('home');
  assert.ok(await viewer.page.locator('.big').isDisabled());
  const pressed = () => fetch('/api/v1/button', { method: 'POST', headers: { 'x-trackless': '1', 'content-type': 'application/json' }, body: '{"state":"off"}' }).then((answer) => answer.status);
  assert.equal(await viewer.page.evaluate(pressed), 403);
  await becomes(TRACKER, NXDOMAIN);
  await viewer.close();

  await owner.page.click('button >> text=Switch off');
  await owner.page.fill('dialog input', PASSWORD);
  await owner.page.click('dialog button.danger');
  await owner.page.waitForSelector('.toast >> text=The second factor is off.');
  await owner.close();
});

test('everything is forgotten', async () => {
  const { page, go, close } = await open();
  await go('companies');
  await page.waitForSelector('td >> text=Google');
  await go('privacy');
  await page.locator('main select').nth(1).selectOption('');
  await page.click('main button.danger');
  await page.click('dialog button.danger');
  await page.waitForSelector('.toast');
  await go('companies');
  await page.waitForSelector('.empty');
  await close();
});
