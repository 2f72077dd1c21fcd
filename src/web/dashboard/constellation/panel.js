// Beside the picture: the node that was chosen, and what to do about it.

import { html } from '../vendor/preact.js';
import { Category, Needed } from '../components/category.js';
import { Choose } from '../components/choice.js';
import { Icon } from '../components/icon.js';
import { Ratio } from '../components/verdict.js';
import { to } from '../app/router.js';
import { t } from '../app/words.js';
import { sentenceOf } from './graph.js';

/**
 * @param {{ node: import('./layout.js').Node, onClose: () => void }} props
 */
export function Panel({ node, onClose }) {
  const company = node.kind === 'company';
  return html`<aside class="card panel" aria-label=${node.name}>
    <header><h2>${node.name}</h2><button class="do plain square" aria-label=${t('close')} onClick=${onClose}><${Icon} name="close" /></button></header>
    ${company && html`<div class="row tight"><${Category} of=${node.category} />${!node.follows && html`<${Needed} />`}</div>`}
    <p>${sentenceOf(node)}</p>
    ${company && html`<${Ratio} block=${node.block} rest=${node.through} />`}
    ${company && html`<${Choose} subject=${{ company: node.name }} />`}
    <a class="do" href=${company ? to('company', node.name) : to('device', node.id.slice(2))}>${t(company ? 'picture.openCompany' : 'picture.openDevice')}</a>
  </aside>`;
}
