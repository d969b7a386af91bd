/**
 * The OpenAPI 3.1 document, made from the routes themselves. zod's own JSON Schema is used, because it knows recursive schemas (any JSON)
 * and OpenAPI 3.1 takes JSON Schema as it is.
 */
import { z } from 'zod';
import { problem, PROBLEM_TYPE } from '../../shared/protocol/rest/common.ts';
import { admitted, type Access } from './principal.ts';
import type { Router } from './router.ts';

type Json = Record<string, unknown>;
interface Media {
  schema?: unknown;
}
interface DeclaredRoute {
  method: string;
  path: string;
  summary?: string;
  description?: string;
  tags?: string[];
  'x-access'?: Access;
  request?: { params?: unknown; query?: unknown; body?: { content: Record<string, Media> } };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

export interface Operation extends Json {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  'x-access': Access;
  parameters: { name: string; in: string; required: boolean; description?: string; schema: Json }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
}

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

const NOTES =
  'Errors are problems (RFC 9457) with a stable `code`. Lists are cut into pages: send `next_cursor` back as `cursor`. Changes take an ' +
  '`Idempotency-Key`, so that a request whose answer was lost can be sent again. Unknown fields are refused.';

/** What may be shown to get in, one of them. */
function securityOf(access: Access): Json[] {
  if (access === 'public') return [];
  const { workers, people, account } = admitted(access);
  if (account) return [{ session: [] }];
  return [
    ...(people === null ? [] : [{ apiToken: [] }]),
    ...(workers ? [{ workerKey: [] }] : []),
    { apiKey: [] },
    ...(people === null ? [] : [{ session: [] }]),
  ];
}

/** Call it once all routes are mounted. */
export function openApiDocument(app: Router, info: { version: string; sessionCookie: string }): OpenApiDocument {
  const schemas: Record<string, Json> = {};
  const paths: OpenApiDocument['paths'] = {};
  const problemMedia = { [PROBLEM_TYPE]: { schema: schemaOf(problem, 'output', schemas) } };
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const declared = definition.route as unknown as DeclaredRoute;
    const operation = operationOf(declared, schemas);
    operation.responses.default = { description: 'A problem', content: problemMedia };
    (paths[declared.path] ??= {})[declared.method] = operation;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Playfleet', version: info.version, description: NOTES },
    paths,
    components: {
      schemas,
      securitySchemes: {
        apiToken: { type: 'http', scheme: 'bearer', description: 'An api token (pft_…)' },
        workerKey: { type: 'http', scheme: 'bearer', description: 'The key of a worker (pfw_…)' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'Either of them' },
        session: { type: 'apiKey', in: 'cookie', name: info.sessionCookie, description: 'For our own pages' },
      },
    },
  };
}

function operationOf(declared: DeclaredRoute, schemas: Record<string, Json>): Operation {
  const { method, path, summary = '', description, tags = [], request, responses } = declared;
  const access = declared['x-access'];
  if (access === undefined) throw new Error(`${method} ${path} does not say who may call it`);
  const [type, media] = Object.entries(request?.body?.content ?? {})[0] ?? [];
  return {
    operationId: operationId(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    tags,
    'x-access': access,
    security: securityOf(access),
    parameters: [...parametersOf(request?.params, 'path', schemas), ...parametersOf(request?.query, 'query', schemas)],
    ...(type !== undefined && media
      ? {
          requestBody: {
            required: !takesNothing(media.schema),
            content: { [type]: { schema: schemaOf(media.schema, 'input', schemas) } },
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        {
          description: response.description,
          ...(response.content ? { content: contentOf(response.content, schemas) } : {}),
        },
      ]),
    ),
  };
}

function contentOf(content: Record<string, Media>, schemas: Record<string, Json>) {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema }]) => [type, { schema: schemaOf(schema, 'output', schemas) }]),
  );
}

/** `post /api/v1/workers/{id}/rotate-key` → `postWorkersIdRotateKey`. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/api\/v1/, '').split(/[^A-Za-z0-9]+/);
  return method + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

/** No body counts as `{}`. */
function takesNothing(schema: unknown): boolean {
  return schema instanceof z.ZodType && schema.safeParse({}).success;
}

function parametersOf(
  schema: unknown,
  where: 'path' | 'query',
  schemas: Record<string, Json>,
): Operation['parameters'] {
  if (!(schema instanceof z.ZodType)) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input', schemas) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  }));
}

/** The JSON Schema of a zod schema; parts with an id move to `schemas`. */
function schemaOf(schema: unknown, io: 'input' | 'output', schemas: Record<string, Json>): Json {
  if (!(schema instanceof z.ZodType)) return {};
  const { $schema: _, $defs = {}, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
  for (const [name, definition] of Object.entries($defs as Json)) {
    if (!isAnyJson(name)) schemas[name] ??= relink(definition) as Json;
  }
  return relink(root) as Json;
}

/** z.json() is the only schema without an id that refers to itself; its recursive union says as much as no schema. */
const isAnyJson = (name: string): boolean => name.startsWith('__schema');

/** The same, with references into `$defs` pointing to the components, and without bounds that only say "a safe integer". */
function relink(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relink);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as Json;
  if (typeof $ref === 'string') {
    const name = $ref.replace('#/$defs/', '');
    return isAnyJson(name) ? {} : { $ref: `#/components/schemas/${name}` };
  }
  const kept = Object.entries(value).filter(([, item]) => Math.abs(Number(item)) !== Number.MAX_SAFE_INTEGER);
  return Object.fromEntries(kept.map(([key, item]) => [key, relink(item)]));
}
