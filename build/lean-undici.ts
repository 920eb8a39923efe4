import type { Plugin } from 'esbuild';

/**
 * Bundles only the HTTP/1.1 client of undici. Its entry also loads fetch, WebSocket, mocks and caches, which is half a
 * megabyte and 15 ms of a start. Using a name that is not listed here fails the build.
 *
 * The client's own modules for HTTP/2 and SOCKS proxies, which our connections never use, load `node:http2` and
 * `node:tls`; Node.js then reads all well-known authorities, also for plain HTTP. They are replaced.
 */
export function leanUndici(root: string): Plugin {
  return {
    name: 'lean-undici',
    setup(build) {
      build.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'lean-undici' }));
      build.onLoad({ filter: /.*/, namespace: 'lean-undici' }, () => ({ contents: ENTRY, resolveDir: root }));
      build.onLoad({ filter: UNUSED }, () => ({ contents: STUB }));
    },
  };
}

const UNUSED = /[/\\]undici[/\\]lib[/\\]dispatcher[/\\](?:client-h2|socks5-proxy-agent)\.js$/;
const STUB = "module.exports = function () { throw new Error('This part of undici is not bundled.'); };";

const ENTRY = `
import request from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import errors from 'undici/lib/core/errors.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
// As undici's own entry does.
Object.assign(Dispatcher.prototype, { request });
export { Agent, buildConnector, errors, Pool, ProxyAgent };
`;
