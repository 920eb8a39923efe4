import type { SenderName } from '../webhook.ts';
import { acr } from './acr.ts';
import { artifactory } from './artifactory.ts';
import { distribution } from './distribution.ts';
import { dockerHub } from './docker-hub.ts';
import { eventGrid } from './event-grid.ts';
import { github } from './github.ts';
import { harbor } from './harbor.ts';
import { quay } from './quay.ts';
import type { Sender } from './sender.ts';

export const SENDERS: Readonly<Record<SenderName, Sender>> = {
  acr,
  'event-grid': eventGrid,
  'docker-hub': dockerHub,
  distribution,
  harbor,
  quay,
  github,
  artifactory,
};
