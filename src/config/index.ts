// Configurations: layers come in, one validated and complete configuration goes out.
export {
  type CommonConfig,
  type ConfigKey,
  type ConfigLayer,
  configKeys,
  layerFromAssignments,
  layerFromFile,
  type PretrainChoices,
  type PretrainConfig,
  parseConfig,
  resolveConfig,
  type SomeOf,
} from "./config.js";
export { ConfigError } from "./errors.js";
