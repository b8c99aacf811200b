import { imageReference } from "../../config/values";
import { rule } from "../rule";
import { containers } from "../workload";

export const imagesAreFixed = rule({
  name: "images-are-fixed",
  summary: "Images are named by digest or by a fixed tag, never latest.",
  why: "A pod that restarts would bring another version, outside any rollout and past any review.",
  severity: "high",
  fix: "name the image by digest (name@sha256:…) or by a tag that is never moved",
  scope: "resource",
  subjects: containers,
  *check({ container: { name, image = "" } }) {
    if (imageReference.safeParse(image).success) return;
    yield { actual: `container ${name} runs ${image === "" ? "no image" : image}` };
  },
});
