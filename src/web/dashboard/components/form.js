// Fields that several pages use.

import { html, useId } from '../vendor/preact.js';

/** @param {{ label: string, value: string, onInput: (value: string) => void }} props */
export function Search({ label, value, onInput }) {
  return html`<div class="search"><input type="search" aria-label=${label} placeholder=${label} value=${value} onInput=${(/** @type {any} */ event) => onInput(event.target.value)} /></div>`;
}

/**
 * @param {{ label: string, value: string, options: [string, string][], onChange: (value: string) => void, hide?: boolean }} props
 */
export function Select({ label, value, options, onChange, hide = false }) {
  const id = useId();
  return html`<div class="field"><label for=${id} class=${hide ? 'unseen' : ''}>${label}</label>
    <select id=${id} value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      ${options.map(([key, name]) => html`<option value=${key} selected=${key === value}>${name}</option>`)}</select></div>`;
}

/**
 * One of a few.
 * @param {{ label: string, value: string, options: [string, string][], onChange: (value: string) => void }} props
 */
export function Segments({ label, value, options, onChange }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(([key, name]) => html`<button type="button" aria-pressed=${key === value} onClick=${() => onChange(key)}>${name}</button>`)}</div>`;
}
