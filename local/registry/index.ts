export {
  type AnsweredRequest,
  type RegistryAuth,
  type RegistryOptions,
  type RunningRegistry,
  startRegistry,
} from './start-registry.ts';
