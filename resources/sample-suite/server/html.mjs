/** html`…` escapes every value that is not itself html`…`; arrays are joined, and null, undefined and false print nothing. */
const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Markup {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

export function html(parts, ...values) {
  return new Markup(parts.reduce((text, part, index) => text + print(values[index - 1]) + part));
}

/** Markup that is known to be safe, such as our own drawings. */
export function raw(text) {
  return new Markup(text);
}

function print(value) {
  if (value === null || value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(print).join('');
  if (value instanceof Markup) return value.text;
  return String(value).replace(/[&<>"']/g, (character) => escapes[character]);
}
