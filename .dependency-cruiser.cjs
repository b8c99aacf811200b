/** Which files may import which; part of `npm run lint`. Imports of types count, because they couple files too. */
const layer = (from, to, comment) => ({
  name: `${from}-stands-alone`,
  comment,
  severity: "error",
  from: { path: `^${from}/` },
  to: { path: `^(${to})/` },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Of files that import each other, none can be read, moved or loaded without the others.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    layer("app", "infra|ops|test", "The image holds the application alone."),
    layer("infra", "ops|test", "infra/ is a package of its own: programs of others import it."),
    layer("ops", "test", "What people run holds no tests."),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
  },
};
