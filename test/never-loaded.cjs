// In place of what every program loads with Pulumi's SDK and none here uses: the automation API, and what serialises
// functions into resources, npm's Arborist and the TypeScript compiler. They are two thirds of its modules, which jest
// loads anew for each test file.
module.exports = new Proxy(
  {},
  {
    get(_, name) {
      if (name === "__esModule") return true;
      throw new Error(`${String(name)} is not loaded in tests; moduleNameMapper in jest.config.cjs says why`);
    },
  },
);
