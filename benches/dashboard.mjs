// A year of a busy home in a browser: how long each page takes from the click until all of it is there,
// and what ten browsers that reload pages all the time do to those who ask for names.
// Usage: node benches/dashboard.mjs PATH/TO/trackless DATA, with DATA made by
// `cargo bench --bench history -- --make DATA`. Needs Linux, Chromium and dnsperf, and
// `npm ci` in tests/browser; and three cores, as ten browsers get nothing done beside dnsperf on one: then
// there is no second figure.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { askAll, start, upstream } from '../tests/browser/real/server.mjs';
import { DESK, launch, pages, PHONE, settled } from '../tests/browser/window.mjs';

const BROWSERS = 10;
const RATE = 2000;
const SECONDS = 60;
const COMPANY = 'Company number 3';
const DEVICE = 'device-00000003';
const [program, data] = process.argv.slice(2);
if (!program || !data) throw new Error('say where the program and a year of data are');

const folder = mkdtempSync(`${tmpdir()}/year-`);
symlinkSync(data, `${folder}/data`);
const far = await upstream();
// The server has core 0 for itself, dnsperf core 1.
const pin = (/** @type {number} */ pid, /** @type {number} */ core) => execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
const server = await start(program, folder, `upstream: udp://127.0.0.1:${far.address().port}\naccess: { rate: 0 }\n`);
pin(server.pid, 0);
// Browsers are this process's, and may be everywhere else.
execFileSync('taskset', ['-a', '-p', '-c', `${Math.min(2, cpus().length - 1)}-${cpus().length - 1}`, String(process.pid)], { stdio: 'ignore' });
await askAll(server.dns, Array.from({ length: 200 }, (_, i) => `name-${i}.example.org`), '127.0.0.1');
const browser = await launch();
const context = await browser.newContext({ viewport: DESK });
const answer = await context.request.post(`${server.home}/api/v1/setup`, { headers: { 'x-trackless': '1' }, data: { code: server.setup.split('code=')[1], password: 'correct horse battery' } });
if (!answer.ok()) throw new Error(await answer.text());
const login = await context.storageState();
await context.close();
const names = pages(DEVICE, COMPANY).filter((name) => !['welcome', 'nowhere'].includes(name));

/** @param {typeof DESK} viewport */
const open = async (viewport) => {
  const page = await (await browser.newContext({ viewport, storageState: login, reducedMotion: 'reduce' })).newPage();
  await page.goto(`${server.home}/#/more`);
  await settled(page);
  return page;
};

/** Milliseconds until all of a page is there. @param {import('playwright-core').Page} page @param {string} name */
const visit = (page, name) => page.evaluate((hash) => new Promise((resolve) => {
  const began = performance.now();
  location.hash = hash;
  const look = () => {
    const there = document.querySelector('main h1, main .empty') && !document.querySelector('.bones');
    if (there && performance.now() - began > 50) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
}), `#/${name}`);

console.log('| page | desk, ms | phone, ms |\n|---|---|---|');
const [desk, phone] = [await open(DESK), await open(PHONE)];
for (const name of names) {
  const times = [];
  for (const page of [desk, phone]) {
    const of = [];
    for (let n = 0; n < 3; n += 1) {
      await visit(page, 'more');
      of.push(await visit(page, name));
    }
    times.push(of.sort((a, b) => a - b)[1] ?? 0);
  }
  console.log(`| ${name} | ${times.map((time) => time.toFixed(0)).join(' | ')} |`);
}
await Promise.all([desk, phone].map((page) => page.context().close()));

writeFileSync(`${folder}/queries`, Array.from({ length: 200 }, (_, i) => `${i % 2 ? 'stats.g.doubleclick.net' : `name-${i}.example.org`} A\n`).join(''));
/** Latencies of answers at an even pace, in milliseconds, sorted. */
async function latencies() {
  const asker = spawn('taskset', ['-c', '1', 'nice', '-n', '-15', 'dnsperf', '-s', '127.0.0.1', '-p', String(server.dns), '-d', `${folder}/queries`, '-Q', String(RATE), '-l', String(SECONDS), '-c', '4', '-v'], { stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {number[]} */
  const times = [];
  for await (const line of createInterface({ input: /** @type {any} */ (asker.stdout) })) {
    const [mark, , , , seconds] = line.split(' ');
    if (mark === '>') times.push(Number(seconds) * 1000);
  }
  return times.sort((a, b) => a - b);
}
/** @param {string} what @param {number[]} times */
const tell = (what, times) => console.log(`${what}: ${[50, 99, 99.9].map((part) => `p${part} ${(times[Math.floor(times.length * part / 100)] ?? NaN).toFixed(3)} ms`).join(', ')} of ${times.length} answers`);

tell('nobody looks', await latencies());
let reloads = 0;
let goes = true;
const all = await Promise.all(Array.from({ length: BROWSERS }, () => open(DESK)));
const loops = all.map(async (page, n) => {
  for (let at = n; goes; at += 1) {
    await page.goto(`${server.home}/#/${names[at % names.length]}`);
    await page.reload();
    await settled(page).catch(() => {});
    reloads += 1;
  }
});
const busy = await latencies();
const told = reloads;
goes = false;
await Promise.all(loops);
if (!told) throw new Error('no page was reloaded meanwhile: the figure says nothing');
tell(`${BROWSERS} browsers reload (${told} pages)`, busy);
tell('nobody looks', await latencies());

await browser.close();
await server.stop();
far.close();
rmSync(folder, { recursive: true });
