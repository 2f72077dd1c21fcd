// How the router, a phone or a browser comes to ask this Trackless, with its own addresses.

import { html, useState } from '../vendor/preact.js';
import { Segments } from '../components/form.js';
import { Icon } from '../components/icon.js';
import { Qr } from '../components/qr.js';
import { Head, Loading, Note } from '../components/states.js';
import { api } from '../app/api.js';
import { useData } from '../app/data.js';
import { session, tell } from '../app/state.js';
import { t } from '../app/words.js';

/** @typedef {import('../app/contract').SetupInfo} SetupInfo */

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell(t('copied'));
  } catch {
    // Without TLS a page may not use the clipboard.
    tell(text);
  }
}

/** Where a door is: one that is open at all addresses of the machine, at each of them. @param {SetupInfo} info @param {'dns' | 'tls' | 'https' | 'quic'} door */
function places(info, door) {
  const all = info[door].flatMap(({ address, port }) => {
    const every = address === '0.0.0.0' ? info.addresses.filter((one) => !one.includes(':')) : address === '::' ? info.addresses.filter((one) => one.includes(':')) : [address];
    return every.map((one) => ({ address: one, port, text: one.includes(':') ? `[${one}]:${port}` : `${one}:${port}` }));
  });
  return all.filter((one, i) => all.findIndex((other) => other.text === one.text) === i);
}

/** What a browser asks. @param {SetupInfo} info */
const templates = (info) => [...new Set(info.https.map(({ port }) => `https://${info.names[0] ?? info.addresses[0] ?? ''}${port === 443 ? '' : `:${port}`}/dns-query`))];

/** Something to type in elsewhere. @param {{ label: string, text: string }} props */
function Typed({ label, text }) {
  return html`<div class="typed"><span><small class="soft">${label}</small><code>${text}</code></span><button class="do" aria-label=${`${t('copy')}: ${text}`} onClick=${() => copy(text)}>${t('copy')}</button></div>`;
}

/** @param {{ names: string[] }} props */
const Steps = ({ names }) => html`<ol class="steps">${names.map((name) => html`<li>${t(name)}</li>`)}</ol>`;

/** @param {{ kind: string, info: SetupInfo }} props */
function Way({ kind, info }) {
  const name = info.names[0] ?? '';
  const authority = info.ca && html`<a class="do" href=${api.address('/ca.pem')} download><${Icon} name="download" />${t('help.ca')}</a>`;
  switch (kind) {
    case 'router':
      return html`<section class="card"><h2>${t('help.router')}</h2><p class="soft">${t('help.routerAbout')}</p>
        ${places(info, 'dns').map((one) => html`<${Typed} label=${t(one.address.includes(':') ? 'help.dnsToo' : 'help.dns')} text=${one.port === 53 ? one.address : one.text} />`)}
        <${Steps} names=${['help.router1', 'help.router2', 'help.router3']} /><${Note} title=${t('help.onlyOne')}>${t('help.onlyOneWhy')}<//></section>`;
    case 'android':
      return html`<section class="card"><h2>${t('help.android')}</h2><p class="soft">${t('help.androidAbout')}</p>
        ${info.tls.length && name ? html`<${Typed} label=${t('help.hostname')} text=${name} /><div class="row"><${Qr} text=${name} label=${t('help.qr', { text: name })} /></div><${Steps} names=${['help.android1', 'help.android2', 'help.android3']} />` : html`<${Note} title=${t('help.noTls')}>${t('help.noTlsWhy')}<//>`}</section>`;
    case 'apple':
      return html`<section class="card"><h2>${t('help.apple')}</h2><p class="soft">${t('help.appleAbout')}</p>
        ${info.https.length || info.tls.length ? html`<div class="row">${info.https.length > 0 && html`<a class="do main" href=${api.address('/apple.mobileconfig?kind=https')} download><${Icon} name="download" />${t('help.appleHttps')}</a>`}${info.tls.length > 0 && html`<a class="do" href=${api.address('/apple.mobileconfig?kind=tls')} download>${t('help.appleTls')}</a>`}${authority}</div>
          <div class="row"><${Qr} text=${`${location.origin}/`} label=${t('help.qr', { text: location.origin })} /><p class="soft grow">${t('help.appleQr')}</p></div><${Steps} names=${['help.apple1', 'help.apple2', 'help.apple3']} />` : html`<${Note} title=${t('help.noTls')}>${t('help.noTlsWhy')}<//>`}</section>`;
    default:
      return html`<section class="card"><h2>${t('help.browser')}</h2><p class="soft">${t('help.browserAbout')}</p>
        ${info.https.length ? html`${templates(info).map((url) => html`<${Typed} label=${t('help.template')} text=${url} />`)}<div class="row">${authority}</div><${Steps} names=${['help.browser1', 'help.browser2']} />` : html`<${Note} title=${t('help.noTls')}>${t('help.noTlsWhy')}<//>`}</section>`;
  }
}

export function Page() {
  const info = useData('/setup-info');
  const [kind, setKind] = useState('router');
  const me = session.value?.device;
  return html`<div class="page narrow"><${Head} title=${t('nav.help')} about=${t('help.about')} />
    ${me ? html`<${Note} calm title=${t('help.works', { name: me.name })}>${t('help.worksWhy')}<//>` : html`<${Note} title=${t('help.notYet')}>${t('help.notYetWhy')}<//>`}
    <${Segments} label=${t('help.which')} value=${kind} onChange=${setKind} options=${['router', 'android', 'apple', 'browser'].map((one) => [one, t(`help.tab.${one}`)])} />
    <${Loading} of=${info} lines=${6}>${(/** @type {SetupInfo} */ all) => html`<${Way} kind=${kind} info=${all} />
      <section class="card"><h2>${t('help.machine')}</h2><dl class="facts"><dt>${t('device.addresses')}</dt><dd class="mono">${all.addresses.join(', ')}</dd>${all.names.length > 0 && html`<dt>${t('help.names')}</dt><dd class="mono">${all.names.join(', ')}</dd>`}${all.suffix && html`<dt>${t('help.suffix')}</dt><dd class="mono">${all.suffix}</dd>`}
        ${/** @type {const} */ (['tls', 'https', 'quic']).filter((door) => all[door].length).map((door) => html`<dt>${t(`help.door.${door}`)}</dt><dd class="mono">${places(all, door).map((one) => one.text).join(', ')}</dd>`)}</dl></section>`}<//>
  </div>`;
}
