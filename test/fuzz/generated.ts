/** Requests generated from every operation of the OpenAPI document. */
import fc from 'fast-check';
import type { OpenApiDocument, Operation } from '../../coordinator/http/openapi.ts';
import { valuesOf, type Schema } from './arbitrary.ts';
import type { Sent } from './client.ts';

export interface Generated extends Sent {
  /** Its id in the document. */
  operation: string;
}

export interface Secrets {
  admin: string;
  worker: string;
}

/** Ids that answers held, so that later requests reach what exists. */
export class Ids {
  readonly #kept: string[] = ['x'];
  /** Never asked for: the fuzzing needs what they name. */
  readonly #spared = new Set<string>();

  spare(id: string): void {
    this.#spared.add(id);
  }

  keep(text: string): void {
    for (const [, id] of text.matchAll(/"(?:\w+_)?id":"([^"]{8,60})"/g)) {
      if (id === undefined || this.#spared.has(id)) continue;
      if (this.#kept.length >= 300) this.#kept.splice(1, 100);
      this.#kept.push(id);
    }
  }

  pick(n: number): string {
    return this.#kept[n % this.#kept.length] ?? 'x';
  }
}

/** `count` requests to one operation. The same seed makes the same ones, as long as `ids` holds the same. */
export function requestsTo(
  document: OpenApiDocument,
  { method, path, operation }: { method: string; path: string; operation: Operation },
  { secrets, ids, seed, count }: { secrets: Secrets; ids: Ids; seed: number; count: number },
): Generated[] {
  const { schemas } = document.components;
  const media = operation.requestBody?.content['application/json'];
  const queries = operation.parameters.filter((one) => one.in === 'query');
  const request = fc.record({
    body: media ? valuesOf(media.schema, schemas) : fc.constant(undefined),
    query: fc.record(Object.fromEntries(queries.map((one) => [one.name, valuesOf(one.schema, schemas)])), {
      requiredKeys: [],
    }),
    odd: fc.option(fc.string({ minLength: 1, unit: 'binary' }), { freq: 5, nil: null }),
    pick: fc.nat(),
    secret: fc.constantFrom(...secretsFor(operation['x-access'], path, secrets)),
  });
  return fc.sample(request, { numRuns: count, seed }).map(({ body, query, odd, pick, secret }) => ({
    operation: operation.operationId,
    method: method.toUpperCase(),
    path: filled(path, odd, pick, operation, schemas, ids) + queryText(query),
    headers: {
      ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) ?? '' }),
  }));
}

/** Mostly somebody who may. Nobody signs out, because the token is needed further. */
function secretsFor(access: string, path: string, { admin, worker }: Secrets): (string | null)[] {
  if (path.endsWith('/auth/logout') || path.endsWith('/rotate-key')) return [null, 'nonsense'];
  const good = access.startsWith('worker') ? worker : admin;
  return [good, good, good, good, good, good, admin, worker, null, `pft_${'A'.repeat(43)}`];
}

function filled(
  path: string,
  odd: string | null,
  pick: number,
  operation: Operation,
  schemas: Record<string, Schema>,
  ids: Ids,
): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (odd !== null) return encodeURIComponent(odd.toWellFormed());
    const schema = operation.parameters.find((one) => one.in === 'path' && one.name === name)?.schema;
    const plain = schema === undefined || !('enum' in schema || 'pattern' in schema);
    if (plain) return encodeURIComponent(ids.pick(pick));
    return encodeURIComponent(
      String(fc.sample(valuesOf(schema, schemas), { numRuns: 1, seed: pick })[0]).toWellFormed(),
    );
  });
}

function queryText(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).map(
    ([name, value]) =>
      `${name}=${encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed())}`,
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
