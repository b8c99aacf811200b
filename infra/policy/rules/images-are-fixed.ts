import { imageReference } from "../../config/values";
import { rule } from "../rule";
import { containers } from "../workload";

export const imagesAreFixed = rule({
  name: "images-are-fixed",
  summary: "Images have a digest or a fixed tag, never latest.",
  why: "A restarted pod could run another version, outside of any rollout and without review.",
  severity: "high",
  fix: "set the image's digest (name@sha256:…) or a tag that never moves",
  scope: "resource",
  subjects: containers,
  *check({ container: { name, image = "" } }) {
    if (imageReference.safeParse(image).success) return;
    yield { actual: `container ${name} runs ${image === "" ? "no image" : image}` };
  },
});
