"use strict";
// What the page does by itself: keys, drawing the curve, copying, fetching a file, coming back after a lost connection.
(() => {
  const set = (name, value) => window.trame.state.set(name, value);
  const trigger = (name, ...values) => window.trame.trigger(name, values);

  const keys = {
    " ": () => trigger("next_level", 1),
    "shift+ ": () => trigger("next_level", -1),
    "ctrl+z": () => trigger("undo"),
    "ctrl+y": () => trigger("redo"),
    "ctrl+shift+z": () => trigger("redo"),
    "[": () => trigger("resize_brush", false),
    "]": () => trigger("resize_brush", true),
    escape: () => (window.trame.state.get("dialog") ? set("dialog", "") : trigger("use_tool", "")),
  };

  const isTyping = (target) =>
    target instanceof HTMLInputElement && ["search", "number", "text"].includes(target.type);

  // Whoever goes through the page by keys presses its buttons with the space bar.
  const isReachedByKeys = (target) => target instanceof HTMLElement && target.matches(":focus-visible");

  window.addEventListener(
    "keydown",
    (event) => {
      if (isTyping(event.target) || (event.key === " " && isReachedByKeys(event.target))) return;
      const parts = [event.ctrlKey || event.metaKey ? "ctrl" : "", event.shiftKey ? "shift" : "", event.key.toLowerCase()];
      const does = keys[parts.filter(Boolean).join("+")];
      if (!does) return;
      event.preventDefault();
      event.stopPropagation();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      does();
    },
    true,
  );

  // A button that was clicked with the mouse does not keep the keys to itself.
  window.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.detail ? event.target.closest("button") : null;
    if (button) button.blur();
  });

  const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

  // The line is drawn to the width that there is; what is written stands over it and is not stretched with it.
  const drawing = (curve) => {
    const at = (x, y) => `left: ${x / 10}%; top: ${(100 * y) / 220}%`;
    const lines = curve.marks.map((one) => `<line x1="0" x2="1000" y1="${one.y}" y2="${one.y}"/>`);
    const numbers = curve.marks.map((one) => `<span style="${at(0, one.y)}">${escaped(one.text)}</span>`);
    const levels = curve.levels.map((one) => `<span class="level" style="left: ${one.x / 10}%">${escaped(one.name)}</span>`);
    const dots = curve.dotted
      ? curve.places.filter((one) => one.y !== null).map((one) => `<i style="${at(one.x, one.y)}"></i>`)
      : [];
    return (
      `<svg viewBox="0 0 1000 220" preserveAspectRatio="none">${lines.join("")}<path d="${curve.path}"/></svg>` +
      [...numbers, ...levels, ...dots].join("")
    );
  };

  const place = (curve, event) => {
    const box = event.currentTarget.querySelector("svg").getBoundingClientRect();
    const x = (1000 * (event.clientX - box.left)) / box.width;
    const near = curve.places.reduce((best, one) => (Math.abs(one.x - x) < Math.abs(best.x - x) ? one : best));
    return near.number;
  };

  const copy = (tables, title) => {
    const table = tables.find((one) => one.title === title);
    if (!table) return;
    const heads = [title, ...table.heads.map((one) => `${one.heading} ${one.unit}`.trim())];
    const rows = table.rows.map((row) => [row.level, ...row.cells.map((cell) => (cell ? cell.text : ""))]);
    const text = [heads, ...rows].map((row) => row.join("\t")).join("\n");
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text);
      return;
    }
    // Without TLS a browser gives the clipboard away for what is selected alone.
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  };

  const upload = (files) => {
    if (!files.length) return;
    const form = new FormData();
    let bytes = 0;
    for (const file of files) {
      form.append("files", file, file.name);
      bytes += file.size;
    }
    if (bytes > window.trame.state.get("upload_bytes")) {
      set("trouble", window.trame.state.get("upload_too_large"));
      return;
    }
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) =>
      set("uploading", event.lengthComputable ? `${Math.floor((100 * event.loaded) / event.total)} %` : "Uploading");
    request.upload.onload = () => set("uploading", "The files are being looked at.");
    request.onerror = () => {
      set("uploading", "");
      set("trouble", "The upload broke off. Try it again.");
    };
    request.onload = () => {
      set("uploading", "");
      if (request.status < 400) return;
      let told = "The files were not taken. Try it again.";
      try {
        told = JSON.parse(request.responseText).error || told;
      } catch {
        // the answer of a proxy in between, which knows no sentence of ours
      }
      set("trouble", told);
    };
    request.open("POST", "upload");
    request.send(form);
  };

  const over = (event) => {
    if (!event.dataTransfer || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "drop") upload(event.dataTransfer.files);
  };
  window.addEventListener("dragover", over);
  window.addEventListener("drop", over);

  const fetched = (path) => {
    const link = document.createElement("a");
    link.href = path;
    link.download = "";
    link.click();
  };

  // A cookie, since the page of one's own computer has another port, and so another storage, each time.
  const KEPT = "lumbarseg-cut-offs";
  const keepCutOffs = (own) => {
    const age = own.length ? 366 * 24 * 3600 : 0;
    document.cookie = `${KEPT}=${encodeURIComponent(JSON.stringify(own))}; path=/; max-age=${age}; samesite=strict`;
  };
  const restoreCutOffs = () => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${KEPT}=`));
    if (!found) return;
    try {
      trigger("restore_cut_offs", JSON.parse(decodeURIComponent(found.slice(KEPT.length + 1))));
    } catch {
      // what is no JSON was not kept by this page
    }
  };
  const connected = () => {
    if (!window.trame?.state?.get("cut_offs")) return void setTimeout(connected, 100);
    restoreCutOffs();
  };
  connected();

  const ready = () => {
    if (!window.trame || !window.trame.utils) return void setTimeout(ready, 20);
    window.trame.state.addListener?.(({ type, keys: changed }) => {
      if (type === "dirty-state" && changed.includes("download") && window.trame.state.get("download"))
        fetched(window.trame.state.get("download"));
      if (type === "dirty-state" && changed.includes("own_cut_offs") && window.trame.state.get("own_cut_offs"))
        keepCutOffs(window.trame.state.get("own_cut_offs"));
    });
    window.trame.utils.lumbarseg = { drawing, place, copy, upload };
  };
  ready();
})();
