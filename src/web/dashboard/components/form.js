// Fields that several pages use.

import { html, useId, useRef, useState } from '../vendor/preact.js';
import { t } from '../app/words.js';

/** So many are seen without a search. */
const SEEN = 12;

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

/**
 * Any number of words: those there are, and a field for one more.
 * @param {{ label: string, about?: string, values: string[], onChange: (values: string[]) => void, known?: string[] }} props known: what is offered
 */
export function Words({ label, about, values, onChange, known = [] }) {
  const id = useId();
  const [next, setNext] = useState('');
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  function add() {
    const word = next.trim();
    if (word && !values.includes(word)) onChange([...values, word]);
    setNext('');
  }
  const remove = (/** @type {string} */ word) => {
    onChange(values.filter((one) => one !== word));
    field.current?.focus();
  };
  return html`<div class="field"><label for=${id}>${label}</label>
    ${values.length > 0 && html`<ul class="words">${values.map((word) => html`<li class="chip"><span>${word}</span><button type="button" aria-label=${t('form.remove', { name: word })} onClick=${() => remove(word)}>×</button></li>`)}</ul>`}
    <div class="row near"><input id=${id} class="grow" ref=${field} list=${`${id}-known`} aria-describedby=${about && `${id}-about`} autocomplete="off" spellcheck=${false} value=${next}
      onInput=${(/** @type {any} */ event) => setNext(event.target.value)} onBlur=${add}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }} />
      <button type="button" class="do" aria-label=${`${t('form.add')}: ${label}`} onClick=${add}>${t('form.add')}</button></div>
    <datalist id=${`${id}-known`}>${known.filter((word) => !values.includes(word)).map((word) => html`<option value=${word}></option>`)}</datalist>
    ${about && html`<small id=${`${id}-about`}>${about}</small>`}</div>`;
}

/** @typedef {{ key: string, name: string, group?: string }} Choosable */

/**
 * Some of many, with a search where there are more than one can see.
 * @param {{ label: string, all: Choosable[], chosen: string[], onChange: (chosen: string[]) => void }} props
 */
export function Some({ label, all, chosen, onChange }) {
  const [wanted, want] = useState('');
  const many = all.length > SEEN;
  const found = all.filter((one) => `${one.key} ${one.name} ${one.group ?? ''}`.toLowerCase().includes(wanted.toLowerCase()));
  const turn = (/** @type {string} */ key) => onChange(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
  return html`<fieldset class="some"><legend class="unseen">${label}</legend>
    ${many && html`<${Search} label=${t('form.search', { label })} value=${wanted} onInput=${want} />`}
    <p class="soft small" aria-live="polite">${t('form.chosen', { n: chosen.length, chosen: chosen.length ? chosen.map((key) => all.find((one) => one.key === key)?.name ?? key).join(', ') : t('form.none') })}</p>
    <ul class=${many ? 'ticks-list tall' : 'ticks-list'}>${found.map((one) => html`<li key=${one.key}><label><input type="checkbox" checked=${chosen.includes(one.key)} onChange=${() => turn(one.key)} /><span>${one.name}${one.group && html` <small class="soft">${one.group}</small>`}</span></label></li>`)}</ul>
    ${!found.length && html`<p class="soft">${t('nothingFound')}</p>`}</fieldset>`;
}
