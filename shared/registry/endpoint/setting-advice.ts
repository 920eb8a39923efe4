import { PrivateAddressError, TlsError } from '../http/index.ts';

/**
 * The setting with which a registry is reached, if it is meant to be as it was found: a sentence with a space in front,
 * or nothing where no setting would help.
 */
export function settingAdvice(
  error: unknown,
  { name, origin }: { readonly name: string; readonly origin: URL },
): string {
  if (error instanceof PrivateAddressError) {
    return ` If ${name} is meant to be there, set ${entry(name, 'private: true')}.`;
  }
  if (!(error instanceof TlsError) || error.setting === undefined) return '';
  if (error.origin !== origin.origin) {
    return error.setting === 'caFile'
      ? ` ${name} leads there, and its settings are for its own host only. If that authority is yours, set NODE_EXTRA_CA_CERTS to a file with its certificate.`
      : '';
  }
  switch (error.setting) {
    case 'caFile':
      return ` If that authority is yours, set ${entry(name, 'tls: { caFile: PATH }')}.`;
    case 'certFile':
      return ` If it requires a client certificate, set ${entry(name, 'tls: { certFile: PATH, keyFile: PATH }')}.`;
    case 'plainHttp':
      return ` If plain HTTP is acceptable on this network, set ${entry(name, 'plainHttp: true')}.`;
  }
}

function entry(name: string, settings: string): string {
  return `registries: { ${JSON.stringify(name)}: { ${settings} } } in longshore.yaml (create the file if it does not exist)`;
}
