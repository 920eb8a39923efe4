import { Command } from 'commander';
import type { WebhookState } from '../../shared/webhooks/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import type { Run } from '../run.ts';
import { withApp } from '../with-app.ts';

/** `longshore webhooks list`: where registries send notifications, and when the last one arrived. */
export function webhooksCommand(run: Run): Command {
  return new Command('webhooks').addCommand(
    new Command('list')
      .description('list the configured webhooks: path, and time of the last notification')
      .addOption(jsonOption())
      .action(() =>
        run(({ output, environment }) =>
          withApp({ environment }, async (app) => {
            const webhooks = (await app.webhooks.states()).map((state) => ({
              ...state,
              path: pathOf(state),
            }));
            output.result({ webhooks }, describe(webhooks));
            return EXIT.ok;
          }),
        ),
      ),
  );
}

type Listed = WebhookState & { readonly path: string };

/** Without the secret. */
function pathOf({ name, proof }: WebhookState): string {
  return `/api/webhooks/${name}${proof === 'path' ? '/<secret>' : ''}`;
}

const PROOFS = {
  path: 'secret in the path',
  'header or path': 'Authorization: <secret>',
  signature: 'signature',
} as const;

function describe(webhooks: readonly Listed[]): readonly string[] {
  if (webhooks.length === 0) return ['No webhooks are configured; every watch is polled on its schedule.'];
  return columns([
    ['NAME', 'FROM', 'REGISTRY', 'PATH', 'PROOF', 'REPOSITORIES', 'LAST NOTIFICATION'],
    ...webhooks.map(({ name, from, registry, path, proof, repositories, missed, lastNoticeAt }) => [
      name,
      from,
      registry,
      path,
      PROOFS[proof],
      missed === 0 ? String(repositories) : `${repositories}, ${missed} not reliable`,
      lastNoticeAt === undefined ? 'never' : `${lastNoticeAt.slice(0, 19).replace('T', ' ')}Z`,
    ]),
  ]);
}
