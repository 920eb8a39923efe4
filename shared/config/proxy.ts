import { ConfigError, type ConfigProblem } from '../errors.ts';
import type { ProxySettings } from '../registry/index.ts';
import type { Environment } from './environment.ts';

/**
 * The proxies of this machine's environment: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or the same in lower
 * case, which counts first as it does for curl. A proxy without scheme is an http one.
 * @throws ConfigError for a proxy that cannot be used; it quotes no value, which may hold a login
 */
export function readProxySettings(env: Environment): ProxySettings {
  const problems: ConfigProblem[] = [];
  const read = (name: string): URL | undefined => {
    const used = env[name.toLowerCase()] ? name.toLowerCase() : name;
    const text = env[used];
    if (!text) return undefined;
    const url = parseProxy(text);
    if (!url) problems.push({ where: used, message: 'expected the URL of an http or https proxy' });
    return url;
  };
  const settings = {
    https: read('HTTPS_PROXY'),
    http: read('HTTP_PROXY'),
    noProxy: (env.no_proxy || env.NO_PROXY || '').split(/[\s,]+/).filter((entry) => entry !== ''),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

function parseProxy(text: string): URL | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return undefined;
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return undefined;
  }
  return url;
}
