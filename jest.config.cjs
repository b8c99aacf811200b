const { availableParallelism } = process.getBuiltinModule("node:os");

// One project for each layer, so that each can run alone: `jest --selectProjects app`.
// Tests are transpiled by swc; `npm run typecheck` checks their types.
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
    // The packages by their names, as users import them.
    "^@holdfast/pulumi$": "<rootDir>/infra/index",
    "^@holdfast/pulumi/policy$": "<rootDir>/infra/policies",
    "^@npmcli/arborist$|/typescript-shim$|^[.]/automation$": "<rootDir>/test/never-loaded.cjs",
  },
  // These ship only ES modules, which jest cannot load without a transform.
  transformIgnorePatterns: [
    "/node_modules/(?!(jose|d3-[a-z-]+|internmap|@kubernetes/client-node|openid-client|oauth4webapi)/)",
  ],
  ...extra,
});

module.exports = {
  // Tests wait for conditions; this only ends a test that waits forever, even on a busy machine.
  testTimeout: 120_000,
  // Tests wait half of their time: for pods that start, drain and stop, and for prescribed times.
  maxWorkers: Math.max(2, Math.ceil(availableParallelism() * 1.5)),
  projects: [
    project("infra"),
    project("app"),
    project("ops", { globalSetup: "<rootDir>/test/build-application.ts" }),
    project("faults", {
      // The long ones run only in `npm run test:soak`.
      testMatch: [
        `<rootDir>/test/faults/**/*.${process.env.HOLDFAST_SOAK === "1" ? "{test,soak}" : "test"}.ts`,
      ],
      setupFilesAfterEnv: ["<rootDir>/test/faults/helpers/leave-nothing.ts"],
    }),
    // Short runs of the fuzzers and floods; `npm run test:attack` runs them in full.
    project("attack"),
    project("browser", { globalSetup: "<rootDir>/test/build-application.ts" }),
    project("e2e"),
  ],
};
