// Which page the address after # names. Pages are files of their own, fetched when first opened.

import { signal } from '../vendor/preact.js';

/** @typedef {{ page: string, rest: string[], query: URLSearchParams }} Route */

/** @returns {Route} */
function read() {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decoded);
  return { page: parts[0] ?? 'home', rest: parts.slice(1), query: new URLSearchParams(query) };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(read());

addEventListener('hashchange', () => {
  route.value = read();
});

/**
 * The address of a page, for `href`.
 * @param {string} page
 * @param {...string} rest
 */
export const to = (page, ...rest) => `#/${[page, ...rest].map(encodeURIComponent).join('/')}`;

/** @param {string} address as from `to` */
export function go(address) {
  location.hash = address;
}
