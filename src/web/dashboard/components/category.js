// The colours of categories, told apart with any eyes, and their names.

import { html } from '../vendor/preact.js';
import { dark } from '../app/kept.js';
import { t } from '../app/words.js';

export const CATEGORIES = ['advertising', 'analytics', 'social', 'telemetry', 'session-replay', 'fingerprinting', 'consent', 'customer-interaction', 'media', 'hosting', 'other'];

// After Paul Tol's muted scheme; in the dark, its dark ones are lighter.
const LIGHT = ['#cc6677', '#332288', '#117733', '#c99a1a', '#882255', '#aa4499', '#44aa99', '#3f8fc4', '#999933', '#6b7a8f', '#9a9188'];
const DARK = ['#ec8d9b', '#9d92ef', '#5cc47e', '#e9c96a', '#d65c93', '#d884ca', '#63d0bd', '#8cd0f5', '#c6c65c', '#a3b2c7', '#b3aa9f'];

/** @param {string} category */
export function colour(category) {
  const at = Math.max(0, CATEGORIES.indexOf(category));
  return (dark.value ? DARK : LIGHT)[CATEGORIES.includes(category) ? at : CATEGORIES.length - 1] ?? '#999999';
}

/** @param {string} category */
export const categoryName = (category) => t(`category.${CATEGORIES.includes(category) ? category : 'other'}`);

/** @param {{ of: string }} props */
export const Category = ({ of }) => html`<span class="chip"><svg viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="5" fill=${colour(of)} /></svg>${categoryName(of)}</span>`;

/** That a company only has what people need. */
export const Needed = () => html`<span class="chip" title=${t('company.neededWhy')}>${t('company.needed')}</span>`;
