const { availableParallelism } = process.getBuiltinModule("node:os");

// One project a layer, so that each can run alone: `jest --selectProjects app`.
// Tests are transpiled by swc; types are checked beside them by `npm run typecheck`.
const project = (name, extra = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform: {
    "^.+\\.(ts|js|mjs)$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  moduleNameMapper: {
    // The packages by their names, as their users import them.
    "^@holdfast/pulumi$": "<rootDir>/infra/index",
    "^@holdfast/pulumi/policy$": "<rootDir>/infra/policies",
    "^@npmcli/arborist$|/typescript-shim$|^[.]/automation$": "<rootDir>/test/never-loaded.cjs",
  },
  // These ship ES modules only, which jest does not load without a transform.
  transformIgnorePatterns: [
    "/node_modules/(?!(jose|d3-[a-z-]+|internmap|@kubernetes/client-node|openid-client|oauth4webapi)/)",
  ],
  ...extra,
});

module.exports = {
  // Tests wait for conditions; this only ends one that waits for ever, on however busy a machine.
  testTimeout: 120_000,
  // Half of the tests' time is waiting: for pods that start, drain and stop, for times that a rule prescribes.
  maxWorkers: Math.max(2, Math.ceil(availableParallelism() * 1.5)),
  projects: [
    project("infra"),
    project("app"),
    project("ops", { globalSetup: "<rootDir>/test/build-application.ts" }),
    project("faults", {
      // The long ones are due in `npm run test:soak` alone.
      testMatch: [
        `<rootDir>/test/faults/**/*.${process.env.HOLDFAST_SOAK === "1" ? "{test,soak}" : "test"}.ts`,
      ],
      setupFilesAfterEnv: ["<rootDir>/test/faults/helpers/leave-nothing.ts"],
    }),
    // The fuzzers and floods in short; in full by `npm run test:attack`.
    project("attack"),
    project("browser", { globalSetup: "<rootDir>/test/build-application.ts" }),
    project("e2e"),
  ],
};
