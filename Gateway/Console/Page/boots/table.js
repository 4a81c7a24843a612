// The table of boots: a grid whose rows exist only while they are seen, so that 5,000 cost what 40 do. The focus stays on the grid;
// aria-activedescendant says which row is meant.

import { h } from "../core/dom.js";
import { link } from "../core/route.js";
import { COLUMNS, fillRow, makeRow, tickRow } from "./row.js";

const SPARE_ROWS = 4;

export class BootTable {
    #boots = [];
    #index = new Map();
    #rows = new Map();
    #free = [];
    #active = null;
    #rowHeight = 0;
    #seen;

    /** @param seen is told the boots whose rows are seen. */
    constructor(seen) {
        this.#seen = seen;
        this.headers = new Map();
        this.body = h("div", { role: "rowgroup", class: "rows" });
        this.header = h(
            "div",
            { role: "row", class: "row head", "aria-rowindex": "1" },
            COLUMNS.map(([sort, title]) => {
                const cell = h(
                    "span",
                    { role: "columnheader", class: `cell ${sort ?? title.toLowerCase()}` },
                    sort ? h("button", { type: "button", data: { act: "sort", sort } }, title) : title,
                );
                if (sort) this.headers.set(sort, cell);
                return cell;
            }),
        );
        this.root = h(
            "div",
            { class: "grid", role: "grid", tabindex: "0", "aria-label": "Boots", "aria-colcount": COLUMNS.length },
            h("div", { role: "rowgroup", class: "head-group" }, this.header),
            this.body,
        );
        this.root.addEventListener("scroll", () => this.render(), { passive: true });
        this.root.addEventListener("keydown", (event) => this.#key(event));
        this.body.addEventListener("click", (event) => this.#click(event));
        this.resize = new ResizeObserver(() => {
            this.#rowHeight = 0;
            this.render();
        });
        this.resize.observe(this.root);
    }

    get rowHeight() {
        this.#rowHeight ||= parseFloat(getComputedStyle(this.root).getPropertyValue("--row")) || 34;
        return this.#rowHeight;
    }

    sortedBy(sort) {
        for (const [name, cell] of this.headers) cell.setAttribute("aria-sort", name === sort ? "descending" : "none");
    }

    /** Shows these boots; the one at the top stays where it is, whatever is put in above it. */
    setBoots(boots) {
        const top = this.root.scrollTop;
        const first = Math.floor(top / this.rowHeight);
        const anchor = top > 0 ? this.#boots[first]?.id : null;
        this.#boots = boots;
        this.#index = new Map(boots.map((boot, index) => [boot.id, index]));
        this.body.style.setProperty("height", `${boots.length * this.rowHeight}px`);
        this.body.hidden = boots.length === 0;
        this.root.setAttribute("aria-rowcount", boots.length + 1);
        const moved = anchor === null ? undefined : this.#index.get(anchor);
        if (moved !== undefined && moved !== first) this.root.scrollTop = top + (moved - first) * this.rowHeight;
        this.render();
    }

    /** Fills the rows of boots that changed. */
    update(changed) {
        for (const [id, view] of this.#rows) {
            const boot = this.#boots[this.#index.get(id)];
            if (boot && changed.has(boot)) this.#fill(view, boot);
        }
    }

    tick() {
        for (const [id, view] of this.#rows) {
            const boot = this.#boots[this.#index.get(id)];
            if (boot) tickRow(view, boot);
        }
    }

    render() {
        const height = this.rowHeight;
        const first = Math.max(0, Math.floor(this.root.scrollTop / height) - SPARE_ROWS);
        const last = Math.min(this.#boots.length, Math.ceil((this.root.scrollTop + this.root.clientHeight) / height) + SPARE_ROWS);
        const wanted = this.#boots.slice(first, last);
        const kept = new Set(wanted.map((boot) => boot.id));
        for (const [id, view] of this.#rows) {
            if (kept.has(id)) continue;
            this.#rows.delete(id);
            this.#free.push(view);
        }
        for (const boot of wanted) {
            let view = this.#rows.get(boot.id);
            if (!view) {
                view = this.#free.pop() ?? makeRow();
                this.#rows.set(boot.id, view);
            }
            this.#fill(view, boot);
            if (!view.row.isConnected) this.body.append(view.row);
        }
        for (const view of this.#free) view.row.remove();
        this.#free.length = Math.min(this.#free.length, 64);
        this.#name();
        this.#seen(wanted);
    }

    #fill(view, boot) {
        const index = this.#index.get(boot.id);
        fillRow(view, boot, index, boot.id === this.#active);
        view.row.style.setProperty("transform", `translateY(${index * this.rowHeight}px)`);
    }

    /** Says which row is meant, as long as there is one. */
    #name() {
        if (this.#active && this.#rows.has(this.#active)) this.root.setAttribute("aria-activedescendant", `boot-${this.#active}`);
        else this.root.removeAttribute("aria-activedescendant");
    }

    #key(event) {
        if (event.target !== this.root || event.ctrlKey || event.altKey || event.metaKey || this.#boots.length === 0) return;
        const page = Math.max(1, Math.floor(this.root.clientHeight / this.rowHeight) - 2);
        const at = this.#index.get(this.#active) ?? -1;
        const to = {
            ArrowDown: at + 1,
            ArrowUp: at < 0 ? 0 : at - 1,
            PageDown: at + page,
            PageUp: at - page,
            Home: 0,
            End: this.#boots.length - 1,
        }[event.key];
        if (to !== undefined) {
            event.preventDefault();
            this.#activate(Math.max(0, Math.min(this.#boots.length - 1, to)));
        } else if (event.key === "Enter" && at >= 0) {
            location.hash = link(["boot", this.#active]);
        }
    }

    #click(event) {
        const row = event.target.closest(".row");
        if (!row || event.target.closest("a") || String(getSelection())) return;
        location.hash = link(["boot", row.id.slice("boot-".length)]);
    }

    #activate(index) {
        this.#active = this.#boots[index].id;
        const head = this.header.offsetHeight;
        const [top, bottom] = [index * this.rowHeight, (index + 1) * this.rowHeight + head];
        if (this.root.scrollTop > top) this.root.scrollTop = top;
        else if (this.root.scrollTop + this.root.clientHeight < bottom) this.root.scrollTop = bottom - this.root.clientHeight;
        this.render();
    }
}
