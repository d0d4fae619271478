// Asks for a session and goes to it; says why there is none. Where all places are taken it asks until one is free.
const EVERY_MS = 3000;
const TOO_MANY = 503;

const says = document.getElementById("says");
const again = document.getElementById("again");

async function start() {
  try {
    const answer = await fetch("sessions", { method: "POST" });
    const { url, error } = await answer.json();
    if (url) {
      window.location.replace(url);
      return;
    }
    says.textContent = error;
    if (answer.status === TOO_MANY) {
      later();
      return;
    }
  } catch {
    says.textContent = "LumbarSeg does not answer; see whether it still runs.";
  }
  again.hidden = false;
}

// A tab that nobody looks at takes no place.
function later() {
  setTimeout(() => (document.hidden ? later() : start()), EVERY_MS);
}

again.addEventListener("click", () => {
  again.hidden = true;
  says.textContent = "Starting your session …";
  start();
});
start();
