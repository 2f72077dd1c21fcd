// The frame around every page, and which page is in it.

import { html, useEffect, useErrorBoundary, useRef, useState } from '../vendor/preact.js';
import { Rail } from '../components/rail.js';
import { Toasts } from '../components/toasts.js';
import { Bones, Empty } from '../components/states.js';
import { forgetSeen } from './data.js';
import { route } from './router.js';
import { reached, session } from './state.js';
import { known, t } from './words.js';

/** @type {Record<string, () => Promise<any>>} */
const PAGES = {
  home: () => import('../pages/home.js'),
  constellation: () => import('../pages/constellation.js'),
  devices: () => import('../pages/devices.js'),
  device: () => import('../pages/device.js'),
  companies: () => import('../pages/companies.js'),
  company: () => import('../pages/company.js'),
  live: () => import('../pages/live.js'),
  record: () => import('../pages/record.js'),
  queries: () => import('../pages/queries.js'),
  lists: () => import('../pages/lists.js'),
  profiles: () => import('../pages/profiles.js'),
  upstreams: () => import('../pages/upstreams.js'),
  privacy: () => import('../pages/privacy.js'),
  help: () => import('../pages/help.js'),
  alerts: () => import('../pages/alerts.js'),
  access: () => import('../pages/access.js'),
  settings: () => import('../pages/settings.js'),
  welcome: () => import('../pages/welcome.js'),
  more: () => import('../pages/more.js'),
};
/** @type {Record<string, () => Promise<any>>} */
const OUTSIDE = {
  setup: () => import('../pages/setup.js'),
  login: () => import('../pages/login.js'),
  home: () => import('../pages/mine.js'),
};

/** Which file the address leads to, for who is here. */
function wanted() {
  const state = session.value?.state;
  const { page } = route.value;
  if (state === 'setup') return { name: 'setup', load: OUTSIDE.setup };
  if (state === 'anonymous') return page === 'login' ? { name: 'login', load: OUTSIDE.login } : { name: 'mine', load: OUTSIDE.home };
  if (page === 'setup' || page === 'login') return { name: 'home', load: PAGES.home };
  return { name: page, load: PAGES[page] };
}

/** @param {{ name: string, load: (() => Promise<any>) | undefined }} props */
function Loaded({ name, load }) {
  const [loaded, setLoaded] = useState(/** @type {{ name: string, Page: any } | null} */ (null));
  const [broken, retry] = useErrorBoundary();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useRef(true);

  useEffect(() => {
    let live = true;
    document.title = known(`nav.${name}`) ? `${t(`nav.${name}`)} · Trackless` : 'Trackless';
    load?.().then((file) => live && setLoaded({ name, Page: file.Page }), () => live && setLoaded({ name, Page: Unreachable }));
    return () => { live = false; };
  }, [name, load]);

  const address = [name, ...route.value.rest].join('/');
  useEffect(() => {
    // What broke one page says nothing of the next.
    if (broken) retry();
    // A reader's cursor and the eye begin anew on another page, but not on the first.
    if (!first.current) {
      scrollTo(0, 0);
      place.current?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [address]);

  let inside = html`<div class="page"><${Bones} lines=${7} /></div>`;
  if (!load) inside = html`<div class="page"><${Empty} title=${t('error.noPage')}><a href="#/home">${t('nav.home')}</a><//></div>`;
  else if (broken) inside = html`<div class="page"><${Empty} title=${t('error.unknown')}><button class="do" onClick=${retry}>${t('again')}</button><//></div>`;
  else if (loaded?.name === name) inside = html`<${loaded.Page} key=${`${address}?${route.value.query}`} rest=${route.value.rest} query=${route.value.query} />`;
  return html`<main ref=${place} tabindex="-1" id="content">${inside}</main>`;
}

function Unreachable() {
  return html`<div class="page"><${Empty} title=${t('error.unreachable')}><button class="do" onClick=${() => location.reload()}>${t('again')}</button><//></div>`;
}

export function App() {
  const state = session.value?.state;
  useEffect(() => {
    forgetSeen();
  }, [session.value?.name]);
  const { name, load } = wanted();
  if (!session.value) return html`<main class="page narrow"><${Empty} title=${t('error.unreachable')}>${t('error.trying')}<//></main>`;
  return html`
    <a class="skip" href="#content" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); document.getElementById('content')?.focus(); }}>${t('skip')}</a>
    <div class=${state === 'in' ? 'frame' : ''}>
      ${state === 'in' && html`<${Rail} page=${name} />`}
      ${!reached.value && html`<p class="wrong" role="status">${t('error.unreachable')} ${t('error.trying')}</p>`}
      <${Loaded} name=${name} load=${load} />
    </div>
    <${Toasts} />`;
}
