// A server that looks like Trackless from a browser: the dashboard's files under the real CSP, and
// all of /api/v1 from a household that never was. Needs nothing but Node.
//
//   node mock.mjs [port]             http://127.0.0.1:8054, logged out
//   MOCK=setup|owner|viewer          begins in that state (a page may also ask: /?mock=owner)
//
// The password is `correct horse battery`, the code of the setup K7QF-29XM, of the login 123456.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { change } from './mock/changes.mjs';
import { asked, button, get } from './mock/answers.mjs';
import { devices } from './mock/household.mjs';
import { fresh } from './mock/people.mjs';

const FILES = fileURLToPath(new URL('../../src/web/dashboard/', import.meta.url));
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };

let house = fresh(Date.now() / 1000);

/** @param {string} state as in MOCK, words joined with `,` */
export function begin(state) {
  house = fresh(Math.floor(Date.now() / 1000));
  for (const word of state.split(',')) {
    if (word === 'setup' || word === 'owner' || word === 'viewer' || word === 'anonymous') house.login = word;
    if (word === 'totp') house.totp = true;
    if (word === 'empty') house.empty = true;
    if (word === 'paused') house.button = { state: 'paused', until: Math.floor(Date.now() / 1000) + 600 };
    if (word === 'off') house.button = { state: 'off', until: null };
    if (word === 'nobody') house.me = null;
  }
}

function session() {
  const state = house.login === 'setup' || house.login === 'anonymous' ? house.login : 'in';
  const me = house.me;
  return {
    state, version: '0.9.0', totp: house.totp,
    ...(state === 'in' ? { name: house.login, scope: house.login === 'owner' ? 'admin' : 'read' } : {}),
    device: me === null ? null : { key: devices[me].key, name: devices[me].name, button: button(house.own.get(me) ?? house.button), may_press: true, most_seconds: 3600 },
  };
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {unknown} body */
function say(response, status, body) {
  const problem = status >= 400;
  response.writeHead(status, { 'content-type': problem ? 'application/problem+json' : 'application/json', 'cache-control': 'no-cache' });
  response.end(body === undefined || body === null ? '' : JSON.stringify(body));
}

/** @param {import('node:http').ServerResponse} response @param {(send: (event: string, data: any, id?: number) => void) => void} tick @param {number} every ms */
function stream(response, tick, every) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': hello\n\n');
  const timer = setInterval(() => tick((event, data, id) => response.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`)), every);
  response.on('close', () => clearInterval(timer));
}

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response @param {URL} url */
async function answer(request, response, url) {
  const path = url.pathname.slice('/api/v1'.length);
  if (path === '/session' && request.method === 'GET') return say(response, 200, session());
  if (request.method !== 'GET') {
    if (request.headers['x-trackless'] !== '1') return say(response, 403, { title: 'Forbidden', detail: 'The header X-Trackless is missing.' });
    let text = '';
    for await (const chunk of request) text += chunk;
    const [status, body] = change(house, request.method ?? '', path, text ? JSON.parse(text) : {});
    return say(response, status, body);
  }
  if (house.login === 'setup' || house.login === 'anonymous') return say(response, 401, { title: 'Unauthorized', detail: 'Log in first.' });
  if (path === '/events') return stream(response, (send) => { send('status', get(house, '/status', new URLSearchParams())); send('button', button(house.button)); }, 5000);
  if (path === '/live/stream') {
    let n = 41;
    return stream(response, (send) => { if (!house.empty) send('asked', asked(n), n); n += 1; }, 400);
  }
  if (path === '/ca.pem' || path === '/apple.mobileconfig') return response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('made up');
  if (path === '/export') return response.writeHead(200, { 'content-type': 'text/csv' }).end('device,company\n');
  if (path.startsWith('/recordings/')) return house.recording ? say(response, 200, house.recording) : say(response, 404, { detail: 'That recording is over.' });
  const body = get(house, path, url.searchParams);
  return body === undefined ? say(response, 404, { title: 'Not Found', detail: 'There is nothing of that name.' }) : say(response, 200, body);
}

export const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://mock');
  response.setHeader('content-security-policy', CSP);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  if (url.searchParams.has('mock')) begin(String(url.searchParams.get('mock')));
  if (url.pathname.startsWith('/api/v1/')) return answer(request, response, url);
  const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
  const type = TYPES[/** @type {keyof TYPES} */ (extname(path))];
  try {
    if (!type) throw new Error('no such type');
    const body = await readFile(join(FILES, path));
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  begin(process.env.MOCK ?? 'anonymous');
  server.listen(Number(process.argv[2] ?? 8054), '127.0.0.1', () => console.log(server.address()));
}
