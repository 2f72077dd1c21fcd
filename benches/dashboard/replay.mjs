// A web server that only repeats what another one has said: the control of dashboard.mjs. Browsers have as
// much to do with it as with ours, and ours has nothing to do.
// Usage: node replay.mjs FILE, with all that it says as JSON: by path, `{ status, headers, body }`, the body in
// base64. It prints its port.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** @type {Record<string, { status: number, headers: Record<string, string>, body: string }>} */
const said = JSON.parse(readFileSync(String(process.argv[2]), 'utf8'));
const bodies = new Map(Object.entries(said).map(([path, { body }]) => [path, Buffer.from(body, 'base64')]));

const server = createServer((request, response) => {
  const path = request.url ?? '/';
  const one = said[path];
  if (path.startsWith('/api/v1/') && path.split('?')[0]?.match(/events|stream/)) {
    // What happens is told as long as somebody listens; here nothing does.
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': \n\n');
  } else if (!one) {
    response.writeHead(404).end();
  } else if (one.headers.etag && request.headers['if-none-match'] === one.headers.etag) {
    response.writeHead(304, one.headers).end();
  } else {
    response.writeHead(one.status, one.headers).end(bodies.get(path));
  }
});
server.listen(0, '127.0.0.1', () => console.log(/** @type {any} */ (server.address()).port));
