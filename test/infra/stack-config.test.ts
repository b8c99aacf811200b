import { ownKeys } from "../../ops/render/stack-config";

it("takes holdfast's keys before the project's, wherever they stand in the file, as the program does", () => {
  const names = ["team-chat", "holdfast"];
  const config = {
    "holdfast:host": "a.example.com",
    "team-chat:host": "b.example.com",
    "aws:region": "eu-central-1",
  };
  expect(ownKeys(config, names)).toEqual({ host: "a.example.com" });
  expect(ownKeys({ ...config, "holdfast:host": undefined }, names)).toEqual({ host: "b.example.com" });
});
