// Home: the button, and what became of today.

import { html } from '../vendor/preact.js';
import { BigButton } from '../components/press.js';
import { Bones, Empty, Loading, Note } from '../components/states.js';
import { Strip } from '../components/strip.js';
import { InWords, problemSaid } from '../components/trouble.js';
import { useData } from '../app/data.js';
import { number, percent } from '../app/format.js';
import { to } from '../app/router.js';
import { isOwner, pressButton, status } from '../app/state.js';
import { rich, t } from '../app/words.js';

/** @typedef {import('../app/contract').Status} Status */

/** Where a problem is mended. */
const MENDED = /** @type {Record<string, string>} */ ({ list: 'lists', upstream: 'upstreams', around: 'devices', hidden: 'help', history: 'privacy' });

/** The sentence of the day. @param {{ today: Status['today'] }} props */
export function Sentence({ today }) {
  if (!today.companies) return html`<${Empty} title=${t('home.nobody')}>${t('home.ask')}<//>`;
  const bold = (/** @type {number} */ n) => html`<b>${number(n)}</b>`;
  return html`<p class="sentence">
    ${rich('home.tried', { n: today.companies, companies: bold(today.companies), devices: bold(today.devices) })} ${' '}
    ${rich('home.stopped', { n: today.stopped, stopped: bold(today.stopped) })} ${' '}
    ${today.top && rich('home.top', { company: html`<a href=${to('company', today.top.company)}>${today.top.company}</a>`, reach: bold(today.top.devices), devices: bold(today.devices) })}
  </p>`;
}

/** @param {{ today: Status['today'] }} props */
function Figures({ today }) {
  /** @type {[string, string][]} */
  const figures = [['home.asked', number(today.queries)], ['home.refused', number(today.blocked)], ['home.share', today.queries ? percent(today.blocked / today.queries) : '–']];
  return html`<dl class="figures">${figures.map(([name, value]) => html`<div class="figure"><dt>${t(name)}</dt><dd><b>${value}</b></dd></div>`)}</dl>`;
}

export function Page() {
  const now = status.value;
  const hours = useData('/hours', { every: 60 });
  if (!now) return html`<div class="page"><${Bones} lines=${8} /></div>`;
  const { today, problems } = now;
  return html`<div class="page home">
    <h1 class="unseen">${t('nav.home')}</h1>
    <section class="hero">
      <${BigButton} button=${now.button} what=${t('button.house')} disabled=${!isOwner()} onPress=${pressButton} />
      <div class="stack"><${Sentence} today=${today} />${today.companies > 0 && html`<a class="do" href="#/constellation">${t('home.seeAll')}</a>`}</div>
    </section>
    ${problems.length > 0 && html`<section class="stack" aria-label=${t('home.problems')}>
      ${problems.map((one) => {
        const said = problemSaid(one);
        return html`<${Note} title=${html`<${InWords} of=${said.text} own=${said.own} />`}><${InWords} of=${said.mend} own=${said.own} />${MENDED[one.kind] && html` <a href=${`#/${MENDED[one.kind]}`}>${t('home.mend')}</a>`}<//>`;
      })}</section>`}
    <div class="grid">
      <section class="card"><header><h2>${t('home.day')}</h2><span class="key small soft"><i class="no"></i>${t('verdict.block')} <i class="let"></i>${t('verdict.pass')}</span></header>
        <${Loading} of=${hours}>${(/** @type {any} */ series) => (series.block.some((/** @type {number} */ n, /** @type {number} */ i) => n + series.pass[i] + series.allow[i] > 0) ? html`<${Strip} series=${series} />` : html`<p class="soft">${t('home.quiet')}</p>`)}<//>
        <${Figures} today=${today} /></section>
      <section class="card"><h2>${t('home.new')}</h2>
        ${today.new.length
          ? html`<ul class="list">${today.new.map((one) => html`<li><a href=${to('company', one.company)}>${one.company}</a><span class="soft small">${one.device}</span></li>`)}</ul>`
          : html`<p class="soft">${t('home.noneNew')}</p>`}</section>
    </div>
  </div>`;
}
