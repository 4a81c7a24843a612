// Elements are made here and nowhere else. Values become text nodes and attributes, never markup: what machines and providers say of
// themselves is untrusted. Handlers are named by data-act and found at the view's root, so that morph() may keep an element that is
// shown again, with its focus and scroll position.

const SVG = "http://www.w3.org/2000/svg";

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

function fill(element, props, children) {
    for (const [name, value] of Object.entries(props ?? {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name === "style") {
            for (const [property, text] of Object.entries(value)) element.style.setProperty(property, String(text));
        } else if (name === "data") {
            for (const [key, text] of Object.entries(value)) if (text !== undefined) element.dataset[key] = String(text);
        } else if (name === "value") {
            element.value = value;
            element.setAttribute("value", value);
        } else if (name.startsWith("on") || (name === "href" && !value.startsWith("#"))) {
            throw new TypeError(`${name} is not for elements of the console.`);
        } else {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
    add(element, children);
    return element;
}

function add(element, children) {
    for (const child of children) {
        if (Array.isArray(child)) add(element, child);
        else if (child !== undefined && child !== null && child !== false) element.append(child);
    }
}

/** Sets a text only where it differs: writing the same one costs a layout. */
export function text(element, value) {
    if (element.textContent !== value) element.textContent = value;
}

/** Makes the children of an element those given, keeping the elements that are there already. Keys are in data-key. */
export function show(root, ...children) {
    const wanted = document.createElement("div");
    add(wanted, children);
    morphChildren(root, wanted);
}

function morph(from, to) {
    if (from.nodeType === Node.TEXT_NODE) {
        if (from.data !== to.data) from.data = to.data;
        return;
    }
    for (const { name, value } of to.attributes) {
        if (name !== "style" && from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const name of from.getAttributeNames()) {
        const isUsers = name === "open" && from.localName === "details";
        if (name !== "style" && !isUsers && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    if (from.style.cssText !== to.style.cssText) from.style.cssText = to.style.cssText;
    morphChildren(from, to);
    if ("value" in to && from.value !== to.value && document.activeElement !== from) from.value = to.value;
}

function morphChildren(from, to) {
    const keyed = new Map();
    for (const child of from.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
    let at = from.firstChild;
    for (const wanted of [...to.childNodes]) {
        const found = keyed.get(wanted.dataset?.key) ?? at;
        if (found && isSame(found, wanted)) {
            if (found === at) at = at.nextSibling;
            else from.insertBefore(found, at);
            morph(found, wanted);
        } else {
            from.insertBefore(wanted, at);
        }
    }
    while (at) {
        const next = at.nextSibling;
        at.remove();
        at = next;
    }
}

const isSame = (one, other) =>
    one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.dataset?.key === other.dataset?.key;

/** Calls actions[data-act](dataset, element) for clicks and changes anywhere below the root, until the signal ends it. */
export function listen(root, actions, signal) {
    const handle = (event) => {
        const element = event.target.closest?.("[data-act]");
        if (!element || !root.contains(element)) return;
        const isField = element.matches("input, select");
        if (isField !== (event.type !== "click") || element.getAttribute("aria-disabled") === "true") return;
        actions[element.dataset.act]?.(element.dataset, element);
    };
    for (const type of ["click", "input", "change"]) root.addEventListener(type, handle, { signal });
}
