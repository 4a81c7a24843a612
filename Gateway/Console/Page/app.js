// The shell around the views: which one is shown, whether the page is connected, keys, light and dark.

import { Api } from "./core/api.js";
import { h, show, text } from "./core/dom.js";
import { Feed } from "./core/feed.js";
import { clock, duration } from "./core/format.js";
import { explain } from "./core/problems.js";
import { parse } from "./core/route.js";
import { theme } from "./core/theme.js";
import { Keyring } from "./keys/keyring.js";
import { keyPanel } from "./keys/panel.js";
import { BootModel } from "./boots/model.js";
import { changeDialog } from "./channels/dialog.js";
import { open as openBoots } from "./boots/view.js";
import { open as openBoot } from "./boot/view.js";
import { open as openProviders } from "./providers/view.js";
import { open as openChannels } from "./channels/view.js";
import { open as openReplicas } from "./replicas/view.js";
import { open as openFleet } from "./fleet/view.js";

const VIEWS = {
    boots: openBoots,
    boot: openBoot,
    providers: openProviders,
    channels: openChannels,
    replicas: openReplicas,
    fleet: openFleet,
};
const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };
const SHOWN_MS = 8_000;
const PATIENCE_MS = 1_500; // A stream that does not begin by then may never.

const find = (id) => document.getElementById(id);
const [main, connection, keyButton, themeButton, status, notice] = ["main", "connection", "keys", "theme", "status", "notice"].map(find);

const keyring = new Keyring();
const api = new Api(keyring);
const followed = Promise.withResolvers();
const boots = new BootModel(api, Promise.race([followed.promise, new Promise((done) => setTimeout(done, PATIENCE_MS))]));
const keys = keyPanel({ api, keyring, announce });
const change = changeDialog({ keys, announce });
const context = { api, keyring, boots, keys, change, announce };

let noticed = 0;

/** For those who listen; @param isSeen for those who look too. */
function announce(words, isSeen = false) {
    text(status, words);
    if (!isSeen) return;
    clearTimeout(noticed);
    text(notice, words);
    notice.hidden = false;
    noticed = setTimeout(() => (notice.hidden = true), SHOWN_MS);
}

const feed = new Feed(api, {
    event: (told) => boots.apply(told),
    gap: () => boots.gap(),
    state: (isConnected, since, error) => {
        followed.resolve();
        if (!isConnected && connection.dataset.state === "live") announce("Not connected any more.");
        if (isConnected && connection.dataset.state === "off") announce("Connected again.");
        connection.dataset.state = isConnected ? "live" : "off";
        drawConnection(since, error);
    },
});

function drawConnection(since = feed.since, error = feed.error) {
    if (connection.dataset.state === "live") {
        show(connection, h("span", { class: "glyph", "aria-hidden": "true" }, "●"), "live");
        connection.removeAttribute("title");
    } else if (connection.dataset.state === "off") {
        show(
            connection,
            h("span", { class: "glyph", "aria-hidden": "true" }, "○"),
            `not connected since ${clock(since)}`,
            h("span", { class: "minor" }, ` (${duration(Date.now() - since)})`),
        );
        if (error) {
            const { what, means, todo } = explain(error);
            connection.title = `${means} ${todo}\n${what}`;
        }
    }
}

function drawKeys() {
    const { operator, release } = keyring;
    const signers = release.length > 0 ? ` +${release.length} release` : "";
    text(keyButton, operator ? `Key ${operator.keyId.slice(8, 16)}…${signers}` : "No key");
    keyButton.classList.toggle("chosen", operator !== null);
    change.refresh();
}

const drawTheme = () => {
    text(themeButton, THEMES[theme.current]);
    themeButton.setAttribute("aria-label", `Colours: ${THEMES[theme.current]}`);
};

let current = { name: null, view: null };

function navigate() {
    const { parts, query } = parse(location.hash);
    const name = Object.hasOwn(VIEWS, parts[0] ?? "") ? parts[0] : "boots";
    const isNew = name !== current.name;
    if (isNew) {
        current.view?.close();
        const isFirst = current.name === null;
        main.replaceChildren();
        current = { name, view: VIEWS[name](main, context) };
        if (!isFirst) main.focus({ preventScroll: true });
        window.scrollTo(0, 0);
    }
    for (const link of document.querySelectorAll("nav a")) {
        const isHere = link.dataset.view === (name === "boot" ? "boots" : name);
        if (isHere) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    document.title = `${current.view.title} · PhaseMesh`;
    main.dataset.view = name;
    current.view.show(parts, query);
}

theme.restore();
drawTheme();
drawKeys();
document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // Addresses behind # are views.
    main.focus();
});
themeButton.addEventListener("click", () => {
    theme.next();
    drawTheme();
});
keyButton.addEventListener("click", () => keys.open());
keyring.addEventListener("change", drawKeys);
addEventListener("hashchange", navigate);
setInterval(() => drawConnection(), 1000);
navigate();
feed.start();
