// What jsdom lacks and JupyterLab's modules touch while they load.
globalThis.DragEvent ??= class DragEvent extends MouseEvent {};
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
globalThis.IntersectionObserver ??= globalThis.ResizeObserver;
globalThis.fetch ??= () => Promise.reject(new Error('no network in unit tests'));
globalThis.Request ??= class Request {
  constructor(url, init = {}) {
    Object.assign(this, { url, method: 'GET', ...init, headers: new Headers(init.headers) });
  }
};
globalThis.Range.prototype.getClientRects ??= () => [];
window.matchMedia ??= query => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {}
});
// Of the lists of names that a layout is made of.
globalThis.structuredClone ??= value => JSON.parse(JSON.stringify(value));
const { TextDecoder, TextEncoder } = require('node:util');
globalThis.TextDecoder ??= TextDecoder;
globalThis.TextEncoder ??= TextEncoder;
