// Light, dark, or as the system has it. Of all that the page knows, this choice alone is stored.

const CHOICES = ["auto", "light", "dark"];
const NAME = "phasemesh.console.theme";

export const theme = {
    get current() {
        return document.documentElement.dataset.theme ?? "auto";
    },
    restore() {
        let kept = null;
        try {
            kept = localStorage.getItem(NAME);
        } catch {
            // Storage may be forbidden; then the system decides.
        }
        this.set(CHOICES.includes(kept) ? kept : "auto");
    },
    next() {
        this.set(CHOICES[(CHOICES.indexOf(this.current) + 1) % CHOICES.length]);
        try {
            localStorage.setItem(NAME, this.current);
        } catch {
            // As above: the choice holds until the page is left.
        }
    },
    set(choice) {
        document.documentElement.dataset.theme = choice;
    },
};
