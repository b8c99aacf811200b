export { elasticacheIssues } from "./issues";
export { elasticacheSchema, type ElastiCacheConfig } from "./schema";
export { ElastiCacheStore } from "./component";
