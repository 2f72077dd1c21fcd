// The dashboard in a real browser, against the mock: every page at a phone's and a desk's size, light
// and dark. No error, no request to anywhere else, nothing wider than the window, nothing that axe
// calls serious; and the ways through it that people go.
//
//   node --test pages.mjs            needs Chromium (CHROMIUM names another than /usr/bin/chromium)
//   SHOTS=folder node --test …       leaves a picture of every page there

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { devices } from './mock/household.mjs';
import { CODE, PASSWORD, SETUP } from './mock/people.mjs';
import { begin } from './mock.mjs';
import { home, open, SHOTS } from './mocked.mjs';
import { DESK, pages, PHONE } from './window.mjs';

const FILES = new URL('../../src/web/dashboard/', import.meta.url);
const PAGES = pages(devices[4].key, 'Google');

// All four of size and colour are looked at with the real server: real/house.mjs.
for (const [size, where, colour, language] of /** @type {const} */ ([[PHONE, 'phone', 'dark', 'de-DE'], [DESK, 'desk', 'light', 'en-GB']])) {
  test(`every page: ${where}, ${colour}, ${language}`, async () => {
    begin('owner');
    const { page, go, check, close } = await open({ size, colour, language });
    for (const name of PAGES) {
      await go(name);
      await check(name);
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name.replace(/\W+/g, '-')}-${where}-${colour}-${language}.png`, fullPage: true });
    }
    await close();
  });
}

test('a house where nothing was asked', async () => {
  begin('owner,empty');
  const { go, check, close } = await open({ size: PHONE });
  for (const name of PAGES.filter((one) => !/^(device|company)\//.test(one))) {
    await go(name);
    await check(`empty ${name}`);
  }
  await close();
});

test('before the login: setup, login, a device’s own button', async () => {
  for (const [state, name] of [['setup', 'setup?code=K7QF-29XM'], ['anonymous', 'login'], ['anonymous,totp', 'login'], ['anonymous', 'home'], ['anonymous,nobody', 'home'], ['anonymous,paused', 'home']]) {
    for (const [size, colour] of /** @type {const} */ ([[PHONE, 'light'], [DESK, 'dark']])) {
      begin(String(state));
      const { page, go, check, close } = await open({ size, colour });
      await go(String(name));
      await check(`${state} ${name}`);
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${state}-${String(name).split('?')[0]}-${size.width}.png`, fullPage: true });
      await close();
    }
  }
});

test('a new user sets a password, sees the device, presses the button', async () => {
  begin('setup');
  const { page, go, check, close } = await open({ size: PHONE });
  await go(`setup?code=${SETUP}`);
  await page.fill('input[name=password]', 'short');
  await page.click('button.main');
  assert.match(await page.locator('.wrong').innerText(), /10 characters/);
  await page.fill('input[name=password]', PASSWORD);
  await page.click('button.main');
  await page.waitForSelector(`text=You are ${devices[0].name}`);
  assert.ok(!page.url().includes(SETUP), 'the code stays in the address');
  await page.click('.big');
  await page.click('dialog >> text=10 minutes');
  await page.waitForSelector('text=/^Paused until \\d\\d:\\d\\d$/');
  await page.click('.big');
  await page.waitForSelector('.big.on');
  await close();
});

test('a wrong password, a code, a lockout are each one line', async () => {
  begin('anonymous,totp');
  const { page, go, check, close } = await open({ quiet: /401|429/ });
  await go('login');
  await page.fill('input[name=password]', 'wrong');
  await page.fill('input[name=code]', CODE);
  await page.click('button.main');
  await page.waitForSelector('text=That is not the password.');
  await page.fill('input[name=password]', PASSWORD);
  await page.fill('input[name=code]', '000000');
  await page.click('button.main');
  await page.waitForSelector('text=/code is not right/');
  await page.fill('input[name=code]', CODE);
  await page.click('button.main');
  await page.waitForSelector('.rail');
  await close();
});

test('without a login, a device pauses itself and no more', async () => {
  begin('anonymous');
  const { page, go, check, close } = await open({ size: PHONE });
  await go('home');
  await page.click('.big');
  assert.deepEqual(await page.locator('dialog .stack button').allInnerTexts(), ['10 minutes', '1 hour']);
  await page.click('dialog >> text=1 hour');
  await page.waitForSelector('.big.paused');
  await close();
});

