import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { parseSetCookies } from "../set-cookie";
import type { Snapshot } from "../snapshot";
import { subjects, type Subject } from "../subjects";

/** Annotations may be ignored, so this checks the cookie that clients really get. */
export const edgeCookie: Check = {
  name: "edge-cookie",
  title: "The edge sets the affinity cookie",
  needs: ["edge"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge({ config, observed }: Snapshot, { name, config: service }: Subject): Finding[] {
  const wanted = config.properties.cookie(service.path);
  const visits = observed.edge[name];
  if (wanted === undefined || visits === undefined) return [];
  const answered = visits.firstVisits.filter(({ status }) => status === 101);
  if (answered.length === 0) return []; // edge-upgrade reports this
  const given = answered.map(({ setCookies }) =>
    parseSetCookies(setCookies).find((cookie) => cookie.name === wanted.name),
  );
  const fix =
    "see ingress-affinity and ingress-annotations for what was asked, ingress-controller for who answers";
  const missing = given.filter((cookie) => cookie === undefined).length;
  const names = [
    ...new Set(
      answered.flatMap(({ setCookies }) => parseSetCookies(setCookies).map((cookie) => cookie.name)),
    ),
  ].join(", ");
  if (missing > 0) {
    return [
      fail(name, {
        what: `the edge does not set the cookie ${wanted.name}`,
        evidence: `${missing} of ${given.length} first visits got none, ${visits.via}; cookies set: ${names || "none"}`,
        why: "each reconnect reaches a random pod",
        fix,
      }),
    ];
  }
  const [cookie] = given;
  if (cookie === undefined) return [];
  const evidence = `${cookie.name}; Path=${cookie.path}; Max-Age=${cookie.maxAgeSeconds ?? "none"}${cookie.secure ? "; Secure" : ""}${cookie.httpOnly ? "; HttpOnly" : ""}`;
  const wrong = [
    cookie.path !== wanted.path && `its path is not ${wanted.path}`,
    config.affinity.cookieSecure && !cookie.secure && "it is not Secure",
    !cookie.httpOnly && "scripts can read it",
    cookie.maxAgeSeconds !== undefined &&
      cookie.maxAgeSeconds < config.session.ttlSeconds &&
      "it expires before the session",
  ].filter((each) => each !== false);
  if (wrong.length > 0) {
    return [
      warn(name, {
        what: `the cookie differs from the stack's configuration: ${wrong.join(", ")}`,
        evidence,
        why: "browsers send it to other services or without TLS, or drop it too early",
        fix,
      }),
    ];
  }
  return [ok(name, "the edge sets the cookie", evidence)];
}
