// Icons of our own: strokes on a grid of 24.

import { html } from '../vendor/preact.js';

/** @type {Record<string, string>} */
const PATHS = {
  home: 'M4 11.5 12 4l8 7.5M6 10v9h12v-9',
  constellation: 'M12 12 5 6m7 6 7-5m-7 5-4 7m4-7 7 5M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4M5 7a1 1 0 1 0 0-2 1 1 0 0 0 0 2m14 1a1 1 0 1 0 0-2 1 1 0 0 0 0 2M8 20a1 1 0 1 0 0-2 1 1 0 0 0 0 2m11-2a1 1 0 1 0 0-2 1 1 0 0 0 0 2',
  devices: 'M4 6h11v9H4zM2 19h11m4-9h5v9h-5z',
  companies: 'M5 20V5l8-2v17m0-12 6 2v10M3 20h18M8 8h2m-2 4h2m-2 4h2',
  live: 'M3 12h4l2.5-6 4 12 2.5-6h5',
  record: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16m0-5a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
  queries: 'M6 3h9l4 4v14H6zm3 7h7m-7 4h7m-7 4h4',
  lists: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  profiles: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6m-6 9c0-3 2.5-5 6-5s6 2 6 5m1-9a2.5 2.5 0 1 0-1-5m2 9c2.5.3 4 2 4 4.5',
  upstreams: 'M12 20V5m-6 6 6-6 6 6M4 20h16',
  privacy: 'M12 3 5 6v6c0 4 3 7 7 9 4-2 7-5 7-9V6zM9 12l2 2 4-4',
  help: 'M4 5h16v11H13l-4 4v-4H4zM12 8v.01M12 10.5V13',
  alerts: 'M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zm4 4h4',
  access: 'M8 15a4 4 0 1 1 3.5-6H21v4h-3v3h-4v-3h-2.5A4 4 0 0 1 8 15m-.5-4h.01',
  settings: 'M4 7h9m4 0h3M4 17h3m4 0h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  warning: 'M12 4 3 19h18zm0 6v4m0 2.5v.01',
  info: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16m0-9v5m0-8v.01',
  close: 'M6 6l12 12M18 6 6 18',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13m5-1.5L21 21',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  whole: 'M4 9V4h5m6 0h5v5m0 6v5h-5M9 20H4v-5',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8m0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  moon: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10',
  back: 'M15 5l-7 7 7 7',
  download: 'M12 4v11m-5-5 5 5 5-5M4 20h16',
  pause: 'M9 6v12M15 6v12',
};

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}

const DOTS = Array.from({ length: 11 }, (_, i) => {
  const angle = ((i * 30 - 60) * Math.PI) / 180;
  return { x: 32 + 23 * Math.cos(angle), y: 32 + 23 * Math.sin(angle), r: 3.6 - 0.2 * i, seen: 1 - i * 0.085 };
});

/** The mark: somebody in the middle, and tracks that fade. */
export function Mark() {
  return html`<svg viewBox="0 0 64 64" fill="currentColor" aria-hidden="true"><circle cx="32" cy="32" r="10" />
    ${DOTS.map((dot) => html`<circle cx=${dot.x} cy=${dot.y} r=${dot.r} opacity=${dot.seen} />`)}</svg>`;
}