test('a viewer looks and changes nothing', async () => {
  begin('viewer');
  const { page, go, close } = await open();
  await go('home');
  assert.ok(await page.locator('.big').isDisabled());
  for (const name of PAGES) {
    await go(name);
  }
  await close();
});

test('the picture: the same data make the same picture, keys go through it, a choice is made', async () => {
  begin('owner');
  const { page, go, check, close } = await open();
  await go('constellation');
  const shape = () => page.locator('.dots').evaluate((dots) => dots.outerHTML);
  const first = await shape();
  await go('home');
  await go('constellation');
  assert.equal(await shape(), first);
  assert.equal(await page.locator('.dots circle[fill]').count(), 26, '25 companies and the rest');
  await page.focus('.sky svg');
  await page.keyboard.press('ArrowRight');
  const here = await page.locator('.says').innerText();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await page.locator('.says').innerText(), here);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.panel');
  await check('the panel');
  await page.fill('input[type=search]', 'Microsoft');
  await page.waitForSelector('.focus text >> text=Microsoft');
  await page.click('.segments >> text=Streams');
  await page.waitForSelector('.streams path', { state: 'attached' });
  await check('streams');
  await page.click('.segments >> text=Table');
  await page.fill('input[type=search]', '');
  await page.waitForSelector('td >> text=Google');
  await page.waitForSelector('td .chip >> text=needed');
  await check('the table');
  await page.click('.segments >> text=Picture');
  await page.click('.legend >> text=Advertising');
  await page.waitForFunction((before) => document.querySelector('.dots')?.outerHTML !== before, first);
  await close();
});

test('a company is refused for a profile, and that is taken back', async () => {
  begin('owner');
  const { page, go, check, close } = await open({ size: PHONE });
  await go('company/Meta');
  await page.selectOption('main .field select', 'p:kids');
  await page.click('button >> text=Refuse');
  await page.waitForSelector('.list >> text=you refuse it');
  await page.click('.toast >> text=Undo');
  await page.waitForFunction(() => !document.querySelector('.list .chip.block'));
  await close();
});

test('live: lines come, one is explained and let through', async () => {
  begin('owner');
  const { page, go, check, close } = await open();
  await go('live');
  await page.waitForSelector('.asked li.block');
  const count = await page.locator('.asked li').count();
  await page.waitForFunction((before) => document.querySelectorAll('.asked li').length > before, count);
  await page.click('text=Hold');
  await page.locator('.asked li.block button').first().click();
  await page.waitForSelector('dialog .rules');
  await check('why');
  await page.click('dialog button >> text=Let through');
  await page.waitForSelector('.toast');
  await close();
});

test('record: sites and their trackers, gone on close', async () => {
  begin('owner');
  const { page, go, check, close } = await open({ size: PHONE });
  await go('record');
  await page.click('button.main');
  await page.waitForSelector('text=/seen together in 3 of 4 visits/');
  await check('recording');
  const gone = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/recordings/'));
  await page.evaluate(() => { location.hash = '#/home'; });
  await gone;
  await close();
});

test('a setting: what is wrong with it, saved, taken back', async () => {
  begin('owner');
  const { page, go, check, close } = await open({ quiet: /422/ });
  await go('settings');
  await page.fill('#setting-level', 'much!');
  await page.click('.setting button.main');
  await page.waitForSelector('text=/relaxed, balanced or strict/ >> nth=1');
  await page.fill('#setting-level', 'strict');
  await page.click('.setting button.main');
  await page.waitForSelector('.toast');
  await close();
});

