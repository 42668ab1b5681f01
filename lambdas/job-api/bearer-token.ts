/** The token that a request shows. */
import { tokenCharacters } from '../domain/job/token.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import type { Call } from './route.ts';

export function bearerToken({ request }: Call): string {
  const [, token] = /^bearer +([\w.~+/=-]+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token !== undefined && token.length <= tokenCharacters) return token;
  throw new HttpProblem('token-missing', 'Send the token that came with the task: Authorization: Bearer <token>', [], {
    'www-authenticate': 'Bearer',
  });
}
