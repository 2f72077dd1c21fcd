// The way to the server: JSON there and back, one line for whatever went wrong.

const BASE = '/api/v1';

/** What the server (or the way to it) could not do, in one line for a person. */
export class Failure extends Error {
  /**
   * @param {string} text
   * @param {number} status 0: no answer at all
   * @param {string} type
   * @param {number | null} retry seconds
   */
  constructor(text, status, type = '', retry = null) {
    super(text);
    this.status = status;
    this.type = type;
    this.retry = retry;
  }
}

/** @type {(failure: Failure) => void} */
let onUnknown = () => {};

/** @param {(failure: Failure) => void} f called when the login is over */
export function whenLoggedOut(f) {
  onUnknown = f;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function ask(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json' };
  // No page of somebody else can send this header without being asked first, which we refuse.
  if (method !== 'GET') headers['x-trackless'] = '1';
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-cache',
      // What is to be forgotten is, also when the page is left in that moment.
      keepalive: method === 'DELETE',
    });
  } catch {
    throw new Failure('', 0);
  }
  const text = await response.text();
  const said = /json/.test(response.headers.get('content-type') ?? '') && text ? JSON.parse(text) : null;
  if (response.ok) return said;
  const retry = Number(response.headers.get('retry-after')) || null;
  const failure = new Failure(said?.detail ?? said?.title ?? response.statusText, response.status, said?.type, retry);
  if (response.status === 401 && path !== '/session') onUnknown(failure);
  throw failure;
}

/**
 * A path with its question; what is null or empty is left out.
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} asked
 */
export function query(path, asked) {
  const given = Object.entries(asked).filter(([, value]) => value !== null && value !== undefined && value !== '');
  if (!given.length) return path;
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return path + (path.includes('?') ? '&' : '?') + search;
}

export const api = {
  /** @param {string} path */
  get: (path) => ask('GET', path),
  /** @param {string} path @param {unknown} [body] */
  post: (path, body) => ask('POST', path, body),
  /** @param {string} path @param {unknown} body */
  put: (path, body) => ask('PUT', path, body),
  /** @param {string} path @param {unknown} [body] */
  delete: (path, body) => ask('DELETE', path, body),

  /**
   * All pages of a list, at most `most` items.
   * @param {string} path
   * @returns {Promise<any[]>}
   */
  async all(path, most = 2000) {
    /** @type {any[]} */
    const items = [];
    let after = null;
    do {
      const page = await ask('GET', query(path, { limit: 500, after }));
      items.push(...page.items);
      after = page.next;
    } while (after && items.length < most);
    return items;
  },

  /**
   * Events as they come; the browser connects again by itself.
   * @param {string} path
   * @param {Record<string, (data: any) => void>} handlers
   * @param {(open: boolean) => void} [state]
   * @returns {() => void} closes it
   */
  events(path, handlers, state) {
    const source = new EventSource(BASE + path);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.onopen = () => state?.(true);
    source.onerror = () => state?.(false);
    return () => source.close();
  },

  /** @param {string} path the address of a download */
  address: (path) => BASE + path,
};
