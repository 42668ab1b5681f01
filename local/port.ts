/** Ports of this machine: finding a free one, and saying whether one is. */
import { createServer } from 'node:net';

const host = '127.0.0.1';

/** A port nobody listens on now; somebody may take it before we do, so whoever uses it tries again. */
export const freePort = () => listenOnce(0);

export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
