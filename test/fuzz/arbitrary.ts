/** Requests made from the OpenAPI document: mostly as it wants them, so that they get past the first check, and some with one thing wrong. */
import fc, { type Arbitrary } from 'fast-check';

export type Schema = Record<string, unknown>;

/** What breaks programs that trust their input. */
export const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  '\0',
  '\u202e\u200b',
  '\ud800',
  '../../etc/passwd',
  '/etc/passwd',
  'C:\\CON',
  "x' OR '1'='1",
  '"; DROP TABLE runs; --',
  '<img src=x onerror=alert(1)>',
  '\x1b]0;title\x07\x1b[2J',
  'a\r\nBcc: everybody@example.com',
  '=cmd()',
  '%00%ff%c0%ae',
  '${jndi:x}{{7*7}}',
  'x'.repeat(20_000),
  [],
  {},
  [[[[[[[[]]]]]]]],
  { constructor: { prototype: {} } },
];

const nasty = fc.constantFrom(...NASTY);
/** Fields whose largest allowed value is a large piece of honest work; what is beyond the bounds is tried among the nasty values. */
const MODEST: Record<string, number> = { total_shards: 20, limit: 50 };
/** Settings that would keep the fuzzing itself from going on. */
const LEFT_ALONE = /^rate_limit_/;
const DEEPEST = 6;

/** Values that fit the schema, as far as it can be told, and some that do not. */
export function valuesOf(schema: Schema, components: Record<string, Schema>): Arbitrary<unknown> {
  const fitting = fits(schema, components, 0, '');
  return fc.oneof(
    { weight: 6, arbitrary: fitting },
    { weight: 3, arbitrary: spoilt(fitting) },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
}

/** One field of an object, at any depth, replaced by something nasty, or one too many. */
function spoilt(fitting: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc
    .tuple(fitting, nasty, fc.nat(), fc.string())
    .map(([value, wrong, at, name]) => spoil(value, wrong, at, name));
}

function spoil(value: unknown, wrong: unknown, at: number, name: string): unknown {
  if (typeof value !== 'object' || value === null) return wrong;
  if (Array.isArray(value)) {
    if (value.length === 0) return [wrong];
    const index = at % value.length;
    return value.with(index, spoil(value[index], wrong, Math.floor(at / value.length), name));
  }
  const entries = Object.entries(value);
  const index = at % (entries.length + 1);
  const chosen = entries[index];
  if (!chosen) return { ...value, [name === '__proto__' ? 'other' : name]: wrong };
  const spoiltField = at % 3 === 0 ? spoil(chosen[1], wrong, Math.floor(at / 3), name) : wrong;
  return Object.fromEntries(entries.with(index, [chosen[0], spoiltField]));
}

function fits(schema: Schema, components: Record<string, Schema>, depth: number, field: string): Arbitrary<unknown> {
  const { $ref, anyOf, oneOf, allOf, type } = schema;
  const inner = (one: unknown, name = field) => fits(one as Schema, components, depth + 1, name);
  if (depth > DEEPEST) return fc.constant(null);
  if (typeof $ref === 'string') return inner(components[$ref.replace('#/components/schemas/', '')] ?? {});
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  for (const choices of [anyOf, oneOf]) {
    if (Array.isArray(choices)) return fc.oneof(...choices.map((one) => inner(one)));
  }
  if (Array.isArray(allOf)) {
    return fc.tuple(...allOf.map((one) => inner(one))).map((parts) => Object.assign({}, ...parts) as unknown);
  }
  switch (type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer(bounds(schema, field));
    case 'number':
      return fc.double({ ...bounds(schema, field), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(inner(schema['items'] ?? {}), { maxLength: Math.min(Number(schema['maxItems'] ?? 4), 4) });
    case 'object':
      return objects(schema, inner);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(schema: Schema, inner: (one: unknown, name?: string) => Arbitrary<unknown>): Arbitrary<unknown> {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: unknown;
  };
  const known = Object.entries(properties).filter(([name]) => !LEFT_ALONE.test(name));
  const shape = Object.fromEntries(known.map(([name, one]) => [name, inner(one, name)]));
  const requiredKeys = required.filter((name) => name in shape);
  const object = fc.record(shape, { requiredKeys }) as Arbitrary<Record<string, unknown>>;
  if (typeof additionalProperties !== 'object' || additionalProperties === null) return object;
  const more = fc.dictionary(fc.stringMatching(/^[A-Za-z_]{1,12}$/), inner(additionalProperties), { maxKeys: 3 });
  return fc.tuple(object, more).map(([one, two]) => ({ ...two, ...one }));
}

function texts({ minLength = 0, maxLength = 60, pattern, format }: Schema): Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (format === 'uri') return fc.webUrl();
  if (typeof pattern === 'string') return matching(pattern);
  return fc.string({
    unit: 'grapheme',
    minLength: Number(minLength),
    maxLength: Math.max(Math.min(Number(maxLength), 60), Number(minLength)),
  });
}

/** Some patterns (look-ahead, Unicode classes) cannot be generated from; then any text is tried. */
function matching(pattern: string): Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch {
    return fc.string();
  }
}

function bounds(schema: Schema, field: string): { min: number; max: number } {
  const min = Number(
    schema['minimum'] ?? (schema['exclusiveMinimum'] === undefined ? -1000 : Number(schema['exclusiveMinimum']) + 1),
  );
  const max = Number(
    schema['maximum'] ??
      (schema['exclusiveMaximum'] === undefined ? Math.max(min, 1_000_000) : Number(schema['exclusiveMaximum']) - 1),
  );
  return { min, max: Math.max(min, Math.min(max, MODEST[field] ?? max, 2 ** 31 - 1)) };
}
