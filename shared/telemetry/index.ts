export * from './logger.ts';
export { type Metric, metricsText } from './metrics-text.ts';
