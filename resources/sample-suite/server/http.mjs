/** The little of HTTP that the shop needs: a route table, request bodies, cookies and replies. */

const bodyLimit = 1_000_000;

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Routes are [method, '/path/:param', handler]; answers { handler, params }, or null when none fits. */
export function createRouter(routes) {
  const table = routes.map(([method, pattern, handler]) => ({ method, handler, parts: pattern.split('/') }));
  return (method, path) => {
    const parts = path.split('/');
    for (const route of table) {
      const params = route.method === method ? match(route.parts, parts) : null;
      if (params) return { handler: route.handler, params };
    }
    return null;
  };
}

function match(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  const params = {};
  for (const [index, part] of pattern.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decode(parts[index]);
    else if (part !== parts[index]) return null;
  }
  return params;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, 'The address is not valid UTF-8.');
  }
}

export async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > bodyLimit) throw new HttpError(413, 'The request is larger than 1 MB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function parseJson(body) {
  try {
    const value = JSON.parse(body.toString());
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // Answered below, like every other body that is no object.
  }
  throw new HttpError(400, 'The body must be a JSON object.');
}

export function parseCookies(header = '') {
  const pairs = header.split(';').map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.map(([name, ...value]) => [name, value.join('=')]));
}

export function json(body, status = 200, headers = {}) {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

export function redirect(location, headers = {}) {
  return { status: 303, headers: { location, ...headers }, body: '' };
}

export function file(body, type, name) {
  const disposition = name ? { 'content-disposition': `attachment; filename="${name}"` } : {};
  return { status: 200, headers: { 'content-type': type, ...disposition }, body };
}