test('in German nothing that the server says is English, but for what has no words yet', async () => {
  begin('owner');
  const { page, go, close } = await open({ language: 'de-DE' });
  const texts = async () => (await page.locator('main').innerText()).replace(/\s+/g, ' ');
  const said = await page.request.get(`${home}/api/v1/status`).then((answer) => answer.json());
  const { items: alerts } = await page.request.get(`${home}/api/v1/alerts`).then((answer) => answer.json());
  const { items: lists } = await page.request.get(`${home}/api/v1/lists`).then((answer) => answer.json());
  const { items: changes } = await page.request.get(`${home}/api/v1/changes`).then((answer) => answer.json());
  const { files } = await page.request.get(`${home}/api/v1/kept`).then((answer) => answer.json());
  /** @type {[string, string[], string][]} */
  const shown = [['home', said.problems.flatMap((/** @type {any} */ one) => [one.text, one.mend]), 'Ihr Server antwortet nicht'],
    ['alerts', alerts.map((/** @type {any} */ one) => one.text), 'zum ersten Mal'],
    ['alerts', changes.map((/** @type {any} */ one) => one.what && one.text).filter(Boolean), 'Der Knopf ist für 10 Minuten aus.'],
    ['privacy', files.map((/** @type {any} */ one) => one.text), 'Kopien von Listen'],
    ['lists', lists.flatMap((/** @type {any} */ one) => [one.error, one.refused]).filter(Boolean), 'ganze Top-Level-Domain']];
  for (const [name, english, german] of shown) {
    await go(name);
    const text = await texts();
    assert.ok(english.length > 1 && text.includes(german), `${name}: ${text}`);
    for (const line of english) assert.ok(!text.includes(line), `${name}: ${line}`);
  }
  await page.route('**/api/v1/status', (route) => route.fulfill({ json: { ...said, problems: [{ kind: 'list', what: 'unheard of', given: {}, text: 'Something new.', mend: 'Look.' }] } }));
  await go('home');
  await page.reload();
  await page.waitForSelector('.note [lang=en] >> text=Something new.');
  await go('alerts');
  await page.waitForSelector('.list [lang=en] >> text=something that an older version wrote down');
  await page.waitForSelector('.list >> text=Profil „kids“');
  await close();
});

test('companies that people need are shown when asked for, and say so', async () => {
  begin('owner');
  const { page, go, check, close } = await open();
  await go('companies');
  const needed = page.locator('td .chip >> text=needed');
  assert.equal(await needed.count(), 0);
  await page.click('main .tick input');
  await page.waitForSelector('td .chip >> text=needed');
  await check('with those that are needed');
  await page.locator('tr:has(.chip:text-is("needed")) a').first().click();
  await page.waitForSelector('.note >> text=It follows nobody');
  await close();
});

test('to forget asks once more, and says what was forgotten', async () => {
  begin('owner');
  const { page, go, check, close } = await open();
  await go('privacy');
  await page.locator('main button.danger').click();
  await page.waitForSelector('dialog[open]');
  await check('forget');
  await page.click('dialog button.danger');
  await page.waitForSelector('.toast >> text=/Forgotten/');
  await close();
});

test('light and dark, English and German change at once and stay', async () => {
  begin('owner');
  const { page, go, check, close } = await open();
  await go('home');
  await page.selectOption('.rail select >> nth=0', 'dark');
  await page.selectOption('.rail select >> nth=1', 'de');
  await page.waitForSelector('text=Die letzten 24 Stunden');
  await page.reload();
  await page.waitForSelector('text=Die letzten 24 Stunden');
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await close();
});

test('both languages have the same words', async () => {
  const [en, de] = await Promise.all(['en', 'de'].map(async (language) => (await import(new URL(`strings/${language}.js`, FILES).href)).default));
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en)) {
    const places = (/** @type {unknown} */ word) => [...new Set(JSON.stringify(word).match(/\{\w+\}/g) ?? [])].sort();
    assert.deepEqual(places(de[key]), places(en[key]), key);
  }
});

test('all of it is at most 250 KB, compressed', () => {
  const all = readdirSync(FILES, { recursive: true, withFileTypes: true }).filter((file) => file.isFile() && /\.(html|js|css|svg|webmanifest)$/.test(file.name) && !file.parentPath.includes('entries'));
  const size = all.reduce((sum, file) => sum + gzipSync(readFileSync(`${file.parentPath}/${file.name}`), { level: 9 }).length, 0);
  console.log(`${all.length} files, ${Math.round(size / 1024)} KB compressed`);
  assert.ok(size <= 250 * 1024);
});

test('the first paint does not wait for what other pages need', async () => {
  begin('owner');
  const { page, close } = await open({ size: PHONE });
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.goto(`${home}/`);
  await page.waitForSelector('.big');
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  console.log(`first contentful paint, CPU 4 times slower: ${Math.round(paint)} ms`);
  const fetched = await page.evaluate(() => performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname));
  assert.ok(!fetched.some((path) => /uplot\.js|qr\.js|constellation/.test(path)), String(fetched));
  await close();
});
