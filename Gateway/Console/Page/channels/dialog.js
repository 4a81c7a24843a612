// Asks before anything changes: says exactly what would, by whom it would be signed, or what is missing.

import { h, listen, show } from "../core/dom.js";
import { failure } from "../core/parts.js";

/** @param change {title, fields(values), plan(values) → {lines, warnings, missing, button, run}}: plan() may be async. */
export function changeDialog({ keys, announce }) {
    const dialog = h("dialog", { "aria-labelledby": "change-title", class: "change" });
    const title = h("h2", { id: "change-title" });
    const fields = h("div", { class: "fields" });
    const body = h("div", { "aria-live": "polite" });
    const confirm = h("button", { type: "button", class: "primary", data: { act: "confirm" } });
    dialog.append(
        title,
        fields,
        body,
        h("div", { class: "buttons" }, h("button", { type: "button", class: "plain", data: { act: "cancel" } }, "Cancel"), confirm),
    );
    document.body.append(dialog);

    let change = null;
    let values = {};
    let planned = null;
    let problem = null;
    let turn = 0;
    let isBusy = false;

    const draw = () => {
        show(fields, change.fields(values));
        show(
            body,
            planned === null && !problem && h("p", { class: "empty" }, "Looking at what is there now …"),
            planned && [
                h("h3", null, "What will change"),
                h(
                    "ul",
                    { class: "lines" },
                    planned.lines.map((line) => h("li", null, line)),
                ),
                planned.warnings.map((warning) => h("p", { class: "failure warn" }, warning)),
                planned.missing.length > 0 &&
                    h(
                        "div",
                        { class: "missing", data: { key: "missing" } },
                        h("h3", null, "What is missing"),
                        h(
                            "ul",
                            null,
                            planned.missing.map((line) => h("li", null, line)),
                        ),
                        h("button", { type: "button", data: { act: "keys" } }, "Choose keys …"),
                    ),
            ],
            problem && failure(problem, planned ? "It was not done" : "This can't be done now"),
        );
        confirm.textContent = isBusy ? "Signing and sending …" : (planned?.button ?? "…");
        confirm.disabled = isBusy || !planned || planned.missing.length > 0;
    };
    const plan = async () => {
        const mine = ++turn;
        problem = null;
        draw();
        try {
            const made = await change.plan(values);
            if (mine === turn) planned = made;
        } catch (error) {
            if (mine === turn) [planned, problem] = [null, error];
        }
        if (mine === turn) draw();
    };

    listen(dialog, {
        field: (data, element) => {
            if (values[data.name] === element.value) return;
            values[data.name] = element.value;
            plan();
        },
        keys: () => keys.open(),
        cancel: () => dialog.close(),
        confirm: async () => {
            isBusy = true;
            problem = null;
            draw();
            try {
                const done = await planned.run();
                dialog.close();
                announce(done, true);
            } catch (error) {
                problem = error;
            }
            isBusy = false;
            draw();
        },
    });
    dialog.addEventListener("close", () => change?.closed?.());

    return {
        /** A key was chosen or forgotten. */
        refresh: () => dialog.open && plan(),
        open(wanted) {
            [change, values, planned, problem, isBusy] = [wanted, { ...wanted.values }, null, null, false];
            title.textContent = change.title;
            dialog.showModal();
            plan();
        },
    };
}
