import { createAzureClients, createContainerOpener } from '../azure/index.ts';
import { systemClock } from '../clock.ts';
import { type Environment, processEnvironment } from '../config/index.ts';
import {
  type ExportCall,
  exportToArchive as exportTo,
  type ImportCall,
  importFromArchive as importFrom,
  type ShowCall,
  showArchive as show,
} from '../transfer/index.ts';
import { secretReaderFor } from './connect.ts';

/** Archives for a command, with keys, tokens and containers found by its environment. */
type WithEnvironment<Call> = Omit<Call, 'storage'> & {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
};

export function exportToArchive(call: WithEnvironment<ExportCall>): ReturnType<typeof exportTo> {
  return exportTo(withStorage(call));
}

export function importFromArchive(call: WithEnvironment<ImportCall>): ReturnType<typeof importFrom> {
  return importFrom(withStorage(call));
}

export function showArchive(call: WithEnvironment<ShowCall>): ReturnType<typeof show> {
  return show(withStorage(call));
}

function withStorage<Call extends { readonly environment?: Environment | undefined }>(call: Call) {
  const azure = createAzureClients();
  const storage = {
    containers: createContainerOpener(azure),
    secrets: secretReaderFor(call.environment ?? processEnvironment(), azure),
    now: systemClock.now,
  };
  return { ...call, storage };
}
