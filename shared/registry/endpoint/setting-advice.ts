import { PrivateAddressError, TlsError } from '../http/index.ts';

/**
 * What to put into the configuration so that a registry is reached, if it is meant to be as it was found: a
 * sentence with a space in front, or nothing where no setting would help.
 */
export function settingAdvice(
  error: unknown,
  { name, origin }: { readonly name: string; readonly origin: URL },
): string {
  if (error instanceof PrivateAddressError) {
    return ` If ${name} is meant to lead there, put ${entry(name, 'private: true')}.`;
  }
  if (!(error instanceof TlsError) || error.setting === undefined) return '';
  if (error.origin !== origin.origin) {
    return error.setting === 'caFile'
      ? ` ${name} leads there, and its settings are for its own host only. If that authority is yours, set NODE_EXTRA_CA_CERTS to a file with its certificate.`
      : '';
  }
  switch (error.setting) {
    case 'caFile':
      return ` If that authority is yours, put ${entry(name, 'tls: { caFile: PATH }')}.`;
    case 'certFile':
      return ` If it wants to see a certificate of yours, put ${entry(name, 'tls: { certFile: PATH, keyFile: PATH }')}.`;
    case 'plainHttp':
      return ` If everybody on the way there may read along, put ${entry(name, 'plainHttp: true')}.`;
  }
}

function entry(name: string, settings: string): string {
  return `registries: { ${JSON.stringify(name)}: { ${settings} } } into longshore.yaml, a file of just that line where you have none`;
}
