/** What hostile pages do in a browser, as the source of functions: each tries several things and answers how each of them ended. */
import type { Page } from 'playwright-core';

/** Runs one of these in a page, as if the page had brought it. */
export const runIn = <T>(page: Page, source: string, ...given: unknown[]): Promise<T> =>
  page.evaluate(`(${source})(${given.map((value) => JSON.stringify(value)).join(', ')})`);

/** `got …` for what went through, else the name of the error. */
const ATTEMPT = String.raw`const attempt = async (work) => {
  try { return 'got ' + JSON.stringify(await work()); }
  catch (error) { return error.name; }
};
const event = (target, good) => new Promise((resolve, reject) => {
  target['on' + good] = () => resolve(good);
  target.onerror = () => reject(new TypeError('refused'));
});`;

/** Calls the API at `api` in every way a page can, and the file `own` of its report. */
export const CALLS = String.raw`async (api, own) => {
  ${ATTEMPT}
  const asked = (url, init = {}) => attempt(async () => (await fetch(url, init)).type);
  const imported = (url) => {
    const code = 'try { importScripts(' + JSON.stringify(url) + '); postMessage("ran") } catch { postMessage("refused") }';
    return new Promise((resolve, reject) => {
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      worker.onmessage = ({ data }) => (data === 'ran' ? resolve(data) : reject(new TypeError(data)));
      worker.onerror = () => reject(new TypeError('refused'));
    });
  };
  const picture = () => { const image = new Image(); image.src = api + '/favicon.ico'; return event(image, 'load'); };
  const credentials = 'include';
  return {
    read: await asked(api + '/api/v1/tokens', { credentials }),
    'read blindly': await asked(api + '/api/v1/tokens', { credentials, mode: 'no-cors' }),
    'sign out': await asked(api + '/api/v1/auth/logout', { method: 'POST', credentials, mode: 'no-cors' }),
    follow: await attempt(() => event(new EventSource(api + '/api/v1/events/stream', { withCredentials: true }), 'open')),
    socket: await attempt(() => event(new WebSocket(api.replace(/^http/, 'ws') + '/api/v1/link'), 'open')),
    image: await attempt(picture),
    worker: await attempt(() => imported(api + '/api/v1/openapi.json')),
    own: await asked(own),
  };
}`;

export const STORAGE = String.raw`async () => {
  ${ATTEMPT}
  return {
    cookie: await attempt(() => document.cookie),
    'set a cookie': await attempt(() => (document.cookie = 'playfleet_session=pfs_evil; path=/api')),
    localStorage: await attempt(() => localStorage.length),
    sessionStorage: await attempt(() => sessionStorage.length),
    indexedDB: await attempt(() => indexedDB.open('x').readyState),
    'service worker': await attempt(async () => (await navigator.serviceWorker.register('sw.js')).scope),
  };
}`;

/** Posts a form, opens a window, and looks for who opened it. */
export const WINDOWS = String.raw`(api) => {
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: api + '/api/v1/auth/logout' });
  document.body.append(form);
  form.submit();
  return { opener: String(globalThis.opener), popup: String(globalThis.open(api)) };
}`;

export const WHO_AM_I = String.raw`async () => {
  ${ATTEMPT}
  return { origin: globalThis.origin, cookie: await attempt(() => document.cookie) };
}`;

export const REGISTER_WORKERS = String.raw`async (attached, viewer) => {
  ${ATTEMPT}
  const register = (url, options) => attempt(async () => (await navigator.serviceWorker.register(url, options)).scope);
  return {
    attachment: await register(attached),
    blob: await register(URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))),
    'the viewer for all reports': await register(viewer, { scope: '/' }),
  };
}`;

/** Statuses of this report under changed addresses. */
export const OTHER_REPORTS = String.raw`() => {
  const [tree, expiry, signature] = location.pathname.split('/')[2].split('.');
  const others = ['0'.repeat(64) + '.' + expiry + '.' + signature, tree + '.zzzzzzzz.' + signature, tree, 'x'];
  return Promise.all(others.map(async (one) => (await fetch('/c/' + one + '/index.html')).status));
}`;

export const POST_MESSAGE = String.raw`(api) => {
  const other = globalThis.open(api);
  other?.postMessage({ type: 'sign-out' }, '*');
  return String(globalThis.opener);
}`;

/** Uses addresses as pictures or scripts of this page. */
export const EMBED = String.raw`(urls) => Promise.all(urls.map((url) => new Promise((resolve) => {
  const element = document.createElement(url.endsWith('.js') ? 'script' : 'img');
  element.onload = () => resolve('loaded');
  element.onerror = () => resolve('blocked');
  element.src = url;
  document.body.append(element);
})))`;
