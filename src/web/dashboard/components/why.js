// Why a name was refused or not: every rule that matches, which one won, and another choice.

import { html } from '../vendor/preact.js';
import { query } from '../app/api.js';
import { useData } from '../app/data.js';
import { t } from '../app/words.js';
import { Category } from './category.js';
import { Choose } from './choice.js';
import { Dialog } from './dialog.js';
import { Loading } from './states.js';
import { Verdict } from './verdict.js';

/** @typedef {import('../app/contract').Check} Check */

// It closes when a choice is made: what is told of it, and its undo, would be behind it.
/** @param {{ item: { name: string, type: string, key: string, device: string }, onClose: () => void }} props */
export function Why({ item, onClose }) {
  const check = useData(query('/check', { name: item.name, type: item.type, device: item.key }));
  return html`<${Dialog} title=${item.name} onClose=${onClose}>
    <${Loading} of=${check}>${(/** @type {Check} */ one) => html`
      <p class="row tight"><${Verdict} of=${one.verdict} />${one.category && html`<${Category} of=${one.category} />`}${one.company && html`<a href=${`#/company/${encodeURIComponent(one.company)}`} onClick=${onClose}>${one.company}</a>`}</p>
      ${one.rules.length
        ? html`<ul class="list rules">${one.rules.map((rule) => html`<li><span><code>${rule.rule}</code><small class="soft">${rule.list}${rule.line ? `, ${t('why.line', { line: rule.line })}` : ''}</small></span>
            <span class="row tight">${html`<${Verdict} of=${rule.action === 'allow' ? 'allow' : 'block'} />`}${rule.wins && html`<span class="chip pause">${t('why.wins')}</span>`}</span></li>`)}</ul>`
        : html`<p class="soft">${t('why.none')}</p>`}
      <h3>${t('why.change')}</h3><${Choose} onMade=${onClose} subject=${{ name: item.name }} device=${{ key: item.key, name: item.device }} />`}<//>
  <//>`;
}
