import { button, h } from "../dom.js";

/** Asks before a place in line is given up. */
export function leaveDialog(leave: () => void): HTMLDialogElement {
  const dialog = h("dialog", { "aria-labelledby": "leave-title" });
  const stay = button("Stay", "primary", () => dialog.close());
  dialog.append(
    h("h2", { id: "leave-title" }, "Leave the study?"),
    h("p", {}, "You give up your place in line, and nobody can be matched with you any more."),
    h("div", { class: "buttons" }, stay, button("Leave", "quiet", leave)),
  );
  return dialog;
}
