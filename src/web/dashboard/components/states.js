// Nothing there yet, not there yet, could not come: what a page shows instead of data.

import { html } from '../vendor/preact.js';
import { t } from '../app/words.js';
import { Icon, Mark } from './icon.js';

/** @typedef {import('../vendor/preact.js').ComponentChildren} Children */

/** @param {{ title: string, children?: Children }} props */
export function Empty({ title, children }) {
  return html`<div class="empty"><${Mark} /><b>${title}</b><div>${children}</div></div>`;
}

/** @param {{ lines?: number }} props */
export function Bones({ lines = 4 }) {
  return html`<div class="bones" role="status" aria-label=${t('loading')}>${Array.from({ length: lines }, () => html`<i></i>`)}</div>`;
}

/** @param {{ text: string }} props */
export const Wrong = ({ text }) => html`<p class="wrong" role="alert">${text}</p>`;

/**
 * Data, or what stands for it.
 * @param {{ of: { data: any, wrong: string, reload?: () => void }, lines?: number, children: (data: any) => Children }} props
 */
export function Loading({ of, lines, children }) {
  if (of.data !== undefined) return html`${of.wrong && html`<${Wrong} text=${of.wrong} />`}${children(of.data)}`;
  if (of.wrong) return html`<div class="stack"><${Wrong} text=${of.wrong} />${of.reload && html`<div><button class="do" onClick=${of.reload}>${t('again')}</button></div>`}</div>`;
  return html`<${Bones} lines=${lines} />`;
}

/** @param {{ title: Children, calm?: boolean, children?: Children }} props */
export function Note({ title, calm = false, children }) {
  return html`<div class=${calm ? 'note calm' : 'note'}><${Icon} name=${calm ? 'info' : 'warning'} /><div><b>${title}</b>${children && html`<p>${children}</p>`}</div></div>`;
}

/**
 * The head of a page.
 * @param {{ title: string, about?: Children, children?: Children, back?: string }} props
 */
export function Head({ title, about, children, back }) {
  return html`<header class="head"><div>
    ${back && html`<a class="do plain" href=${back}><${Icon} name="back" />${t('back')}</a>`}
    <h1>${title}</h1>${about && html`<p>${about}</p>`}</div>${children}</header>`;
}
