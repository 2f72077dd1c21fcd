// A QR code for a phone's camera; always dark on white, so that it can be read.

import { html } from '../vendor/preact.js';
import { generate, toSvgPath } from '../vendor/qr.js';

/** @param {{ text: string, label: string }} props */
export function Qr({ text, label }) {
  const code = generate(text);
  return html`<svg class="qr" viewBox=${`0 0 ${code.size} ${code.size}`} role="img" aria-label=${label} shape-rendering="crispEdges"><path d=${toSvgPath(code)} /></svg>`;
}
