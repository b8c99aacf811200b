import { isRoomId } from "../protocol/parse";
import { Beat } from "./beat";
import { Chat } from "./chat";
import { byId, setText } from "./dom";
import { MessageList } from "./message-list";
import { Panel } from "./panel";
import { Pods } from "./pods";
import { Strip } from "./strip";
import { Timeline } from "./timeline";

/** The contents of `service.json`; app/server/page.ts writes it. */
interface Settings {
  readonly service: string;
  readonly auth: "anonymous" | "jwt";
}

const stream = crypto.getRandomValues(new Uint32Array(2)).join("-");
/** The service's URL, from the page's own address: `…/messaging/` → `ws…/messaging`. */
const url = location.origin.replace(/^http/, "ws") + location.pathname.replace(/\/$/, "");
const pods = new Pods();
const timeline = new Timeline();
const messages = new MessageList(stream);
const panel = new Panel();
const status = byId("announcement");
let chat: Chat | undefined;

/** The room in the address, so that it can be shared. A room id is not secret; a token is never in the address. */
function roomOfAddress(): string {
  const room = decodeURIComponent(location.hash.slice(1));
  return isRoomId(room) ? room : "lobby";
}

let stale = false;

/** Shows the changed state at most once for each animation frame. */
function show(): void {
  if (stale) return;
  stale = true;
  requestAnimationFrame(() => {
    stale = false;
    if (chat) panel.show(chat);
  });
}

function begin(settings: Settings, token?: string): void {
  const options = { url, room: roomOfAddress(), token, stream };
  messages.clear();
  chat = new Chat(options, timeline, pods, messages, {
    changed: show,
    announce: (text) => setText(status, text),
    ended: (reason) => {
      if (settings.auth === "jwt") askForToken(settings, reason);
    },
  });
  setText(byId("room"), options.room);
  chat.connect();
}

const tokenDialog = byId("token-dialog", HTMLDialogElement);
const tokenField = byId("token", HTMLTextAreaElement);

function askForToken(settings: Settings, reason = ""): void {
  setText(byId("token-error"), reason);
  byId("token-error").hidden = reason === "";
  tokenDialog.showModal();
  byId("token-form", HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    const token = tokenField.value.trim().replace(/^Bearer\s+/i, "");
    if (token === "") return;
    tokenField.value = ""; // from here on only the client's memory holds the token
    tokenDialog.close();
    begin(settings, token);
    byId("text").focus();
  };
}

function listen(settings: Settings): void {
  const text = byId("text", HTMLTextAreaElement);
  const name = byId("name", HTMLInputElement);
  // With a login, the token names people; without one, they may choose a name.
  byId("name-field").hidden = settings.auth === "jwt";
  const asWhom = () =>
    settings.auth === "jwt" || name.value.trim() === "" ? {} : { name: name.value.trim() };
  const send = () => {
    const message = text.value.trim();
    if (message === "" || chat === undefined) return;
    text.value = "";
    void chat.publish(message, asWhom());
  };
  byId("composer", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    text.focus();
  });
  text.addEventListener("keydown", (event) => {
    // While an input method is composing, Enter chooses a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });

  const beat = new Beat((message) => void chat?.publish(message, { ...asWhom(), beat: true }));
  const beatSwitch = byId("beat", HTMLInputElement);
  beatSwitch.addEventListener("change", () => (beat.on = beatSwitch.checked));

  const roomField = byId("room-field", HTMLInputElement);
  byId("room-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const valid = isRoomId(roomField.value);
    byId("room-error").hidden = valid;
    roomField.setAttribute("aria-invalid", String(!valid));
    if (valid) location.hash = roomField.value;
  });
  addEventListener("hashchange", () => {
    const room = roomOfAddress();
    roomField.value = room;
    setText(byId("room"), room);
    showCommands(settings);
    chat?.enter(room);
  });
  // In one column, details are closed at first; next to the conversation they are open.
  const wide = matchMedia("(min-width: 56.01rem)");
  const unfold = () => (byId("details", HTMLDetailsElement).open = wide.matches);
  wide.addEventListener("change", unfold);
  unfold();

  // Escape would leave a page without a function.
  tokenDialog.addEventListener("cancel", (event) => event.preventDefault());
}

function showCommands({ service, auth }: Settings): void {
  const bearer = auth === "jwt" ? '-H "Authorization: Bearer $TOKEN" ' : "";
  setText(byId("command-wscat"), `npx wscat ${bearer}-c ${url}/chat/${roomOfAddress()}`);
  setText(byId("command-restart"), `kubectl rollout restart deployment/${service}`);
}

async function start(): Promise<void> {
  const answer = await fetch("service.json");
  if (!answer.ok) throw new Error(`service.json was answered with ${answer.status}`);
  const settings = (await answer.json()) as Settings;
  document.title = `${settings.service} · Holdfast`;
  setText(byId("service"), settings.service);
  byId("room-field", HTMLInputElement).value = roomOfAddress();
  setText(byId("room"), roomOfAddress());
  showCommands(settings);
  listen(settings);
  new Strip(byId("strip-frame"), timeline).start();
  if (settings.auth === "jwt") askForToken(settings);
  else begin(settings);
}

start().catch((error: unknown) => {
  byId("state").dataset.state = "closed";
  setText(byId("state"), "not started");
  setText(status, `The page could not start: ${(error as Error).message}. Load it again.`);
});
