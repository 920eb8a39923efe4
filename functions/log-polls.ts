import type { PollReport } from '../shared/mirror/index.ts';
import type { Logger } from '../shared/telemetry/index.ts';

/** Says what a poll found: a line for each watch, and one for each of its errors. */
export function logPolls({ watches, handedOver }: PollReport, logger: Logger): void {
  if (handedOver) logger.info('watches handed over to other workers', { watches: handedOver.length });
  for (const { watch, selected, queued, unchanged, gone, errors, health } of watches) {
    logger.info('watch polled', {
      watch,
      selected: selected.length,
      queued: queued.length,
      unchanged,
      gone: gone.length,
      errors: errors.length,
    });
    if (health && health.state !== 'healthy') logger.warn('watch is not healthy', { watch, ...health });
    for (const { code, message, tag, target } of errors) {
      logger.warn('watch has an error', { watch, code, message, tag, target });
    }
  }
}
