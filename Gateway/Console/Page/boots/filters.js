// The fields above the table. Their values are in the address, so that a filtered list can be sent to someone.

import { h } from "../core/dom.js";
import { STATES } from "./filter.js";
import { PHASES } from "./model.js";

const MAX_CHOICES = 200;

export function filters(boots, query) {
    const slots = new Set();
    const releases = new Set();
    for (const boot of boots) {
        slots.add(boot.slot);
        if (boot.release !== null) releases.add(String(boot.release));
    }
    return [
        field(
            "Text",
            h("input", {
                type: "search",
                autocomplete: "off",
                spellcheck: "false",
                placeholder: "id, provider, reason …",
                value: query.get("q") ?? "",
                data: { act: "filter", name: "q" },
            }),
        ),
        field(
            "Machine",
            h("input", {
                type: "search",
                autocomplete: "off",
                spellcheck: "false",
                value: query.get("machine") ?? "",
                data: { act: "filter", name: "machine" },
            }),
        ),
        field("State", select(query, "state", [...STATES, ...PHASES.slice(0, -1)])),
        field("Channel", select(query, "channel", [...slots].sort())),
        field(
            "Release",
            select(
                query,
                "release",
                [...releases].sort((a, b) => b - a),
            ),
        ),
        h(
            "button",
            {
                type: "button",
                class: "plain",
                data: { key: "clear", act: "clear" },
                hidden: ![...query.keys()].some((name) => name !== "sort"),
            },
            "Clear filters",
        ),
    ];
}

const field = (name, input) => h("label", { data: { key: name } }, h("span", null, name), input);

function select(query, name, choices) {
    const chosen = query.get(name) ?? "";
    const all = new Set(["", ...choices.slice(0, MAX_CHOICES), chosen]);
    const element = h(
        "select",
        { data: { act: "filter", name } },
        [...all].map((choice) => h("option", { value: choice, data: { key: `choice-${choice}` } }, choice === "" ? "all" : choice)),
    );
    element.value = chosen;
    return element;
}
