// A browser and the mock, for as long as a file of tests runs.

import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import { server } from './mock.mjs';
import { launch, open as window } from './window.mjs';

/** Where pictures are left; nowhere if it is not set. */
export const SHOTS = process.env.SHOTS;

/** @type {import('playwright-core').Browser} */
let browser;
/** Where the dashboard is. */
export let home = '';

before(async () => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  home = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  browser = await launch();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

/** @param {NonNullable<Parameters<typeof window>[2]>} [how] */
export const open = (how) => window(browser, home, how);
