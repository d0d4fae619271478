"use strict";
// Where the connection breaks, the session goes on at the other end: ask until it answers, then show the page anew.
// Where the user closes the page, say so.
(() => {
  const EVERY_MS = 1000;

  const comeBack = async () => {
    try {
      await fetch("index.html", { cache: "no-store" });
      window.location.reload(); // also where the session has ended: the door's page says so
    } catch {
      setTimeout(comeBack, EVERY_MS);
    }
  };

  const ready = () => {
    if (!window.trame || !window.trame.addConnectListener) return void setTimeout(ready, 20);
    let lost = false;
    window.trame.addConnectListener(() =>
      window.trame.client.onConnectionClose(() => {
        if (lost) return;
        lost = true;
        setTimeout(comeBack, EVERY_MS);
      }),
    );
    // Pictures on their way to a page that closes may break its connection before it is closed in order, so goodbye is
    // said beside it. Not by a beacon: without a referrer that would not name its origin.
    window.addEventListener("pagehide", () => {
      if (!lost) void fetch("goodbye", { method: "POST", keepalive: true });
    });
  };
  ready();
})();
