// The dialog where keys are chosen and forgotten.

import { h, listen, show } from "../core/dom.js";
import { explain } from "../core/problems.js";
import { mono, untrusted } from "../core/parts.js";
import { KeyFileError, obstacle, readKey } from "./keyfile.js";

export function keyPanel({ api, keyring, announce }) {
    const dialog = h("dialog", { "aria-labelledby": "keys-title", class: "keys" });
    const body = h("div");
    const files = { operator: chooser("Operator's key file"), release: chooser("Release key file") };
    dialog.append(
        h("h2", { id: "keys-title" }, "Keys"),
        body,
        h("div", { hidden: true }, files.operator, files.release),
        h(
            "div",
            { class: "buttons" },
            h("button", { type: "button", class: "plain", data: { act: "forget" } }, "Forget all"),
            h("button", { type: "button", data: { act: "close" } }, "Close"),
        ),
    );
    document.body.append(dialog);

    const problems = { operator: "", release: "" };
    let standing = "";

    const draw = () => {
        const blocked = obstacle();
        show(
            body,
            h("p", null, "Keys sign what this page does. They stay in its memory: nothing is stored or sent, and a reload forgets them."),
            blocked &&
                h(
                    "div",
                    { class: "failure", role: "alert", data: { key: "blocked" } },
                    h("strong", null, "No key can be used here"),
                    h("p", null, blocked),
                ),
            slot(
                "operator",
                "Operator's key",
                "Signs requests: pause, percent, publish.",
                keyring.operator ? [keyring.operator] : [],
                standing,
            ),
            slot(
                "release",
                "Release keys",
                "Sign the new manifest when you promote or roll back. Often several people have them.",
                keyring.release,
                "",
            ),
        );
    };
    const slot = (name, title, what, keys, note) =>
        h(
            "section",
            { data: { key: name } },
            h("h3", null, title),
            h("p", { class: "minor" }, what),
            h(
                "ul",
                { class: "plain" },
                keys.map((key) =>
                    h("li", { data: { key: key.keyId } }, mono(key.keyId), h("div", { class: "minor" }, untrusted(key.name))),
                ),
            ),
            note && h("p", { class: "note", role: "status" }, note),
            problems[name] && h("p", { class: "failure", role: "alert" }, problems[name]),
            h(
                "button",
                { type: "button", disabled: obstacle() !== null, data: { act: "choose", slot: name } },
                keys.length === 0 ? "Choose a file …" : name === "release" ? "Add another …" : "Choose another …",
            ),
            name === "release" &&
                keyring.operator &&
                !keys.some((key) => key.keyId === keyring.operator.keyId) &&
                h("button", { type: "button", class: "plain", data: { act: "same" } }, "Sign releases with the operator's key too"),
        );

    const take = async (name) => {
        const [file] = files[name].files;
        files[name].value = ""; // So that the same file can be chosen again, and nothing points at it.
        if (!file) return;
        problems[name] = "";
        try {
            const key = await readKey(file);
            if (name === "operator") {
                standing = "";
                keyring.setOperator(key);
                await ask(key);
            } else {
                keyring.addRelease(key);
            }
            announce(`${name === "operator" ? "Operator's key" : "Release key"} ${key.keyId.slice(0, 20)} chosen.`);
        } catch (error) {
            problems[name] = error instanceof KeyFileError ? error.message : `The file can't be read: ${error.message}`;
        }
        draw();
    };

    /** Whether the fleet knows the key as an operator's: better told now than by a refusal later. */
    const ask = async (key) => {
        try {
            const { operators, configured_operators: configured } = await api.get("/v1/fleet");
            standing =
                configured.includes(key.keyId) || operators.some((one) => one.key === key.keyId)
                    ? "It is an operator's of this fleet."
                    : "It is no operator's of this fleet: the silos will refuse what it signs.";
        } catch (error) {
            standing = `Whether it is an operator's is not known: ${explain(error).means}`;
        }
    };

    listen(dialog, {
        choose: (data) => files[data.slot].click(),
        same: () => keyring.addRelease(keyring.operator),
        forget: () => {
            standing = "";
            Object.assign(problems, { operator: "", release: "" });
            keyring.forget();
            announce("All keys are forgotten.");
        },
        close: () => dialog.close(),
    });
    files.operator.addEventListener("change", () => take("operator"));
    files.release.addEventListener("change", () => take("release"));
    keyring.addEventListener("change", draw);
    return {
        open() {
            draw();
            dialog.showModal();
        },
    };
}

const chooser = (label) => h("input", { type: "file", "aria-label": label });
