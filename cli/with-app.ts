import { type App, type LoadOptions, loadApp } from '../shared/app/index.ts';

/** Runs a command's work with the settings and the configuration of the functions, unless another is given. */
export async function withApp(
  { environment, configFile }: LoadOptions,
  work: (app: App) => Promise<number>,
): Promise<number> {
  const app = await loadApp({ environment, configFile });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
