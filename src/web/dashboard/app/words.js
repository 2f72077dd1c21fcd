// Words in the reader's language. One file a language in strings/; only the one in use is fetched.

import { html, signal } from '../vendor/preact.js';
import { language } from './kept.js';

/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Word */
/** @type {import('../vendor/preact.js').Signal<Record<string, Word>>} */
const words = signal({});
let plural = new Intl.PluralRules('en');

/** Fetches the words of the language in use. */
export async function learn() {
  const file = language.value === 'de' ? await import('../strings/de.js') : await import('../strings/en.js');
  plural = new Intl.PluralRules(language.value);
  document.documentElement.lang = language.value;
  words.value = file.default;
}

/** @param {string} key @param {Record<string, unknown>} given */
function pick(key, given) {
  const word = words.value[key];
  if (word === undefined) return key;
  if (typeof word === 'string') return word;
  return word[plural.select(Number(given.n ?? 0))] ?? word.other ?? key;
}

/**
 * The words for `key`, its {places} filled; `n` chooses between one and many.
 * @param {string} key
 * @param {Record<string, unknown>} [given]
 */
export function t(key, given = {}) {
  return pick(key, given).replace(/\{(\w+)\}/g, (_, place) => String(given[place] ?? ''));
}

/**
 * As `t`, with elements in the places.
 * @param {string} key
 * @param {Record<string, unknown>} given
 */
export function rich(key, given) {
  return pick(key, given).split(/\{(\w+)\}/).map((part, i) => (i % 2 ? html`${given[part]}` : part));
}

/** Whether there are words for `key`. @param {string} key */
export const known = (key) => key in words.value;
