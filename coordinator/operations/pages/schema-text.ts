/** JSON Schemas as short text, for people: `{ name: string (1–200 long), tags?: string[] }`. */

interface Schema {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  type?: string | string[];
  items?: Schema;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  format?: string;
  pattern?: string;
}

const INDENT = '  ';

/** Named schemas are given by name. Lines are indented by `depth` levels, except the first. */
export function schemaText(schema: Schema, depth = 0): string {
  const { $ref, const: constant, enum: options, anyOf, oneOf } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1);
  if (constant !== undefined) return JSON.stringify(constant);
  if (options) return options.map((option) => JSON.stringify(option)).join(' | ');
  const alternatives = anyOf ?? oneOf;
  if (alternatives) return alternatives.map((part) => schemaText(part, depth)).join(' | ');
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type;
  if (type === 'array') return arrayText(schema, depth);
  if (type === 'object') return objectText(schema, depth);
  return `${type ?? 'any JSON'}${boundsText(schema)}`;
}

function arrayText(schema: Schema, depth: number): string {
  const item = schemaText(schema.items ?? {}, depth);
  const limit = schema.maxItems === undefined ? '' : ` (at most ${schema.maxItems})`;
  return `${/[|{ ]/.test(item) && !item.startsWith('{') ? `(${item})` : item}[]${limit}`;
}

function objectText(schema: Schema, depth: number): string {
  const properties = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required);
  const inner = INDENT.repeat(depth + 1);
  const lines = properties.map(([name, part]) => {
    const preset = part.default === undefined ? '' : `  = ${JSON.stringify(part.default)}`;
    return `${inner}${name}${required.has(name) ? '' : '?'}: ${schemaText(part, depth + 1)}${preset}`;
  });
  const rest = schema.additionalProperties;
  if (typeof rest === 'object') lines.push(`${inner}[name]: ${schemaText(rest, depth + 1)}`);
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${INDENT.repeat(depth)}}`;
}

function boundsText({ minimum, maximum, minLength, maxLength, format, pattern }: Schema): string {
  const bounds = [
    range(minimum, maximum),
    withUnit(range(minLength, maxLength)),
    format,
    pattern === undefined ? null : `/${pattern}/`,
  ];
  const said = bounds.filter((bound) => bound !== '' && bound !== undefined && bound !== null);
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

function range(low?: number, high?: number): string {
  if (low === undefined) return high === undefined ? '' : `at most ${high}`;
  return high === undefined ? `at least ${low}` : `${low}–${high}`;
}

const withUnit = (text: string): string => (text === '' ? '' : `${text} long`);
