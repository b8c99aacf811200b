import { PodTemplates } from "../../../app/proxy/pod-templates";

/** Each look lists all pods; the result is the outdated ones of the last look. */
function outdatedAfter(...looks: readonly string[]): string[] {
  const templates = new PodTemplates();
  looks.forEach((names, minute) => templates.observe(split(names), minute * 60_000));
  return split(looks.at(-1) ?? "").filter((name) => templates.outdated(name));
}

const split = (names: string) => names.split(" ").filter((name) => name !== "");

const [oldA, oldB, oldC] = ["chat-6d4cf56db6-2b4c5", "chat-6d4cf56db6-x7k9d", "chat-6d4cf56db6-zz2lp"];
const [newA, newB] = ["chat-7c5d9f8b4d-9m2qs", "chat-7c5d9f8b4d-tt4vw"];

describe("PodTemplates", () => {
  it.each([
    ["nothing at the first look, though there are two templates", [`${oldA} ${newA}`], []],
    ["nothing of one template", [oldA, `${oldA} ${oldB}`], []],
    ["the old pods once a new one appears", [`${oldA} ${oldB}`, `${oldA} ${oldB} ${newA}`], [oldA, oldB]],
    [
      "the old pod at every later step",
      [`${oldA} ${oldB}`, `${oldA} ${newA}`, `${oldA} ${newA} ${newB}`],
      [oldA],
    ],
    ["the new pod once the rollout is undone", [oldA, `${oldA} ${newA}`, `${oldA} ${newA} ${oldC}`], [newA]],
    ["the old pod that is absent for one look", [oldA, `${oldA} ${newA}`, newA, `${oldA} ${newA}`], [oldA]],
    ["nothing of another Deployment behind the same Service", [oldA, `${oldA} canary-7c5d9f8b4d-9m2qs`], []],
    ["nothing of a StatefulSet", ["chat-0", "chat-0 chat-1"], []],
    ["nothing whose name was shortened", ["chat-6d4cf5-abcde", "chat-6d4cf5-abcde chat-7c5d9f-aeiou"], []],
  ])("finds %s", (_title, looks, expected) => {
    expect(outdatedAfter(...looks)).toEqual(expected);
  });

  it("forgets pods that have been gone for ten minutes", () => {
    const templates = new PodTemplates();
    templates.observe([newA], 0);
    templates.observe([oldA], 60_000);
    templates.observe([oldA], 660_001);
    templates.observe([oldA, newA], 700_000);
    expect([oldA, newA].filter((name) => templates.outdated(name))).toEqual([oldA]);
  });
});
