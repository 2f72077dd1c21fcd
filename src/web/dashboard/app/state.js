// What several pages share: who is logged in, the button, today's figures, short messages.

import { signal } from '../vendor/preact.js';
import { api, Failure, whenLoggedOut } from './api.js';
import { t } from './words.js';

/** @typedef {import('./contract').Session} Session */
/** @typedef {import('./contract').Status} Status */

/** @type {import('../vendor/preact.js').Signal<Session | null>} */
export const session = signal(null);
/** @type {import('../vendor/preact.js').Signal<Status | null>} */
export const status = signal(null);
/** Goes up with every change the server tells of; pages that show data ask again. */
export const changed = signal(0);
/** Whether the server can be reached. */
export const reached = signal(true);

/** @typedef {{ id: number, text: string, undo?: (() => void) | undefined, own: boolean }} Toast own: in the server's words */
/** @type {import('../vendor/preact.js').Signal<Toast[]>} */
export const toasts = signal([]);
let count = 0;

/**
 * A line that goes away by itself.
 * @param {string} text
 * @param {() => void} [undo]
 * @param {boolean} [own] it is in the server's words
 */
export function tell(text, undo, own = false) {
  const id = (count += 1);
  toasts.value = [...toasts.value.slice(-2), { id, text, undo, own }];
  setTimeout(() => dropToast(id), undo ? 12000 : 6000);
}

/** @param {number} id */
export function dropToast(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** One line for whatever went wrong. @param {unknown} failure */
export function line(failure) {
  if (failure instanceof Failure && failure.status === 0) return t('error.unreachable');
  return failure instanceof Error && failure.message ? failure.message : t('error.unknown');
}

/**
 * Does it, and says in a line if it could not.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
export async function attempt(work) {
  try {
    return await work();
  } catch (failure) {
    tell(line(failure), undefined, failure instanceof Failure && failure.status > 0);
    return undefined;
  }
}

export const isOwner = () => session.value?.scope === 'admin';

/** @type {(() => void) | null} */
let hangUp = null;

/** Asks who we are; listens for news while logged in. */
export async function enter() {
  session.value = await api.get('/session');
  if (session.value?.state !== 'in') {
    hangUp?.();
    hangUp = null;
    return;
  }
  status.value = await api.get('/status');
  hangUp ??= api.events('/events', {
    status: (news) => { status.value = news; },
    button: (news) => {
      if (status.value) status.value = { ...status.value, button: news };
    },
    changed: () => { changed.value += 1; },
  }, (open) => { reached.value = open; });
}

export async function leave() {
  await attempt(() => api.delete('/session'));
  status.value = null;
  await enter();
  location.hash = '#/home';
}

whenLoggedOut(() => {
  if (session.value?.state === 'in') void enter();
});

/**
 * Presses the button of the house, or of one device.
 * @param {{ state: 'on' | 'off' | 'follow', seconds?: number, until?: 'tomorrow', device?: string }} press
 */
export async function pressButton(press) {
  const button = await attempt(() => api.post('/button', press));
  if (button && !press.device && status.value) status.value = { ...status.value, button };
  if (button) changed.value += 1;
  return button;
}
