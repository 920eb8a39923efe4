export * from './archive.ts';
export * from './artifact.ts';
export type { DemoContent } from './content.ts';
export * from './demo-images.ts';
export * from './helm-chart.ts';
export type { DemoImage } from './image.ts';
export * from './image-index.ts';
export * from './push-content.ts';
