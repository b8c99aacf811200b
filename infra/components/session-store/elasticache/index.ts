export { elasticacheFaults } from "./faults";
export { elasticacheSchema, type ElastiCacheConfig } from "./schema";
export { ElastiCacheStore } from "./store";
