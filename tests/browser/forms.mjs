// Forms and dialogs of the dashboard in a real browser, against the mock: what is sent, with keys alone
// where they are what matters; and each dialog at a phone's and a desk's size, light and dark.
//
//   node --test forms.mjs            needs Chromium (CHROMIUM names another than /usr/bin/chromium)
//   SHOTS=folder node --test …       leaves a picture of every dialog there

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin } from './mock.mjs';
import { open, SHOTS } from './mocked.mjs';
import { DESK, PHONE } from './window.mjs';

// Dialogs stand above what the pages' own look has seen.
for (const [size, where] of /** @type {const} */ ([[PHONE, 'phone'], [DESK, 'desk']])) {
  for (const colour of /** @type {const} */ (['light', 'dark'])) {
    test(`dialogs: ${where}, ${colour}`, async () => {
      begin('owner');
      const { page, go, check, close } = await open({ size, colour, language: colour === 'dark' ? 'de-DE' : 'en-GB' });
      /** @type {[string, string, number][]} */
      const dialogs = [['profiles', 'main .card header button', 0], ['profiles', 'main .card header button', 2], ['profiles', '.head button', 0], ['profiles', '.head button', 1], ['lists', 'main .card .row .do.plain', 0]];
      for (const [name, button, nth] of dialogs) {
        await go(name);
        await page.locator(button).nth(nth).click();
        await page.waitForSelector('dialog[open] button.do >> nth=1');
        await page.waitForFunction(() => !document.querySelector('.bones'));
        await check(`${name}: dialog ${nth}`);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-dialog-${nth}-${where}-${colour}.png` });
        await page.keyboard.press('Escape');
        await page.waitForSelector('dialog', { state: 'detached' });
        const focused = await page.evaluate(() => document.activeElement?.tagName);
        assert.equal(focused, 'BUTTON', `${name}: the focus goes back to what opened the dialog`);
      }
      await close();
    });
  }
}

test('a profile is made, changed and removed by its form, with keys alone', async () => {
  begin('owner');
  const { page, go, check, close } = await open({ quiet: /422/ });
  const sent = () => page.waitForRequest((request) => ['PUT', 'DELETE'].includes(request.method()) && request.url().includes('/profiles/'));
  const press = async (/** @type {string} */ selector, key = 'Enter') => {
    await page.locator(selector).focus();
    await page.keyboard.press(key);
  };
  await go('profiles');
  await press('.head button >> nth=0');
  await page.waitForSelector('dialog[open] .segments');
  await page.keyboard.type('homework');
  await press('dialog .segments >> nth=0 >> button >> nth=1');
  await page.locator('dialog input[type=search]').focus();
  await page.keyboard.type('tiktok');
  await page.waitForFunction(() => document.querySelectorAll('dialog .ticks-list li').length === 1);
  await press('dialog .ticks-list input', 'Space');
  await press('dialog button >> text=Add a time');
  await press('dialog .days button >> nth=4', 'Space');
  await check('the form');
  const made = sent();
  await press('dialog button.main');
  assert.deepEqual((await made).postDataJSON(), { services: ['tiktok'], schedule: ['mon,tue,wed,thu 20:00-07:00 house'] });
  await page.waitForSelector('h2 >> text=homework');

  // What the form does not show, and what was not touched, is not sent.
  await page.click('button[aria-label="Edit: kids"]');
  await page.selectOption('dialog select >> nth=0', '');
  await page.locator('dialog label:text-is("Names refused") ~ .row input').fill('two words');
  await page.keyboard.press('Enter');
  const refused = sent();
  await page.click('dialog button.main');
  assert.deepEqual((await refused).postDataJSON(), { level: null, block: ['two words'] });
  await page.waitForSelector('dialog .wrong >> text=/is not a rule/');
  await page.click('dialog button[aria-label="Remove two words"]');
  const kept = sent();
  await page.click('dialog button.main');
  assert.deepEqual((await kept).postDataJSON(), { level: null });
  await page.waitForSelector('dialog', { state: 'detached' });

  // What names it follows; a name that is another's is not even sent.
  await page.click('button[aria-label="Edit: night"]');
  await page.fill('dialog label:has-text("Name") input >> nth=0', 'kids');
  await page.click('dialog button.main');
  await page.waitForSelector('dialog .wrong >> text=/already/');
  await page.fill('dialog label:has-text("Name") input >> nth=0', 'asleep');
  const renamed = sent();
  await page.click('dialog button.main');
  assert.deepEqual((await renamed).postDataJSON(), { name: 'asleep' });
  await page.waitForSelector('h2 >> text=asleep');
  await page.click('button[aria-label="Edit: asleep"]');
  await page.click('dialog button.danger');
  await page.click('dialog button.danger >> text=Yes');
  await page.waitForSelector('dialog .wrong >> text=/take it out there first/');
  await page.keyboard.press('Escape');
  await press('button[aria-label="Edit: homework"]');
  await press('dialog button.danger');
  await page.waitForFunction(() => document.activeElement?.textContent === 'Keep it');
  await check('really?');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.textContent === 'Remove profile');
  await page.keyboard.press('Enter');
  await press('dialog button.danger >> text=Yes');
  await page.waitForFunction(() => ![...document.querySelectorAll('h2')].some((head) => head.textContent === 'homework'));
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
  await close();
});

test('lists: subscribed to from the catalogue and by address, and left again', async () => {
  begin('owner');
  const { page, go, check, close } = await open({ size: PHONE, quiet: /422/ });
  await go('lists');
  await page.fill('input[type=search]', 'hagezi');
  await page.click('button[aria-label="Subscribe: hagezi-pro"]');
  await page.waitForSelector('h2 >> text=hagezi-pro');
  await page.fill('.add input >> nth=0', 'oisd-small');
  await page.fill('.add input >> nth=1', 'https://lists.example/own.txt');
  await page.click('.add button');
  await page.waitForSelector('.add .wrong >> text=/write a new one/');
  await page.fill('.add input >> nth=0', 'my own');
  await page.click('.add button');
  await page.waitForSelector('h2 >> text=my own');
  await check('lists');
  await page.click('button[aria-label="Unsubscribe: my own"]');
  await page.click('dialog button.danger');
  await page.waitForFunction(() => ![...document.querySelectorAll('h2')].some((head) => head.textContent === 'my own'));
  await close();
});
