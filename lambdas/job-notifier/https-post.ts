/**
 * One POST over a connection of its own, to a checked address: no redirect is followed, no proxy asked, and of the answer
 * only the status counts.
 */
import { Agent, type RequestOptions, request } from 'node:https';
import { checkedLookup, type Resolve, refuseLiteral } from './checked-lookup.ts';

export interface Way {
  isAllowed: (address: string) => boolean;
  resolve: Resolve;
  /** From looking up the host to the last byte that is read. */
  timeoutMs: number;
  /** Certificates to trust in place of the usual ones. */
  ca?: string;
}

/** Read on before the connection is closed, so that a server which has a word to say does not find it broken. */
const mostAnswerBytes = 4_096;

/** The answer's status. */
export async function httpsPost(url: URL, headers: Record<string, string>, body: string, way: Way): Promise<number> {
  refuseLiteral(url, way.isAllowed);
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const signal = AbortSignal.timeout(way.timeoutMs);
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    agent,
    signal,
    lookup: checkedLookup(way.resolve, way.isAllowed),
    ...(way.ca === undefined ? {} : { ca: way.ca }),
  };
  try {
    return await answered(url, options, body);
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${way.timeoutMs / 1_000} s`, { cause: error });
    throw error;
  } finally {
    agent.destroy();
  }
}

function answered(url: URL, options: RequestOptions, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    const sent = request(url, options, (answer) => {
      const said = answer.statusCode ?? 0;
      status = said;
      let bytes = 0;
      const isEnough = () => {
        answer.destroy();
        resolve(said);
      };
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > mostAnswerBytes) isEnough();
      });
      answer.on('end', isEnough).on('error', isEnough);
    });
    // With its status said, whatever becomes of the rest changes nothing.
    sent.on('error', (error) => (status === undefined ? reject(error) : resolve(status)));
    sent.end(body);
  });
}
