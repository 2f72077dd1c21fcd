// A year of a busy home in a browser: how long each page takes from the click until all of it is there,
// and what ten browsers that reload pages do to those who ask for names. The browsers of a home are on
// machines of their own, so they get all cores but the first, which the server and whoever asks share.
// Usage: node benches/dashboard.mjs PATH/TO/trackless DATA [SECONDS], with DATA made by
// `cargo bench --bench history -- --make DATA`; SECONDS of each measurement, 60 if not said. Needs Linux
// with two cores, Chromium and Python, and `npm ci` in tests/browser.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askAll, start, upstream } from '../tests/browser/real/server.mjs';
import { DESK, launch, pages, PHONE, settled } from '../tests/browser/window.mjs';

const BROWSERS = 10;
/** Milliseconds from one page to the next, of each. */
const EVERY = 10000;
const ROUNDS = 3;
/** Questions a second. */
const RATE = 1000;
const SECONDS = Number(process.argv[4] ?? 60);
/** Held ones, and one that is refused. */
const ASKED = Array.from({ length: 16 }, (_, i) => (i % 2 ? 'stats.g.doubleclick.net' : `name-${i}.example.org`));
const COMPANY = 'Company number 3';
const DEVICE = 'device-00000003';
const [program, data] = process.argv.slice(2);
if (!program || !data) throw new Error('say where the program and a year of data are');

/** Has this process, and what it starts, run on some cores alone. @param {string} cores */
const stay = (cores) => execFileSync('taskset', ['-a', '-cp', cores, String(process.pid)]);

stay('0');
const folder = mkdtempSync(`${tmpdir()}/year-`);
// What is left in it by one run would be in the way of the next.
cpSync(data, `${folder}/data`, { recursive: true });
const far = await upstream();
const server = await start(program, folder, `upstream: udp://127.0.0.1:${far.address().port}\naccess: { rate: 0 }\n`);
stay(`1-${cpus().length - 1}`);
// Also where something goes wrong.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
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

/** Seconds of a core that a process has used. @param {number} pid */
function used(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Latencies of answers, while some browsers reload pages. @param {string} what @param {number} browsers */
async function measured(what, browsers) {
  let loads = 0;
  let goes = true;
  const all = await Promise.all(Array.from({ length: browsers }, () => open(DESK)));
  const loops = all.map(async (page, n) => {
    // One after the other, as people come.
    await sleep((EVERY * n) / browsers);
    for (let at = n; goes; at += 1) {
      const next = sleep(EVERY);
      await page.goto(`${server.home}/#/${names[at % names.length]}`);
      await page.reload();
      await settled(page).catch(() => {});
      loads += 1;
      await next;
    }
  });
  await sleep(browsers ? EVERY : 0);
  const [before, began, spent] = [loads, Date.now(), used(server.pid)];
  const asker = spawn('taskset', ['-c', '0', 'python3', fileURLToPath(new URL('dashboard/asker.py', import.meta.url)), ...[server.dns, RATE, SECONDS, ...ASKED].map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {number[]} */
  const times = [];
  let lost = '?';
  for await (const line of createInterface({ input: /** @type {any} */ (asker.stdout) })) {
    if (line.startsWith('lost')) lost = line.slice(5);
    else times.push(Number(line) / 1000);
  }
  const seconds = (Date.now() - began) / 1000;
  const [loaded, core] = [(loads - before) / seconds, (used(server.pid) - spent) / seconds];
  goes = false;
  await Promise.all(loops);
  await Promise.all(all.map((page) => page.context().close()));
  if (browsers && !loaded) throw new Error('no page was loaded meanwhile: the figure says nothing');
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (times[Math.floor((times.length * part) / 100)] ?? NaN).toFixed(3);
  console.log(`| ${what} | ${loaded.toFixed(1)} | ${(core * 100).toFixed(1)} % | ${at(50)} | ${at(99)} | ${at(99.9)} | ${times.length} | ${lost} |`);
}

console.log('\n| who looks | pages/s | server, of a core | p50, ms | p99, ms | p99.9, ms | answers | lost |\n|---|---|---|---|---|---|---|---|');
for (let round = 0; round < ROUNDS; round += 1) {
  await measured('nobody', 0);
  await measured(`${BROWSERS} browsers`, BROWSERS);
}

await browser.close();
await server.stop();
far.close();
