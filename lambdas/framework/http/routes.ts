/**
 * Which route a request is for. API Gateway has found it already and says so (`routeKey`); what it finds none for comes as
 * `$default`, and is told apart here: no such path, or not this method.
 *
 * No router of a library: those build a URL of the path, which API Gateway has decoded, and a task group may be named `a?b`.
 */
import { HttpProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

export interface Route {
  method: string;
  /** `/jobs/{id}` */
  path: string;
}

export interface Found<Name extends string> {
  name: Name;
  parameters: ReadonlyMap<string, string>;
}

export function routeOf<Name extends string>(routes: Readonly<Record<Name, Route>>, request: HttpRequest): Found<Name> {
  // Keys of a record that is written out once.
  const all = Object.entries(routes) as [Name, Route][];
  const named = all.find(([, { method, path }]) => `${method} ${path}` === request.routeKey);
  if (named) return { name: named[0], parameters: request.pathParameters };

  const matching = all.flatMap(([name, route]) => {
    const parameters = matched(route.path, request.path);
    return parameters === undefined ? [] : [{ name, route, parameters }];
  });
  if (matching.length === 0) throw new HttpProblem('not-found', 'There is no such path; GET /openapi.json lists them');
  const found = matching.find(({ route }) => route.method === request.method);
  if (found) return found;
  const allowed = [...new Set(matching.map(({ route }) => route.method))].join(', ');
  throw new HttpProblem('wrong-method', `The path takes ${allowed}`, [], { allow: allowed });
}

function matched(template: string, path: string): Map<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== value : value === '') return undefined;
    if (name !== undefined) parameters.set(name, value);
  }
  return parameters;
}
