// The two things this browser remembers: light or dark, and the language. Nothing else is kept.

import { signal } from '../vendor/preact.js';

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string | null} value */
function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch { /* storage may be forbidden: it holds until the page is closed */ }
}

const system = matchMedia('(prefers-color-scheme: dark)');

/** `system`, or what was chosen. */
export const theme = signal(read('theme') ?? 'system');
export const dark = signal(document.documentElement.dataset.theme === 'dark');

function paint() {
  dark.value = theme.value === 'system' ? system.matches : theme.value === 'dark';
  document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
}
system.addEventListener('change', paint);

/** @param {'system' | 'light' | 'dark'} chosen */
export function setTheme(chosen) {
  theme.value = chosen;
  write('theme', chosen === 'system' ? null : chosen);
  paint();
}

/** @returns {'en' | 'de'} */
function spoken() {
  const chosen = read('language') ?? navigator.languages?.[0] ?? 'en';
  return chosen.toLowerCase().startsWith('de') ? 'de' : 'en';
}

export const language = signal(spoken());

/** @param {'en' | 'de'} chosen */
export function setLanguage(chosen) {
  write('language', chosen);
  language.value = chosen;
}
